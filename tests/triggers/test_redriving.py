"""A cleared task's execution is redriven once, whoever asks, or handed to a repair with the reason."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from airflow_sfn_ml.exceptions import ExecutionError
from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.redrive import Record
from airflow_sfn_ml.triggers.renewal import NeedsRepair, Redriven, Renewal
from airflow_sfn_ml.triggers.sharing import shared_hook, shared_watcher

ROLE = "arn:aws:iam::123456789012:role/any"
SETTINGS = (None, "us-east-1", None)


@pytest.fixture
def failed(local_aws: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """An execution that failed, and fails again each time that it is redriven."""
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "0.2")
    missing = {"Bucket": "no-such-bucket", "Key": "nothing"}
    task = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:s3:headObject", "Parameters": missing, "End": True}
    stepfunctions = local_aws.client("stepfunctions")
    name = request.node.name.replace("[", "-").replace("]", "")[-80:]
    definition = json.dumps({"StartAt": "a", "States": {"a": task}})
    made = stepfunctions.create_state_machine(name=name, roleArn=ROLE, definition=definition)
    text = json.dumps({"definition": "sha256:then"})
    arn = str(stepfunctions.start_execution(stateMachineArn=made["stateMachineArn"], input=text)["executionArn"])
    while stepfunctions.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.05)
    return arn


async def ask(arn: str, renewal: Renewal, change: Any = None) -> Redriven | NeedsRepair:
    """Ask as the trigger of a cleared task does when it has seen the end of the execution *arn*."""
    watcher = await shared_watcher(SETTINGS, arn)
    view = None
    async for seen in watcher.snapshots():
        view = seen
    assert isinstance(view, ExecutionView)
    if view.redrive_count:
        return Redriven(())  # it would follow what comes
    view = replace(view, **change) if change else view
    return await renewal.redrive(await shared_hook(SETTINGS), watcher, view, lambda line: None)


def renewal(arn: str, **more: Any) -> Renewal:
    return Renewal(Subject("a"), Record(arn, 0, 1), whole=False, **more)


MANY = """
import asyncio, sys
from tests.triggers.test_redriving import ask, renewal
async def all_at_once(arn):
    answers = await asyncio.gather(*(ask(arn, renewal(arn)) for _ in range(10)))
    print(len(answers), {type(answer).__name__ for answer in answers})
asyncio.run(all_at_once(sys.argv[1]))
"""


def test_tasks_in_several_triggerers_redrive_once_although_it_fails_again_at_once(local_aws: Any, failed: str):
    asked = [
        subprocess.Popen([sys.executable, "-c", MANY, failed], stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    told = [process.communicate(timeout=120)[0].splitlines()[-1] for process in asked]
    assert told == ["10 {'Redriven'}"] * 3
    assert local_aws.client("stepfunctions").describe_execution(executionArn=failed)["redriveCount"] == 1


def test_who_comes_long_after_the_redrive_asks_for_none(local_aws: Any, failed: str):
    stepfunctions = local_aws.client("stepfunctions")
    stepfunctions.redrive_execution(executionArn=failed, clientToken="someone else's")
    while stepfunctions.describe_execution(executionArn=failed)["status"] == "RUNNING":
        time.sleep(0.05)

    async def late() -> Redriven | NeedsRepair:
        watcher = await shared_watcher(SETTINGS, failed)
        seen = [view async for view in watcher.snapshots()]
        old = replace(seen[-1], redrive_count=0)
        return await renewal(failed).redrive(await shared_hook(SETTINGS), watcher, old, lambda line: None)

    assert isinstance(asyncio.run(late()), Redriven)
    assert stepfunctions.describe_execution(executionArn=failed)["redriveCount"] == 1


def age(local_aws: Any, arn: str) -> None:
    urllib.request.urlopen(f"{local_aws.url}/_age?execution={quote(arn)}&days=15").read()


def test_what_aws_does_not_redrive_any_more_is_repaired_with_its_reason(local_aws: Any, failed: str):
    age(local_aws, failed)
    answer = asyncio.run(ask(failed, renewal(failed)))
    assert isinstance(answer, NeedsRepair)
    assert "Execution redrivable period exceeded" in answer.reason


def test_a_machine_that_was_written_as_a_whole_is_not_repaired_but_says_what_to_clear(local_aws: Any, failed: str):
    age(local_aws, failed)
    with pytest.raises(ExecutionError, match="Clear the group's start task"):
        asyncio.run(ask(failed, replace(renewal(failed), whole=True)))


def test_a_group_that_has_changed_is_repaired_and_one_that_has_not_is_redriven(failed: str):
    answer = asyncio.run(ask(failed, renewal(failed, definition="sha256:now")))
    assert isinstance(answer, NeedsRepair)
    assert "the group has changed" in answer.reason
    assert isinstance(asyncio.run(ask(failed, renewal(failed, definition="sha256:then"))), Redriven)


def test_what_was_started_before_definitions_were_told_is_redriven(failed: str):
    answer = asyncio.run(ask(failed, renewal(failed, definition="sha256:now"), {"input_text": "{}"}))
    assert isinstance(answer, Redriven)


def test_a_task_that_succeeded_is_repaired(failed: str):
    succeeded = Renewal(Subject("a"), Record(failed, 0, 1, failed=False), whole=False)
    assert isinstance(asyncio.run(ask(failed, succeeded)), NeedsRepair)
