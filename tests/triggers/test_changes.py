"""What has ended in AWS, by lists and by a queue: each time told once, to whom it concerns."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.triggers import sources
from airflow_sfn_ml.triggers.changes import Change, of_message
from airflow_sfn_ml.triggers.execution import StepFunctionsExecutionTrigger
from airflow_sfn_ml.triggers.job import SageMakerJobStateTrigger

ROLE = "arn:aws:iam::123456789012:role/states"
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sources, "GATHERING", 0.0)
    return local_aws


def machine(aws: LocalAws, name: str, definition: dict[str, Any]) -> str:
    made = aws.client("stepfunctions").create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def start(aws: LocalAws, arn: str, name: str, given: str = "{}") -> str:
    started = aws.client("stepfunctions").start_execution(stateMachineArn=arn, name=name, input=given)
    return str(started["executionArn"])


def job(aws: LocalAws, name: str, code: str = "print(1)") -> None:
    aws.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/sagemaker",
        AppSpecification={"ImageUri": "any-image", "ContainerEntrypoint": ["python3", "-c", code]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )


def told(trigger: Any, act: Callable[[], None], seconds: float) -> list[dict[str, Any]]:
    """The payloads of *trigger* while *act* happens and for *seconds* after it."""

    async def watch() -> list[dict[str, Any]]:
        payloads: list[dict[str, Any]] = []

        async def collect() -> None:
            async for event in trigger.run():
                payloads.append(event.payload)

        watching = asyncio.ensure_future(collect())
        await asyncio.sleep(1)
        await asyncio.to_thread(act)
        await asyncio.sleep(seconds)
        assert not watching.done(), "a watcher never ends"
        watching.cancel()
        return payloads

    return asyncio.run(watch())


def test_executions_of_one_machine_are_told_once_with_their_outputs(aws: LocalAws):
    watched, other = machine(aws, "watched", ECHO), machine(aws, "unwatched", ECHO)
    start(aws, watched, "before")

    def act() -> None:
        for number in range(3):
            start(aws, watched, f"echo-{number}", json.dumps({"n": number}))
        start(aws, other, "other")

    trigger = StepFunctionsExecutionTrigger(watched, aws_conn_id=None, interval=0.3)
    found = told(trigger, act, 4)
    found = [each for each in found if each["name"] != "before"]
    assert [each["name"] for each in found] == ["echo-0", "echo-1", "echo-2"]
    assert [each["output"] for each in found] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert {each["status"] for each in found} == {"SUCCEEDED"}
    assert json.loads(json.dumps(found)) == found


def test_an_execution_that_began_long_before_it_ended_is_told(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sources, "MARGIN", sources.timedelta(0))
    monkeypatch.setattr(sources, "LOOKBACK", sources.timedelta(0))
    arn = machine(aws, "watched-long", WAIT)
    running = start(aws, arn, "long")

    def act() -> None:
        time.sleep(1)
        aws.client("stepfunctions").stop_execution(executionArn=running)

    trigger = StepFunctionsExecutionTrigger(arn, statuses=["ABORTED"], aws_conn_id=None, interval=0.3)
    assert [each["arn"] for each in told(trigger, act, 3)] == [running]


def test_jobs_whose_names_fit_are_told_once_with_their_descriptions(aws: LocalAws):
    def act() -> None:
        job(aws, "census-a")
        job(aws, "census-b", "raise SystemExit(1)")
        job(aws, "other-a")

    trigger = SageMakerJobStateTrigger("Processing", "census-*", aws_conn_id=None, interval=0.3)
    (found,) = told(trigger, act, 6)
    assert (found["name"], found["status"], found["kind"]) == ("census-a", "Completed", "Processing")
    assert found["description"]["ProcessingJobName"] == "census-a"


def test_a_queue_tells_what_fits_and_is_emptied(aws: LocalAws):
    sqs, events = aws.client("sqs"), aws.client("events")
    url = sqs.create_queue(QueueName="watched")["QueueUrl"]
    target = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = {"source": ["aws.states", "aws.sagemaker"]}
    events.put_rule(Name="watched", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="watched", Targets=[{"Id": "queue", "Arn": target}])
    arn = machine(aws, "queued", ECHO)

    def act() -> None:
        sqs.send_message(QueueUrl=url, MessageBody="no event")
        start(aws, arn, "queued", '{"x": 1}')
        time.sleep(1)

    trigger = StepFunctionsExecutionTrigger(arn, queue_url=url, aws_conn_id=None)
    try:
        (found,) = told(trigger, act, 4)
    finally:
        events.remove_targets(Rule="watched", Ids=["queue"])
        events.delete_rule(Name="watched")
    assert (found["name"], found["output"]) == ("queued", {"x": 1})
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


async def stream(*changes: Change) -> AsyncGenerator[Change, None]:
    for change in changes:
        yield change


class Assets:
    """What Airflow keeps with an asset."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def aget(self, key: str) -> Any:
        return self.kept.get(key)

    async def aset(self, key: str, value: Any) -> None:
        self.kept[key] = value


