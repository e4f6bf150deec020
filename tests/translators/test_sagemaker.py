"""The SageMaker operators in a group: what they call, what they push, what they refuse; run where that is possible."""

from __future__ import annotations

import json
import re
import time
import uuid
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators import sagemaker as sm

from airflow_sfn_ml.exceptions import CompileError
from tests.translators.machines import beside, checked, context, group_of, member, refusal, rendered, run, states, xcom
from tests.validators import validate_all_with_npm

JOB_ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "any-image:1"
STOPPING = {"MaxRuntimeInSeconds": 3600}
TRAINED = {
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "RoleArn": JOB_ROLE,
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
    "ResourceConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": "5"},
    "StoppingCondition": STOPPING,
}
PROCESSING = {
    "ProcessingJobName": "prepare",
    "RoleArn": JOB_ROLE,
    "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", "print('done')"]},
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": "1", "InstanceType": "ml.m5.large", "VolumeSizeInGB": 5}
    },
}
TRAINING = {"TrainingJobName": "iris", **TRAINED}
TUNING = {
    "HyperParameterTuningJobName": "find-the-best-learning-rate",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"MetricName": "accuracy", "Type": "Maximize"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": "4", "MaxParallelTrainingJobs": "2"},
        "ParameterRanges": {
            "CategoricalParameterRanges": [],
            "IntegerParameterRanges": [{"Name": "k", "MinValue": "1", "MaxValue": "9"}],
            "ContinuousParameterRanges": [],
        },
    },
    "TrainingJobDefinition": {
        **TRAINED,
        "AlgorithmSpecification": {
            **TRAINED["AlgorithmSpecification"],  # type: ignore[dict-item]
            "MetricDefinitions": [{"Name": "accuracy", "Regex": "accuracy=(.*)"}],
        },
    },
}
MODEL = {
    "ModelName": "iris-model",
    "ExecutionRoleArn": JOB_ROLE,
    "PrimaryContainer": {"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"},
}
TRANSFORM = {
    "TransformJobName": "predict",
    "ModelName": "iris-model",
    "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in"}}},
    "TransformOutput": {"S3OutputPath": "s3://bucket/out"},
    "TransformResources": {"InstanceCount": "1", "InstanceType": "ml.m5.large"},
}
VARIANT = {
    "VariantName": "all",
    "ModelName": "iris-model",
    "InstanceType": "ml.t2.medium",
    "InitialInstanceCount": "1",
}
ENDPOINT_CONFIG = {"EndpointConfigName": "iris-config", "ProductionVariants": [VARIANT]}
ENDPOINT = {"EndpointName": "iris-endpoint", "EndpointConfigName": "iris-config"}
DEPLOYMENT = {"Model": MODEL, "EndpointConfig": ENDPOINT_CONFIG, "Endpoint": ENDPOINT}
PIPELINE = "arn:aws:sagemaker:us-east-1:123456789012:pipeline/p/execution/abcdefghijkl"
FILES = [{"output_name": "evaluation", "file_name": "metrics.json", "result_name": "Report"}]

CONFIGURED = [
    (sm.SageMakerProcessingOperator, PROCESSING, {}),
    (sm.SageMakerProcessingOperator, PROCESSING, {"wait_for_completion": False}),
    (sm.SageMakerProcessingOperator, PROCESSING, {"output_files_to_xcom": FILES}),
    (sm.SageMakerTrainingOperator, TRAINING, {}),
    (sm.SageMakerTrainingOperator, TRAINING, {"wait_for_completion": False}),
    (sm.SageMakerTuningOperator, TUNING, {}),
    (sm.SageMakerTuningOperator, TUNING, {"wait_for_completion": False}),
    (sm.SageMakerTransformOperator, TRANSFORM, {}),
    (sm.SageMakerTransformOperator, {"Model": MODEL, "Transform": TRANSFORM}, {"max_ingestion_time": 900}),
    (sm.SageMakerTransformOperator, {"Model": MODEL, "Transform": TRANSFORM}, {"wait_for_completion": False}),
    (sm.SageMakerModelOperator, MODEL, {}),
    (sm.SageMakerEndpointConfigOperator, ENDPOINT_CONFIG, {}),
    (sm.SageMakerEndpointOperator, ENDPOINT, {}),
    (sm.SageMakerEndpointOperator, ENDPOINT, {"wait_for_completion": False}),
    (sm.SageMakerEndpointOperator, ENDPOINT, {"operation": "update"}),
    (sm.SageMakerEndpointOperator, DEPLOYMENT, {}),
    (sm.SageMakerDeleteModelOperator, {"ModelName": "iris-model"}, {}),
]
EXECUTIONS = timedelta(minutes=30)


