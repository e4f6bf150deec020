"""Endpoints take a moment to come into service, to be updated and to be deleted."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.machines import IMAGE, ROLE, Account, unique


def configure(account: Account, model: str | None = None) -> str:
    """An endpoint configuration, with a model of its own unless one is given."""
    name = unique("config")
    if model is None:
        model = name
        account.sagemaker.create_model(ModelName=model, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    variant = {"VariantName": "all", "ModelName": model, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def status(account: Account, name: str) -> str:
    return str(account.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"])


def settle(account: Account, name: str) -> dict[str, Any]:
    deadline = time.monotonic() + 30
    while status(account, name) in ("Creating", "Updating"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(account.sagemaker.describe_endpoint(EndpointName=name))


def test_an_endpoint_is_created_updated_and_deleted_in_steps(account: Account) -> None:
    name = unique("endpoint")
    inbox = account.listen(
        source=["aws.sagemaker"],
        detail_type=["SageMaker Endpoint State Change"],
        detail={"EndpointName": [name]},
    )
    first, second = configure(account), configure(account)
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=first, Tags=[{"Key": "team", "Value": "x"}])
    assert status(account, name) == "Creating"
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=first)
    with pytest.raises(ClientError, match="Cannot update in-progress endpoint"):
        account.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert settle(account, name)["EndpointStatus"] == "InService"
    account.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=second)
    assert status(account, name) == "Updating"
    described = settle(account, name)
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", second)
    account.sagemaker.delete_endpoint(EndpointName=name)
    assert status(account, name) == "Deleting"
    account.sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    events = sorted(inbox.take(5), key=lambda event: event["detail"]["LastModifiedTime"])
    statuses = [event["detail"]["EndpointStatus"] for event in events]
    assert statuses == ["CREATING", "IN_SERVICE", "UPDATING", "IN_SERVICE", "DELETING"]
    assert events[0]["detail"]["Tags"] == {"team": "x"}


def test_an_endpoint_of_a_model_that_is_gone_fails(account: Account) -> None:
    name, config = unique("endpoint"), configure(account)
    account.sagemaker.delete_model(ModelName=config)
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    described = settle(account, name)
    assert described["EndpointStatus"] == "Failed"
    assert described["FailureReason"] == f"Could not find the model {config}."


def test_endpoints_that_are_not_there_are_refused(account: Account) -> None:
    for call in (account.sagemaker.delete_endpoint, account.sagemaker.describe_endpoint):
        with pytest.raises(ClientError, match="Could not find endpoint"):
            call(EndpointName="never-was")
    name, config = unique("endpoint"), configure(account)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        account.sagemaker.update_endpoint(EndpointName="never-was", EndpointConfigName=config)
    account.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    settle(account, name)
    with pytest.raises(ClientError, match="Could not find endpoint configuration"):
        account.sagemaker.update_endpoint(EndpointName=name, EndpointConfigName="never-was")


def test_a_state_machine_creates_an_endpoint_and_updates_it(account: Account) -> None:
    name, first, second = unique("endpoint"), configure(account), configure(account)
    look = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeEndpoint",
        "Arguments": {"EndpointName": name},
        "Assign": {"status": "{% $states.result.EndpointStatus %}"},
    }
    wait = {"Type": "Wait", "Seconds": 1}
    states = {
        "Create": call("createEndpoint", name, first, "Wait"),
        "Wait": {**wait, "Next": "Look"},
        "Look": {**look, "Next": "Ready"},
        "Ready": {"Type": "Choice", "Choices": [{"Condition": "{% $status = 'Creating' %}", "Next": "Wait"}]}
        | {"Default": "Update"},
        "Update": {**call("updateEndpoint", name, second, None), "End": True},
    }
    assert account.run(states)["status"] == "SUCCEEDED"
    assert settle(account, name)["EndpointConfigName"] == second


def call(action: str, name: str, config: str, following: str | None) -> dict[str, Any]:
    state = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::sagemaker:{action}",
        "Arguments": {"EndpointName": name, "EndpointConfigName": config},
    }
    return state | ({"Next": following} if following else {})
