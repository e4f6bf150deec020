"""EC2 instances, on the embedded AWS."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.ec2 import (
    EC2CreateInstanceOperator,
    EC2HibernateInstanceOperator,
    EC2RebootInstanceOperator,
    EC2StartInstanceOperator,
    EC2StopInstanceOperator,
    EC2TerminateInstanceOperator,
)

from tests.translators.machines import context, group_of, member, run, states, xcom

IMAGE = "ami-12c6146b"


@pytest.fixture
def ec2(local_aws: Any) -> Any:
    return local_aws.client("ec2")


@pytest.fixture
def instance(ec2: Any) -> str:
    return str(ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"])


def state_of(ec2: Any, instance: str) -> str:
    found = ec2.describe_instances(InstanceIds=[instance])
    return str(found["Reservations"][0]["Instances"][0]["State"]["Name"])


def status(aws: Any, build: Any, **values: Any) -> tuple[str, Any]:
    state = run(aws, group_of(build), context(**values)).state("t")
    return str(state.status), state.cause


def test_an_instance_is_stopped_and_started(local_aws: Any, ec2: Any, instance: str):
    given = "{{ params.id }}"
    params = {"id": instance}
    stop = status(local_aws, lambda: EC2StopInstanceOperator(task_id="t", instance_id=given), params=params)
    assert stop == ("succeeded", None)
    assert state_of(ec2, instance) == "stopped"
    assert status(local_aws, lambda: EC2StartInstanceOperator(task_id="t", instance_id=instance))[0] == "succeeded"
    assert state_of(ec2, instance) == "running"


def test_starting_always_waits_every_check_interval_and_without_end():
    found = states(EC2StartInstanceOperator, instance_id="i", check_interval=5)
    assert found["wait"]["Seconds"] == 5
    assert "late" not in found


def test_instances_are_created_waited_for_and_their_ids_are_the_xcom(local_aws: Any, ec2: Any):
    def build() -> Any:
        return EC2CreateInstanceOperator(
            task_id="t",
            image_id=IMAGE,
            min_count="{{ params.n }}",  # type: ignore[arg-type]
            max_count=2,
            config={"InstanceType": "t3.micro", "UserData": "#!/bin/sh {{ ds }}"},
            wait_for_completion=True,
            poll_interval=1,
        )

    ids = xcom(local_aws, build, context(params={"n": 2}, ds="d"))
    assert [state_of(ec2, item) for item in ids] == ["running", "running"]
    data = ec2.describe_instance_attribute(InstanceId=ids[0], Attribute="userData")["UserData"]["Value"]
    assert base64.b64decode(data) == b"#!/bin/sh d"


def test_instances_that_do_not_come_up_are_terminated_and_the_task_fails():
    found = states(EC2CreateInstanceOperator, image_id=IMAGE, wait_for_completion=True)
    assert found["failed"]["Next"] == "t: terminateInstances"
    assert found["late"]["Next"] == "t: terminateInstances"
    assert found["terminateInstances"]["Arguments"] == {"InstanceIds": "{% $p_ids %}"}
    assert found["terminateInstances"]["Next"] == "t: broken"
    assert found["broken"]["Cause"] == "{% $p_failure.cause %}"
    kept = states(
        EC2CreateInstanceOperator, image_id=IMAGE, wait_for_completion=True, terminate_instance_on_failure=False
    )
    assert "terminateInstances" not in kept


def test_without_waiting_creation_is_one_call(local_aws: Any):
    state = member(EC2CreateInstanceOperator, image_id=IMAGE)
    assert (state["Type"], state["Output"]) == ("Task", "{% [$states.result.Instances.InstanceId] %}")


@pytest.mark.parametrize(
    ("cls", "ends"), [(EC2TerminateInstanceOperator, "terminated"), (EC2RebootInstanceOperator, "running")]
)
def test_instances_of_a_task_before_are_terminated_or_rebooted(local_aws: Any, ec2: Any, cls: Any, ends: str):
    def build() -> Any:
        made = EC2CreateInstanceOperator(task_id="made", image_id=IMAGE)
        cls(task_id="t", instance_ids=made.output, wait_for_completion=True, poll_interval=1)

    view = run(local_aws, group_of(build))
    assert str(view.state("t").status) == "succeeded", view
    assert [state_of(ec2, item) for item in view.state("made").output] == [ends]


def test_only_instances_made_for_it_hibernate(local_aws: Any, ec2: Any, instance: str):
    def build() -> Any:
        return EC2HibernateInstanceOperator(
            task_id="t", instance_ids=instance, wait_for_completion=True, poll_interval=1
        )

    told, cause = status(local_aws, build)
    assert told == "failed"
    assert cause == f'not configured for hibernation: ["{instance}"]'
    made = ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, HibernationOptions={"Configured": True})
    ready = made["Instances"][0]
    found = states(EC2HibernateInstanceOperator, instance_ids=[ready["InstanceId"]])
    assert found["stopInstances"]["Arguments"] == {"InstanceIds": [ready["InstanceId"]], "Hibernate": True}