@pytest.mark.parametrize(("cls", "config", "more"), CONFIGURED)
def test_a_config_that_is_written_out_compiles(cls: Any, config: Any, more: Any):
    checked(group_of(lambda: cls(task_id="t", config=config, execution_timeout=EXECUTIONS, retries=1, **more)))


@pytest.mark.parametrize(("cls", "config", "more"), CONFIGURED)
def test_a_config_from_a_task_outside_compiles_and_is_prepared_when_it_is_known(cls: Any, config: Any, more: Any):
    group = beside(
        lambda made: cls(task_id="t", config=made["config"], execution_timeout=EXECUTIONS, retries=1, **more)
    )
    checked(group)
    (params,) = group.compiled().members.values()
    assert len(params.params) == 1
    told = json.dumps(_rendered(params, config))
    assert '"InstanceCount": "1"' not in told
    assert '"InitialInstanceCount": "1"' not in told
    assert '"MaxNumberOfTrainingJobs": "4"' not in told


def test_two_validators_that_are_not_ours_find_nothing():
    def group(cls: Any, config: Any, more: Any, *, whole: bool) -> Any:
        return beside(
            lambda made: cls(task_id="t", config=made if whole else config, execution_timeout=EXECUTIONS, **more)
        )

    groups = [group(*case, whole=whole) for case in CONFIGURED for whole in (True, False)]
    found = validate_all_with_npm([made.definition for made in groups])
    assert [told for told in found if any(told.values())] == []


def _rendered(member: Any, config: Any) -> Any:
    from airflow_sfn_ml.translators.preparations import Start, prepare

    ((pointer, _),) = member.params.items()
    return prepare(config, member.preparations.get(pointer, ()), Start(lambda: None))


def test_the_operators_attributes_are_read_late():
    def build() -> None:
        operator = sm.SageMakerTrainingOperator(task_id="t", config={})
        operator.config = TRAINING
        operator.wait_for_completion = False

    names = list(checked(group_of(build))["States"]["t"]["Branches"][0]["States"])
    assert names == ["t: create", "t: describe"]


def test_a_role_that_is_a_name_becomes_a_parameter():
    state = member(sm.SageMakerTrainingOperator, config={**TRAINING, "RoleArn": "sagemaker"})
    assert state["Arguments"]["RoleArn"] == "{% $states.context.Execution.Input.values.t.`/RoleArn` %}"


# Jobs


def test_without_waiting_a_job_is_begun_and_described():
    found = states(sm.SageMakerProcessingOperator, config=PROCESSING, wait_for_completion=False)
    assert found["create"]["Resource"] == "arn:aws:states:::sagemaker:createProcessingJob"
    assert found["describe"]["Arguments"] == {"ProcessingJobName": "{% $p_name %}"}
    assert found["describe"]["Output"] == {"Processing": "{% $states.result %}"}
    assert found["create"]["Assign"]["p_name"] == found["create"]["Arguments"]["ProcessingJobName"]


def test_the_name_of_a_tuning_job_is_short_enough():
    name = member(sm.SageMakerTuningOperator, config=TUNING)["Arguments"]["HyperParameterTuningJobName"]
    assert name.startswith("{% 'find-the-' & ")


