"""Steps of this package as tasks of a group."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.steps import EndpointStep, SdkStep
from tests.translators.machines import checked, group_of, run

REQUEST = {"EndpointName": "e", "EndpointConfigName": "c"}


def group(step: Any) -> Any:
    from airflow.sdk import DAG

    from airflow_sfn_ml import StateMachineTaskGroup

    with DAG("d"), StateMachineTaskGroup("g", role_arn="arn:aws:iam::123456789012:role/states") as made:
        made.step(step)
    return made


def test_a_step_is_its_call():
    step = SdkStep("t", "sagemaker", "describeEndpoint", {"EndpointName": "e"})
    state = checked(group(step))["States"]["t"]
    assert state["Resource"] == "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint"


def test_an_endpoint_that_is_waited_for_is_a_loop():
    made = checked(group(EndpointStep("t", request=REQUEST, wait_for_completion=True, poll_seconds=7)))
    states = made["States"]["t"]["Branches"][0]["States"]
    assert list(states) == ["t: call", "t: look", "t: judge", "t: wait", "t: failed", "t: done"]
    assert states["t: wait"]["Seconds"] == 7


def test_an_endpoint_is_in_service_when_its_task_has_ended(local_aws: Any):
    name = f"e-{uuid.uuid4().hex[:6]}"
    client = local_aws.client("sagemaker")
    client.create_model(
        ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}
    )
    variant = {"VariantName": "v", "ModelName": name, "InstanceType": "ml.t2.medium", "InitialInstanceCount": 1}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    request = {"EndpointName": name, "EndpointConfigName": name}
    view = run(local_aws, group(EndpointStep("t", request=request, wait_for_completion=True, poll_seconds=1)))
    pushed: Any = view.state("t").output
    assert pushed["EndpointStatus"] == "InService"


def test_what_a_task_says_itself_is_not_said_by_its_step():
    step = SdkStep("t", "sagemaker", "describeEndpoint", {"EndpointName": "e"}, timeout_seconds=5)
    with pytest.raises(CompileError, match=r"g\.t: its step sets timeout_seconds.*give the task retries"):
        group(step).compiled()


def test_an_empty_task_does_nothing():
    from airflow.providers.standard.operators.empty import EmptyOperator

    assert checked(group_of(lambda: EmptyOperator(task_id="t")))["States"]["t"]["Type"] == "Pass"
