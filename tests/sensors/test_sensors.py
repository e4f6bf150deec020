"""The sensors on the embedded AWS: they poke as a worker does, or hand over to the triggerer."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowSensorTimeout, AirflowSkipException, TaskDeferred

from airflow_sfn_ml.exceptions import DeployError
from airflow_sfn_ml.hooks.sagemaker import KINDS
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.sensors import sagemaker as sensors
from airflow_sfn_ml.sensors.execution import StepFunctionsExecutionSensor
from airflow_sfn_ml.sensors.sagemaker import SageMakerProcessingSensor
from tests.operators.tasks import Tries, execute

ROLE = "arn:aws:iam::123456789012:role/states"
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "Result": {"auc": 0.9}, "End": True}}}
FAILS = {"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Own.Error", "Cause": "on purpose"}}}
WAIT = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}
GOING_ON = {"Creating", "Executing", "InProgress", "RollingBack", "Stopping", "SystemUpdating", "Updating"}
POKES = {"aws_conn_id": None, "deferrable": False, "poke_interval": 0.2, "timeout": 30}


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    return local_aws


def start(aws: LocalAws, name: str, definition: dict[str, Any]) -> str:
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(states.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input="{}")["executionArn"])


def job(aws: LocalAws, name: str, code: str) -> str:
    aws.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/sagemaker",
        AppSpecification={"ImageUri": "any-image", "ContainerEntrypoint": ["python3", "-c", code]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    return name


def test_the_output_of_an_execution_is_the_result(aws: LocalAws):
    arn = start(aws, "sensor-echo", ECHO)
    tries = Tries("sensor-echo")
    sensor = StepFunctionsExecutionSensor(task_id="t", execution_arn=arn, **POKES)
    assert execute(sensor, tries.next()) == {"auc": 0.9}
    assert arn in tries.xcoms["_link_StepFunctionsExecutionLink"]


def test_an_execution_that_failed_fails_the_sensor_with_its_cause(aws: LocalAws):
    arn = start(aws, "sensor-fails", FAILS)
    with pytest.raises(AirflowException, match=r"failed: Own\.Error\nCause: on purpose"):
        execute(StepFunctionsExecutionSensor(task_id="t", execution_arn=arn, **POKES), Tries("s").next())


def test_an_execution_that_waits_for_its_redrive_goes_on(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    told = iter(["PENDING_REDRIVE", "RUNNING", "SUCCEEDED"])
    monkeypatch.setattr(StepFunctionsHook, "describe", lambda *_: {"status": next(told), "output": "7"})
    assert execute(StepFunctionsExecutionSensor(task_id="t", execution_arn="arn", **POKES), Tries("s").next()) == 7


def test_a_sensor_that_fails_softly_is_skipped(aws: LocalAws):
    arn = start(aws, "sensor-soft", FAILS)
    soft = StepFunctionsExecutionSensor(task_id="t", execution_arn=arn, soft_fail=True, **{**POKES, "deferrable": True})
    with pytest.raises(AirflowSkipException):
        execute(soft, Tries("s").next())


def test_what_goes_on_is_handed_to_the_triggerer_with_the_same_connection(aws: LocalAws):
    arn = start(aws, "sensor-defers", WAIT)
    with DAG("sensor-defers"):
        sensor = StepFunctionsExecutionSensor(
            task_id="t", execution_arn=arn, aws_conn_id=None, region_name="us-east-1", verify=False, timeout=60
        )
    with pytest.raises(TaskDeferred) as deferred:
        execute(sensor, Tries("s").next())
    arguments = deferred.value.trigger.serialize()[1]
    assert (arguments["execution_arn"], arguments["region_name"], arguments["verify"]) == (arn, "us-east-1", False)
    assert not arguments["stop_on_kill"], "who only looks stops nothing"
    assert 50 < arguments["deadline"] - time.time() <= 60
    with pytest.raises(AirflowSensorTimeout):
        sensor.resume({}, {"timed_out": arn})


def test_a_job_that_completes_gives_its_description(aws: LocalAws):
    name = job(aws, "sensor-job", "print(1)")
    told = execute(SageMakerProcessingSensor(task_id="t", job_name=name, **POKES), Tries("s").next())
    assert told["Processing"]["ProcessingJobStatus"] == "Completed"
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_job_that_failed_fails_the_sensor_with_reason_exit_code_and_log(aws: LocalAws, deferrable: bool):
    name = job(aws, f"sensor-fails-{deferrable}".lower(), "print('about to'); raise SystemExit(3)")
    sagemaker = aws.client("sagemaker")
    while sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "InProgress":
        time.sleep(0.1)
    sensor = SageMakerProcessingSensor(task_id="t", job_name=name, **{**POKES, "deferrable": deferrable})
    with pytest.raises(AirflowException, match=r"(?s)Failed\nReason: AlgorithmError.*Exit code: 3.*about to"):
        execute(sensor, Tries("s").next())


def test_a_job_that_was_stopped_is_a_failure_unless_that_is_allowed(aws: LocalAws):
    name = job(aws, "sensor-stopped", "import time; time.sleep(600)")
    aws.client("sagemaker").stop_processing_job(ProcessingJobName=name)
    with pytest.raises(AirflowException, match="Processing job sensor-stopped: Stopped"):
        execute(SageMakerProcessingSensor(task_id="t", job_name=name, **POKES), Tries("s").next())
    allowed = SageMakerProcessingSensor(task_id="t", job_name=name, allow_stopped=True, **POKES)
    assert execute(allowed, Tries("s").next())["Processing"]["ProcessingJobStatus"] == "Stopped"


def test_an_endpoint_is_waited_for_until_it_is_in_service(aws: LocalAws):
    sagemaker = aws.client("sagemaker")
    role, image = "arn:aws:iam::123456789012:role/sagemaker", "any-image"
    sagemaker.create_model(ModelName="sensed", ExecutionRoleArn=role, PrimaryContainer={"Image": image})
    variant = {"VariantName": "all", "ModelName": "sensed", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    sagemaker.create_endpoint_config(EndpointConfigName="sensed", ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName="sensed", EndpointConfigName="sensed")
    told = execute(sensors.SageMakerEndpointSensor(task_id="t", endpoint_name="sensed", **POKES), Tries("s").next())
    assert told["Endpoint"]["EndpointStatus"] == "InService"


def test_what_is_not_there_is_waited_for_in_the_triggerer_and_told_at_once_when_poking(aws: LocalAws):
    with DAG("sensor-nobody"):
        waits = SageMakerProcessingSensor(task_id="t", job_name="nobody", aws_conn_id=None)
    with pytest.raises(TaskDeferred):
        execute(waits, Tries("s").next())
    with pytest.raises(DeployError, match="sagemaker:DescribeProcessingJob on nobody"):
        execute(SageMakerProcessingSensor(task_id="t", job_name="nobody", **POKES), Tries("s").next())


def test_every_kind_is_what_boto3_knows():
    from botocore.session import get_session

    model = get_session().get_service_model("sagemaker")
    for kind in KINDS.values():
        operation = model.operation_model(kind.action)
        assert kind.parameter in operation.input_shape.members
        answer = operation.output_shape.members
        known = set(answer[f"{kind.noun}Status"].enum)
        ends = kind.done | kind.failed | kind.stopped
        assert ends <= known, kind.name
        assert known - ends <= GOING_ON, kind.name
        assert f"{kind.noun}Arn" in answer


def test_a_dag_file_that_imports_them_loads_no_client_of_aws():
    modules = [
        "operators.execution",
        "operators.redriving",
        "operators.task_token",
        "sensors.activity",
        "sensors.execution",
        "sensors.sagemaker",
        "triggers.execution",
        "triggers.job",
    ]
    code = "; ".join(f"import airflow_sfn_ml.{module}" for module in modules)
    code += "; import sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"boto3", "botocore", "airflow.providers.amazon.aws.hooks.base_aws"} & set(loaded)


def test_every_sensor_names_a_kind_and_templates_what_it_waits_for():
    found = [cls for cls in vars(sensors).values() if isinstance(cls, type) and getattr(cls, "kind", None)]
    assert {cls.kind for cls in found} == set(KINDS)
    for cls in found:
        assert cls.identifying in cls.template_fields