def change(name: str, ended: datetime, status: str = "Completed") -> Change:
    return Change("Processing", name, f"arn:{name}", status, ended, result={})


def filtered(trigger: Any, *changes: Change) -> list[str]:
    async def collect() -> list[str]:
        return [event.payload["name"] async for event in trigger.filter_shared_stream(stream(*changes))]

    return asyncio.run(collect())


def test_a_change_that_two_lists_tell_is_told_once():
    now = datetime.now(UTC)
    trigger = SageMakerJobStateTrigger("Processing")
    later = datetime.now(UTC)
    assert filtered(trigger, change("a", later), change("a", later), change("b", later)) == ["a", "b"]
    assert now <= later


def test_the_next_triggerer_tells_what_ended_meanwhile_and_nothing_again():
    store = Assets()
    first = SageMakerJobStateTrigger("Processing")
    first.asset_state_store = store
    before, after = datetime(2026, 1, 1, tzinfo=UTC), datetime.now(UTC)
    assert filtered(first, change("before", before), change("a", after)) == ["a"]
    second = SageMakerJobStateTrigger("Processing")
    second.asset_state_store = store
    assert filtered(second, change("before", before), change("a", after), change("meanwhile", after)) == ["meanwhile"]


def test_triggers_of_the_same_place_share_a_look_and_others_do_not():
    queue = {"queue_url": "https://sqs/q"}
    one = SageMakerJobStateTrigger("Processing", "a-*").shared_stream_key()
    assert one == SageMakerJobStateTrigger("Processing", "b-*", statuses=["Failed"]).shared_stream_key()
    assert one != SageMakerJobStateTrigger("Training", "a-*").shared_stream_key()
    assert one != SageMakerJobStateTrigger("Processing", "a-*", region_name="eu-west-1").shared_stream_key()
    assert (
        SageMakerJobStateTrigger("Processing", **queue).shared_stream_key()
        == StepFunctionsExecutionTrigger(f"{MACHINE}m", **queue).shared_stream_key()
    ), "a message that one reads is gone for the other"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: SageMakerJobStateTrigger("Notebook"), "kind is one of"),
        (lambda: SageMakerJobStateTrigger("Training", statuses=["Done"]), "a job ends as Completed, .* not as Done"),
        (lambda: StepFunctionsExecutionTrigger(f"{MACHINE}m:1"), "without version or alias"),
        (lambda: StepFunctionsExecutionTrigger(f"{MACHINE}m", statuses=["RUNNING"]), "not as RUNNING"),
    ],
)
def test_what_could_never_fire_is_refused_at_parse(make: Callable[[], Any], why: str):
    with pytest.raises(ValueError, match=why):
        make()


@pytest.mark.parametrize("text", ["", "[]", '{"detail-type": "Other"}', '{"detail": {}}', "{"])
def test_a_foreign_message_tells_nothing(text: str):
    assert of_message(text) is None


def test_an_event_of_aws_is_understood_with_numbers_and_with_text():
    detail = {
        "TrainingJobName": "fit",
        "TrainingJobArn": "arn:fit",
        "TrainingJobStatus": "Completed",
        "TrainingEndTime": "1767225600000",
        "CreationTime": 1767225500000,
    }
    event = {"detail-type": "SageMaker Training Job State Change", "time": "2026-01-01T00:00:05Z", "detail": detail}
    found = of_message(json.dumps(event))
    assert found is not None
    assert (found.kind, found.name, found.status) == ("Training", "fit", "Completed")
    assert found.ended == datetime(2026, 1, 1, tzinfo=UTC)
    assert found.payload()["started"] == "2025-12-31T23:58:20+00:00"


def test_a_large_result_is_left_out():
    small = change("a", datetime.now(UTC)).with_result({"x": "y"})
    assert small.payload()["description"] == {"x": "y"}
    assert small.with_result({"x": "y" * 20_000}).payload()["description"] is None


def test_a_trigger_is_made_again_from_what_it_serialises():
    trigger = StepFunctionsExecutionTrigger(f"{MACHINE}m", "run-*", ["FAILED"], queue_url="q", region_name="eu-west-1")
    path, arguments = trigger.serialize()
    assert path == f"{StepFunctionsExecutionTrigger.__module__}.StepFunctionsExecutionTrigger"
    assert StepFunctionsExecutionTrigger(**arguments).serialize() == (path, arguments)
    assert json.loads(json.dumps(arguments)) == arguments