def test_a_transform_uses_the_model_that_it_made():
    found = states(sm.SageMakerTransformOperator, config={"Model": MODEL, "Transform": TRANSFORM})
    assert found["begins"] == "createModel"
    assert found["createModel"]["Assign"]["p_model"] == found["createModel"]["Arguments"]["ModelName"]
    assert found["create"]["Arguments"]["ModelName"] == "{% $p_model %}"
    assert found["create"]["Resource"].endswith(":sagemaker:createTransformJob.sync")
    assert found["describe model"]["Output"] == {"Model": "{% $states.result %}", "Transform": "{% $p_job %}"}


def test_the_name_changes_with_each_entry_retry_and_redrive():
    name = states(sm.SageMakerTransformOperator, config=TRANSFORM)["create"]["Arguments"]["TransformJobName"]
    for part in ("State.EnteredTime", "Execution.RedriveCount", "State.RetryCount", "Execution.Id", "Map.Item.Index"):
        assert f"$states.context.{part}" in name


def test_instances_of_a_mapped_transform_have_names_that_each_iteration_makes():
    configs = [TRANSFORM, {**TRANSFORM, "TransformJobName": "another"}]
    group = group_of(lambda: sm.SageMakerTransformOperator.partial(task_id="t").expand(config=configs))
    definition = checked(group)
    (branch,) = definition["States"]["t"]["ItemProcessor"]["States"]["t: each"]["Branches"]
    name = branch["States"]["t: create"]["Arguments"]["TransformJobName"]
    assert "$states.context.State.EnteredTime" in name
    assert "'predict'" not in name


def test_instances_that_come_from_outside_have_the_states_that_were_compiled():
    group = beside(lambda made: sm.SageMakerTransformOperator.partial(task_id="t").expand(config=made))
    checked(group)
    found = rendered(group, context({"outside": [TRANSFORM, {"Model": MODEL, "Transform": TRANSFORM}]}))
    first, second = (item["p_config"] for item in found["t"]["each"])
    assert first["TransformResources"]["InstanceCount"] == 1
    assert second["Transform"]["TransformResources"]["InstanceCount"] == 1


def test_the_limit_of_a_job_is_that_of_its_call():
    found = states(sm.SageMakerTransformOperator, config=TRANSFORM, max_ingestion_time=900)
    assert found["create"]["TimeoutSeconds"] == 900
    assert member(sm.SageMakerTrainingOperator, config=TRAINING, max_ingestion_time=900)["TimeoutSeconds"] == 900


@pytest.mark.parametrize(
    ("files", "more", "told"),
    [
        (FILES, {"wait_for_completion": False}, "output_files_to_xcom without wait_for_completion"),
        ("{{ params.files }}", {}, "output_files_to_xcom that is not written out"),
        ([{"output_name": "x"}], {}, "output_files_to_xcom that is not written out"),
    ],
)
def test_files_that_cannot_be_read_are_refused(files: Any, more: Any, told: str):
    assert told in refusal(sm.SageMakerProcessingOperator, config=PROCESSING, output_files_to_xcom=files, **more)


def test_whether_to_wait_must_be_written_out():
    told = refusal(sm.SageMakerStartNoteBookOperator, instance_name="n", wait_for_completion="{{ params.wait }}")
    assert "wait_for_completion must be True or False inside of a state machine" in told


# Models and endpoints


def test_a_model_is_taken_over_only_if_this_execution_made_it():
    found = states(sm.SageMakerModelOperator, config=MODEL)
    assert found["createModel"]["Catch"][0]["Next"] == "t: createModel: refused"
    assert found["createModel: refused"]["Choices"][0]["Next"] == "t: createModel: there"
    assert found["createModel: there"]["Arguments"] == {"ModelName": "iris-model"}
    ours = found["createModel: there?"]
    assert "CreationTime) >= $toMillis($states.context.Execution.StartTime)" in ours["Choices"][0]["Condition"]
    assert (ours["Choices"][0]["Next"], ours["Default"]) == ("t: describe", "t: createModel: refused: not")


