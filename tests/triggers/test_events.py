"""Watchers that events wake, on the embedded AWS: Step Functions, SageMaker, EventBridge and SQS."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.triggers import reader, reliance
from airflow_sfn_ml.triggers.loops import of_loop
from airflow_sfn_ml.triggers.sharing import Settings, shared_status, shared_watcher
from tests.local.machines import PROCESSING, python, unique

SETTINGS: Settings = (None, "us-east-1", None)
ROLE = "arn:aws:iam::123456789012:role/r"


def run(make: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(make(), 90))


class Account:
    """What the tests make on the embedded AWS."""

    def __init__(self, aws: LocalAws) -> None:
        self.states = aws.client("stepfunctions")
        self.sqs = aws.client("sqs")
        self.events = aws.client("events")
        self.name = unique("events")
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]

    def connect_events(self) -> None:
        arn = f"arn:aws:sqs:us-east-1:123456789012:{self.name}"
        self.events.put_rule(Name=self.name, EventPattern=json.dumps({"source": ["aws.states", "aws.sagemaker"]}))
        self.events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": arn}])

    def disconnect(self) -> None:
        self.events.remove_targets(Rule=self.name, Ids=["queue"])
        self.events.delete_rule(Name=self.name)

    def start(self, *, seconds: int = 2) -> str:
        return self.start_states({"s": {"Type": "Wait", "Seconds": seconds, "End": True}})

    def start_states(self, states: dict[str, Any]) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        machine = self.states.create_state_machine(name=unique("m"), definition=json.dumps(definition), roleArn=ROLE)[
            "stateMachineArn"
        ]
        return str(self.states.start_execution(stateMachineArn=machine, name="e")["executionArn"])

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def left(self) -> int:
        told = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["All"])["Attributes"]
        return int(told["ApproximateNumberOfMessages"]) + int(told["ApproximateNumberOfMessagesNotVisible"])


@pytest.fixture
def account(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Account:
    made = Account(local_aws)
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__SFN_ML__EVENTS_QUEUE_URL", made.queue)
    # nothing but an event leads to a look within the time of a test
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "60")
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_LONGEST", "60")
    return made


async def last_view(arn: str) -> ExecutionView:
    watcher = await shared_watcher(SETTINGS, arn)
    return [view async for view in watcher.snapshots()][-1]


async def last_status(arn: str) -> str:
    watcher = await shared_status(SETTINGS, arn)
    return str([summary async for summary in watcher.snapshots()][-1]["status"])


async def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.1)


def test_the_end_of_an_execution_wakes_those_who_follow_it(account: Account):
    account.connect_events()

    async def scenario() -> None:
        arn = account.start()
        view, status = await asyncio.wait_for(asyncio.gather(last_view(arn), last_status(arn)), 30)
        assert (view.status, status) == ("SUCCEEDED", "SUCCEEDED")

    try:
        run(scenario)
    finally:
        account.disconnect()


def test_the_end_of_a_job_wakes_those_who_follow_its_execution(account: Account):
    """Both jobs: that the second one runs is only known by looking again after the end of the first."""
    account.connect_events()
    jobs = [python(unique("job"), "import time; time.sleep(3)") for _ in range(2)]
    states: dict[str, Any] = {
        "first": {"Type": "Task", "Resource": PROCESSING, "Arguments": jobs[0], "Next": "second"},
        "second": {"Type": "Task", "Resource": PROCESSING, "Arguments": jobs[1], "Next": "wait"},
        "wait": {"Type": "Wait", "Seconds": 300, "End": True},
    }

    async def scenario() -> None:
        arn = account.start_states(states)
        watcher = await shared_watcher(SETTINGS, arn)
        async for view in watcher.snapshots():
            if watcher.rounds.sparse is None:
                watcher.wake()  # the first look may come before the job was submitted
            if view.state("second").status == "succeeded":
                break

    try:
        run(scenario)
    finally:
        account.disconnect()


def test_two_triggerers_that_follow_the_same_execution_are_both_woken(account: Account):
    account.connect_events()
    arn = account.start(seconds=4)
    ends: list[str] = []

    def triggerer() -> None:
        ends.append(asyncio.run(asyncio.wait_for(last_view(arn), 40)).status)

    threads = [threading.Thread(target=triggerer) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        account.disconnect()
    assert ends == ["SUCCEEDED", "SUCCEEDED"]


def test_foreign_malformed_and_doubled_messages_wake_nobody_and_do_not_stay(account: Account):
    foreign = {"detail-type": "Step Functions Execution Status Change", "detail": {"executionArn": "arn:other"}}

    async def scenario() -> None:
        arn = account.start(seconds=60)
        following = asyncio.create_task(last_view(arn))
        watcher = await shared_watcher(SETTINGS, arn)
        await until(lambda: watcher.view is not None and of_loop().reading is not None)
        seen = watcher.looked_at
        for body in ("{", "no event", json.dumps(foreign), json.dumps(foreign)):
            account.send(body)
        await until(lambda: account.left() == 0)
        assert watcher.looked_at == seen
        following.cancel()

    run(scenario)


def test_a_made_up_end_only_leads_to_a_look(account: Account):
    async def scenario() -> None:
        arn = account.start(seconds=60)
        following = asyncio.create_task(last_view(arn))
        watcher = await shared_watcher(SETTINGS, arn)
        await until(lambda: watcher.view is not None)
        seen = watcher.looked_at
        detail = {"executionArn": arn, "status": "FAILED"}
        account.send(json.dumps({"detail-type": "Step Functions Execution Status Change", "detail": detail}))
        await until(lambda: watcher.looked_at > seen)
        assert watcher.view is not None
        assert watcher.view.status == "RUNNING"
        following.cancel()

    run(scenario)


def test_nobody_reads_the_queue_while_nothing_is_watched(account: Account):
    async def scenario() -> None:
        arn = account.start(seconds=60)
        await shared_watcher(SETTINGS, arn)
        account.send("stays")
        await asyncio.sleep(1)
        assert account.left() == 1
        following = asyncio.create_task(last_view(arn))
        await until(lambda: account.left() == 0)
        following.cancel()

    run(scenario)


def test_without_the_queue_the_log_says_so_once_and_the_usual_pace_is_kept(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("AIRFLOW__SFN_ML__EVENTS_QUEUE_URL", account.queue + "-that-does-not-exist")
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "0.5")
    monkeypatch.setattr(reader, "REST", 0.2)

    def warnings() -> list[str]:
        return [
            record.getMessage()
            for record in caplog.records
            if record.levelname == "WARNING" and "event queue cannot be read" in record.getMessage()
        ]

    async def scenario() -> None:
        arn = account.start(seconds=60)
        following = asyncio.create_task(last_view(arn))
        watcher = await shared_watcher(SETTINGS, arn)
        await until(lambda: bool(warnings()))
        for _ in range(3):
            seen = watcher.looked_at
            await until(lambda seen=seen: watcher.looked_at > seen)  # type: ignore[misc]
        following.cancel()

    run(scenario)
    assert len(warnings()) == 1
    assert "sqs:ReceiveMessage" in warnings()[0]


def test_a_queue_that_no_rule_fills_is_not_relied_on(
    account: Account, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setattr(reliance, "LATE", 0.0)
    monkeypatch.setattr(reader, "POLL", 1)
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "0.5")
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_LONGEST", "1")
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_WITH_EVENTS", "2")

    async def scenario() -> None:
        kept = asyncio.create_task(last_view(account.start(seconds=60)))
        await asyncio.gather(*(last_view(account.start(seconds=4)) for _ in range(3)))
        await until(lambda: "no event came" in caplog.text)
        kept.cancel()

    run(scenario)
