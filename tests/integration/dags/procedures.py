"""A Dag whose tasks take several states each, and whose configs come from a task before the group."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerDeleteModelOperator,
    SageMakerEndpointConfigOperator,
    SageMakerEndpointOperator,
    SageMakerModelOperator,
    SageMakerStartNoteBookOperator,
    SageMakerTrainingOperator,
)
from airflow.sdk import DAG, chain, task

from airflow_sfn_ml import StateMachineTaskGroup

ROLE = "arn:aws:iam::123456789012:role/states"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
WRITE = "open('/opt/ml/model/weights', 'w').write('1')"


@task(multiple_outputs=True)
def set_up(run: str) -> dict[str, Any]:
    """The configs, with the name of a role and with numbers that are text."""
    name = "deploy-" + "".join(letter if letter.isalnum() else "-" for letter in run)[-24:].strip("-")
    variant = {"VariantName": "all", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": "1"}
    return {
        "train": {
            "TrainingJobName": "fit",
            "RoleArn": "jobs-by-name",
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "ContainerEntrypoint": ["python3", "-c", WRITE],
            },
            "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
            "ResourceConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": "1"},
            "StoppingCondition": {"MaxRuntimeInSeconds": "60"},
        },
        "name": name,
        "configure": {"EndpointConfigName": name, "ProductionVariants": [variant]},
        "deploy": {"EndpointName": name, "EndpointConfigName": name},
    }


with DAG("procedures", schedule=None):
    made = set_up("{{ run_id }}")
    with StateMachineTaskGroup("g", role_arn=ROLE):
        train = SageMakerTrainingOperator(task_id="train", config=made["train"])
        artifact = "{{ ti.xcom_pull('g.train')['Training']['ModelArtifacts']['S3ModelArtifacts'] }}"
        model = SageMakerModelOperator(
            task_id="model",
            config={
                "ModelName": made["name"],
                "ExecutionRoleArn": "jobs-by-name",
                "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": artifact},
            },
        )
        configure = SageMakerEndpointConfigOperator(task_id="configure", config=made["configure"])
        deploy = SageMakerEndpointOperator(task_id="deploy", config=made["deploy"], check_interval=1)
        delete = SageMakerDeleteModelOperator(task_id="delete", config={"ModelName": made["name"]})
        chain(train, model, configure, deploy, delete)

with DAG("procedure_that_fails", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    SageMakerStartNoteBookOperator(task_id="start_notebook", instance_name="nobody-made-it")