def test_an_endpoint_that_exists_is_updated_without_its_tags():
    found = states(sm.SageMakerEndpointOperator, config={**ENDPOINT, "Tags": [{"Key": "a", "Value": "b"}]})
    assert found["endpoint"]["Catch"][0]["Next"] == "t: refused"
    assert found["refused"]["Choices"][0]["Next"] == "t: update"
    assert found["update"]["Arguments"] == ENDPOINT


def test_an_update_with_tags_is_what_the_service_refuses():
    told = refusal(
        sm.SageMakerEndpointOperator, config={**ENDPOINT, "Tags": [{"Key": "a", "Value": "b"}]}, operation="update"
    )
    assert "endpoint: Tags: there is no such field" in told


def test_an_endpoint_is_waited_for_at_the_operators_pace_and_for_its_time():
    found = states(sm.SageMakerEndpointOperator, config=ENDPOINT, check_interval=45, max_ingestion_time=600)
    assert found["wait"]["Seconds"] == 45
    assert "> 600" in found["judge"]["Choices"][1]["Condition"]
    assert found["failed"]["Error"] == "JobFailed"


def test_another_operation_is_refused():
    def build() -> None:
        operator = sm.SageMakerEndpointOperator(task_id="t", config=ENDPOINT)
        operator.operation = "remove"

    with pytest.raises(CompileError, match="cannot do in a state machine: operation='remove'"):
        group_of(build).compiled()


def test_the_group_of_models_is_taken_back_only_if_it_was_made():
    found = states(
        sm.SageMakerRegisterModelVersionOperator,
        image_uri=IMAGE,
        model_url="s3://bucket/m.tar.gz",
        package_group_name="iris",
        extras={"ModelPackageDescription": "the best"},
    )
    assert found["group"]["Assign"] == {"p_made": True}
    assert found["group: refused"]["Choices"][0]["Assign"] == {"p_made": False}
    assert found["package"]["Arguments"]["ModelPackageDescription"] == "the best"
    assert found["package"]["Arguments"]["ModelApprovalStatus"] == "PendingManualApproval"
    assert found["failed"]["Choices"][0]["Next"] == "t: take back"


# Pipelines, AutoML, experiments, notebooks


def test_a_pipeline_is_started_once_and_followed_if_asked():
    state = member(sm.SageMakerStartPipelineOperator, pipeline_name="p", pipeline_params={"a": "b"})
    assert state["Arguments"]["PipelineParameters"] == [{"Name": "a", "Value": "b"}]
    assert state["Arguments"]["ClientRequestToken"].startswith("{% $substring($hash(")
    assert state["Output"] == "{% $states.result.PipelineExecutionArn %}"
    found = states(sm.SageMakerStartPipelineOperator, pipeline_name="p", wait_for_completion=True)
    assert found["look"]["Arguments"] == {"PipelineExecutionArn": "{% $p_arn %}"}
    assert found["done"]["Output"] == "{% $p_arn %}"


def test_a_pipeline_that_does_not_run_is_stopped():
    found = states(sm.SageMakerStopPipelineOperator, pipeline_exec_arn=PIPELINE)
    assert "Only pipelines with" in found["stop: refused"]["Choices"][0]["Condition"]
    assert found["stop"]["Retry"][0]["ErrorEquals"] == ["SageMaker.ConflictException"]
    assert found["describe"]["Output"] == "{% $states.result.PipelineExecutionStatus %}"
    found = states(sm.SageMakerStopPipelineOperator, pipeline_exec_arn=PIPELINE, fail_if_not_running=True)
    assert "Catch" not in found["stop"]


