"""The bodies of the Amazon provider's own example Dags for SageMaker, with their tasks inside of a group.

The configs come from a task before the group, as they do there, and attributes are set after construction.
"""

from __future__ import annotations

import warnings
from typing import Any

from airflow.providers.amazon.aws.operators import sagemaker as sm
from airflow.providers.amazon.aws.sensors import sagemaker as sensors
from airflow.sdk import DAG, chain, task

from airflow_sfn_ml import StateMachineTaskGroup
from tests.translators.machines import checked

ROLE = "arn:aws:iam::123456789012:role/states"


@task(multiple_outputs=True)
def set_up() -> dict[str, Any]:
    return {}


def definition(group: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return checked(group)["States"]


def test_processing_training_tuning_transform_and_registering():
    with DAG("example_sagemaker"):
        made = set_up()
        with StateMachineTaskGroup("body", role_arn=ROLE) as group:
            automl = sm.SageMakerAutoMLOperator(
                task_id="auto_ML",
                job_name=made["auto_ml_job_name"],
                s3_input=made["input_data_uri"],
                target_attribute="class",
                s3_output=made["output_data_uri"],
                role_arn=made["role"],
                time_limit=30,
            )
            automl.wait_for_completion = False
            experiment = sm.SageMakerCreateExperimentOperator(task_id="create_experiment", name=made["experiment_name"])
            preprocess = sm.SageMakerProcessingOperator(task_id="preprocess_raw_data", config=made["processing_config"])
            preprocess.wait_for_completion = False
            preprocessed = sensors.SageMakerProcessingSensor(
                task_id="await_preprocess", job_name=made["processing_job_name"]
            )
            train = sm.SageMakerTrainingOperator(task_id="train_model", config=made["training_config"])
            train.wait_for_completion = False
            trained = sensors.SageMakerTrainingSensor(task_id="await_training", job_name=made["training_job_name"])
            model = sm.SageMakerModelOperator(task_id="create_model", config=made["model_config"])
            register = sm.SageMakerRegisterModelVersionOperator(
                task_id="register_model",
                image_uri=made["inference_code_image"],
                model_url=made["model_trained_weights"],
                package_group_name=made["model_package_group_name"],
            )
            tune = sm.SageMakerTuningOperator(task_id="tune_model", config=made["tuning_config"])
            tune.wait_for_completion = False
            tuned = sensors.SageMakerTuningSensor(task_id="await_tuning", job_name=made["tuning_job_name"])
            test = sm.SageMakerTransformOperator(task_id="test_model", config=made["transform_config"])
            test.wait_for_completion = False
            tested = sensors.SageMakerTransformSensor(task_id="await_transform", job_name=made["transform_job_name"])
            delete = sm.SageMakerDeleteModelOperator(
                task_id="delete_model", config={"ModelName": made["model_name"]}, trigger_rule="all_done"
            )
            chain(
                automl, experiment, preprocess, preprocessed, train, trained, model, register, tune,
                tuned, test, tested, delete,
            )  # fmt: skip
    states = definition(group)
    assert {name.partition(":")[0] for name in states} >= {child.label for child in group if child.label != "start"}


def test_an_endpoint():
    with DAG("example_sagemaker_endpoint"):
        made = set_up()
        with StateMachineTaskGroup("body", role_arn=ROLE) as group:
            train = sm.SageMakerTrainingOperator(task_id="train_model", config=made["training_config"])
            model = sm.SageMakerModelOperator(task_id="create_model", config=made["model_config"])
            configure = sm.SageMakerEndpointConfigOperator(
                task_id="configure_endpoint", config=made["endpoint_config_config"]
            )
            deploy = sm.SageMakerEndpointOperator(task_id="deploy_endpoint", config=made["deploy_endpoint_config"])
            deploy.wait_for_completion = False
            deployed = sensors.SageMakerEndpointSensor(task_id="await_endpoint", endpoint_name=made["endpoint_name"])
            delete = sm.SageMakerDeleteModelOperator(
                task_id="delete_model", trigger_rule="all_done", config={"ModelName": made["model_name"]}
            )
            chain(train, model, configure, deploy, deployed, delete)
    states = definition(group)
    names = [name for name in states if ":" not in name]
    assert names[:5] == ["train_model", "create_model", "configure_endpoint", "deploy_endpoint", "await_endpoint"]


def test_a_pipeline():
    with DAG("example_sagemaker_pipeline"):
        made = set_up()
        with StateMachineTaskGroup("body", role_arn=ROLE) as group:
            start = sm.SageMakerStartPipelineOperator(task_id="start_pipeline1", pipeline_name=made["pipeline"])
            stop = sm.SageMakerStopPipelineOperator(task_id="stop_pipeline1", pipeline_exec_arn=start.output)
            again = sm.SageMakerStartPipelineOperator(task_id="start_pipeline2", pipeline_name=made["pipeline"])
            waited = sensors.SageMakerPipelineSensor(task_id="await_pipeline2", pipeline_exec_arn=again.output)
            waited.poke_interval = 10
            chain(start, stop, again, waited)
    states = definition(group)
    first = states["stop_pipeline1"]["Branches"][0]["States"]["stop_pipeline1: stop"]
    assert first["Arguments"]["PipelineExecutionArn"] == "{% $t0_start_pipeline1 %}"


def test_notebooks():
    with DAG("example_sagemaker_notebook"):
        made = set_up()
        with StateMachineTaskGroup("body", role_arn=ROLE) as group:
            chain(
                sm.SageMakerCreateNotebookOperator(
                    task_id="create_instance",
                    instance_name=made["name"],
                    instance_type="ml.t3.medium",
                    role_arn=made["role"],
                    wait_for_completion=True,
                ),
                sm.SageMakerStopNotebookOperator(task_id="stop_instance", instance_name=made["name"]),
                sm.SageMakerStartNoteBookOperator(task_id="start_instance", instance_name=made["name"]),
                sm.SageMakerStopNotebookOperator(task_id="stop_again", instance_name=made["name"]),
                sm.SageMakerDeleteNotebookOperator(task_id="delete_instance", instance_name=made["name"]),
            )
    assert len([name for name in definition(group) if ":" not in name]) >= 5