def test_auto_ml_gives_the_best_candidate():
    asked: dict[str, Any] = {
        "job_name": "find",
        "s3_input": "s3://bucket/in",
        "target_attribute": "y",
        "s3_output": "s3://bucket/out",
        "role_arn": JOB_ROLE,
    }
    found = states(sm.SageMakerAutoMLOperator, **asked, time_limit="600", compressed_input=True)
    request = found["create"]["Arguments"]
    assert request["AutoMLJobConfig"] == {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": 600}}
    assert request["InputDataConfig"][0]["CompressionType"] == "Gzip"
    assert found["look"]["Arguments"] == {"AutoMLJobName": "{% $p_name %}"}
    assert "BestCandidate" in found["done"]["Output"]
    quick = member(sm.SageMakerAutoMLOperator, **asked, wait_for_completion=False)
    assert quick["Output"] == "{% null %}"
    assert "compressed_input that is not True or False" in refusal(
        sm.SageMakerAutoMLOperator, **asked, compressed_input="{{ params.c }}"
    )


def test_a_notebook_is_deleted_when_it_is_gone():
    found = states(sm.SageMakerDeleteNotebookOperator, instance_name="n")
    assert "RecordNotFound" in found["gone"]["Choices"][0]["Condition"]
    assert found["gone"]["Choices"][0]["Next"] == "t: done"


# Runs


@pytest.fixture
def bucket(local_aws: Any) -> str:
    name = f"sm-{uuid.uuid4().hex[:8]}"
    local_aws.client("s3").create_bucket(Bucket=name)
    return name


def name_of(stem: str) -> str:
    return f"{stem}-{uuid.uuid4().hex[:6]}"


def test_a_model_is_made_described_and_deleted(local_aws: Any):
    name = name_of("model")
    pushed = xcom(local_aws, lambda: sm.SageMakerModelOperator(task_id="t", config={**MODEL, "ModelName": name}))
    assert pushed["Model"]["ModelName"] == name
    assert pushed["Model"]["PrimaryContainer"]["Image"] == IMAGE
    gone = {"ModelName": name}
    for _ in range(2):
        assert xcom(local_aws, lambda: sm.SageMakerDeleteModelOperator(task_id="t", config=gone)) == {}


def test_an_endpoint_with_all_it_needs_comes_from_the_config_of_another_task(local_aws: Any):
    stem = name_of("deploy")
    variant = {**VARIANT, "ModelName": f"{stem}-m"}
    config = {
        "Model": {**MODEL, "ModelName": f"{stem}-m"},
        "EndpointConfig": {"EndpointConfigName": f"{stem}-c", "ProductionVariants": [variant]},
        "Endpoint": {"EndpointName": f"{stem}-e", "EndpointConfigName": f"{stem}-c"},
    }
    group = beside(
        lambda made: sm.SageMakerEndpointOperator(task_id="t", config=made, check_interval=1, max_ingestion_time=60)
    )
    view = run(local_aws, group, context({"outside": config}))
    assert (str(view.state("t").status), view.cause) == ("succeeded", None)
    pushed: Any = view.state("t").output
    assert pushed["Endpoint"]["EndpointStatus"] == "InService"
    assert pushed["EndpointConfig"]["ProductionVariants"][0]["InitialInstanceCount"] == 1


def test_a_processing_job_is_waited_for_and_its_files_are_pushed(local_aws: Any, bucket: str):
    write = "import json; json.dump({'mse': 0.25}, open('/opt/ml/processing/evaluation/metrics.json', 'w'))"
    output = {
        "OutputName": "evaluation",
        "S3Output": {
            "S3Uri": f"s3://{bucket}/evaluation/",
            "LocalPath": "/opt/ml/processing/evaluation",
            "S3UploadMode": "EndOfJob",
        },
    }
    config = {
        **PROCESSING,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", write]},
        "ProcessingOutputConfig": {"Outputs": [output]},
    }
    files = [*FILES, {**FILES[0], "file_name": "nothing.json", "result_name": "Missing"}]
    pushed = xcom(
        local_aws,
        lambda: sm.SageMakerProcessingOperator(task_id="t", config=config, output_files_to_xcom=files),
    )
    assert pushed["Processing"]["ProcessingJobStatus"] == "Completed"
    assert pushed["OutputFiles"]["Report"] == {"mse": 0.25}
    assert pushed["OutputFiles"]["Missing"]["_error"].startswith("Failed to read nothing.json")


def test_a_job_that_is_not_waited_for_is_described_as_it_is_then(local_aws: Any):
    pushed = xcom(
        local_aws,
        lambda: sm.SageMakerProcessingOperator(task_id="t", config=PROCESSING, wait_for_completion=False),
    )
    assert re.fullmatch(r"prepare-[0-9a-f]{10}-0-0", pushed["Processing"]["ProcessingJobName"])


@pytest.mark.parametrize("written", [True, False])
@pytest.mark.parametrize("modelled", [True, False])
def test_the_requests_of_a_transform_fit_each_other(local_aws: Any, written: bool, modelled: bool):
    """The embedded AWS runs no transform jobs, so its requests are made by states that call nothing, nor retry."""
    config = {"Model": MODEL, "Transform": TRANSFORM} if modelled else TRANSFORM

    def build(made: Any) -> None:
        sm.SageMakerTransformOperator(task_id="t", config=config if written else made, wait_for_completion=False)

    group = beside(build)
    (branch,) = group.definition["States"]["t"]["Branches"]
    for name, state in branch["States"].items():
        if name == "t: createModel":
            kept = {"p_made": state["Arguments"], **state["Assign"]}
            branch["States"][name] = {"Type": "Pass", "Assign": kept, "Next": state["Next"]}
        elif name == "t: create":
            output = {"job": state["Arguments"], "model": "{% $p_made %}" if modelled else None}
            branch["States"][name] = {"Type": "Pass", "Output": output, "End": True}
    for name in ("t: describe", "t: describe model"):
        del branch["States"][name]
    values = group.execution_input({}, rendered(group, context({"outside": config})))
    made = finished(local_aws, {"QueryLanguage": "JSONata", **branch}, values)
    assert re.fullmatch(r"predict-[0-9a-f]{10}-0-", made["job"]["TransformJobName"])
    assert made["job"]["TransformResources"]["InstanceCount"] == 1
    if modelled:
        assert re.fullmatch(r"iris-model-[0-9a-f]{10}-0-", made["model"]["ModelName"])
        assert made["job"]["ModelName"] == made["model"]["ModelName"]
    else:
        assert made["job"]["ModelName"] == "iris-model"


def finished(aws: Any, definition: Any, document: Any) -> Any:
    """What a machine with *definition* puts out for *document*."""
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name=name_of("passes"), definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/states"
    )
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(document))["executionArn"]
    deadline = time.monotonic() + 30
    while (told := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert told["status"] == "SUCCEEDED", told
    return json.loads(told["output"])


def test_a_version_is_registered_in_a_group_that_is_made_once(local_aws: Any):
    group = name_of("group")
    arns = [
        xcom(
            local_aws,
            lambda: sm.SageMakerRegisterModelVersionOperator(
                task_id="t", image_uri=IMAGE, model_url="s3://bucket/m.tar.gz", package_group_name=group
            ),
        )
        for _ in range(2)
    ]
    assert [arn.rpartition("/")[2] for arn in arns] == ["1", "2"]


def test_notebooks_and_experiments(local_aws: Any):
    name = name_of("notebook")
    arn = xcom(
        local_aws,
        lambda: sm.SageMakerCreateNotebookOperator(
            task_id="t",
            instance_name=name,
            instance_type="ml.t3.medium",
            role_arn=JOB_ROLE,
            create_instance_kwargs={"tags": {"team": "fish"}},
        ),
    )
    assert arn.endswith(f"notebook-instance/{name}")
    xcom(local_aws, lambda: sm.SageMakerStopNotebookOperator(task_id="t", instance_name=name))
    xcom(local_aws, lambda: sm.SageMakerDeleteNotebookOperator(task_id="t", instance_name=name))
    experiment = name_of("experiment")
    arn = xcom(local_aws, lambda: sm.SageMakerCreateExperimentOperator(task_id="t", name=experiment, tags={"a": "b"}))
    assert arn.endswith(f"experiment/{experiment}")
