"""Task tokens and activities: answers, heartbeats, stops, and who comes too late."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.machines import Account, unique


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return str(refused.value.response["Error"]["Code"])


def waiting(account: Account, **fields: Any) -> tuple[str, str]:
    """A running execution that waits for the answer to a token, and the token."""
    sqs = account.aws.client("sqs")
    url = sqs.create_queue(QueueName=unique("tokens"))["QueueUrl"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": url, "MessageBody": "{% $states.context.Task.Token %}"},
        "End": True,
        **fields,
    }
    execution = account.start(account.create({"Wait": state}))
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"]
    return execution, message["Body"]


def activity(account: Account) -> str:
    return str(account.sfn.create_activity(name=unique("activity"))["activityArn"])


def work(account: Account, arn: str, **fields: Any) -> str:
    """The ARN of a machine with one task for the activity."""
    state = {"Type": "Task", "Resource": arn, "Arguments": {"n": "{% $states.input.n %}"}, "End": True, **fields}
    return account.create({"Work": state})


def test_an_answer_ends_the_wait_once(account: Account) -> None:
    execution, token = waiting(account)
    with pytest.raises(ClientError) as refused:
        account.sfn.send_task_success(taskToken=token, output="{no json")
    assert code(refused) == "InvalidOutput"
    account.sfn.send_task_success(taskToken=token, output='{"a": 1}')
    assert json.loads(account.finish(execution)["output"]) == {"a": 1}
    with pytest.raises(ClientError) as refused:
        account.sfn.send_task_failure(taskToken=token)
    assert code(refused) == "TaskTimedOut"
    with pytest.raises(ClientError) as refused:
        account.sfn.send_task_success(taskToken="never-was", output="1")
    assert code(refused) == "InvalidToken"


def test_a_stop_ends_the_wait_and_an_answer_is_too_late(account: Account) -> None:
    execution, token = waiting(account)
    account.sfn.stop_execution(executionArn=execution, error="Mine")
    described = account.sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["error"]) == ("ABORTED", "Mine")
    for answer in (account.sfn.send_task_failure, account.sfn.send_task_heartbeat):
        with pytest.raises(ClientError) as refused:
            answer(taskToken=token)
        assert code(refused) == "TaskTimedOut"


@pytest.mark.parametrize(("limit", "error"), [("TimeoutSeconds", "States.Timeout"), ("HeartbeatSeconds", "States.")])
def test_a_wait_has_its_limits_and_an_answer_is_too_late(account: Account, limit: str, error: str) -> None:
    execution, token = waiting(account, **{limit: 1})
    described = account.finish(execution)
    assert described["status"] == "FAILED"
    assert described["error"].startswith(error)
    with pytest.raises(ClientError) as refused:
        account.sfn.send_task_success(taskToken=token, output="1")
    assert code(refused) == "TaskTimedOut"


def test_heartbeats_keep_a_wait_alive(account: Account) -> None:
    execution, token = waiting(account, HeartbeatSeconds=2)
    for _ in range(4):
        time.sleep(0.7)
        account.sfn.send_task_heartbeat(taskToken=token)
    account.sfn.send_task_success(taskToken=token, output="1")
    assert account.finish(execution)["status"] == "SUCCEEDED"


def test_a_worker_takes_a_task_of_an_activity_and_answers(account: Account) -> None:
    arn = activity(account)
    with ThreadPoolExecutor(1) as pool:
        taken = pool.submit(account.aws.client("stepfunctions").get_activity_task, activityArn=arn, workerName="me")
        execution = account.start(work(account, arn), {"n": 1})
        task = taken.result(timeout=30)
    assert json.loads(task["input"]) == {"n": 1}
    account.sfn.send_task_success(taskToken=task["taskToken"], output='"done"')
    assert json.loads(account.finish(execution)["output"]) == "done"
    events = account.events(execution)
    assert [event["type"] for event in events][2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    assert events[3]["activityStartedEventDetails"] == {"workerName": "me"}


def test_every_task_goes_to_one_worker(account: Account) -> None:
    arn = activity(account)
    machine = work(account, arn)
    executions = [account.start(machine, {"n": n}) for n in range(6)]

    def take() -> dict[str, Any]:
        return dict(account.aws.client("stepfunctions").get_activity_task(activityArn=arn))

    with ThreadPoolExecutor(3) as pool:
        tasks = [each.result() for each in [pool.submit(take) for _ in range(6)]]
    assert sorted(json.loads(task["input"])["n"] for task in tasks) == list(range(6))
    for task in tasks:
        account.sfn.send_task_success(taskToken=task["taskToken"], output=task["input"])
    assert [json.loads(account.finish(each)["output"])["n"] for each in executions] == list(range(6))


def test_a_task_of_a_stopped_execution_is_not_handed_out(account: Account) -> None:
    arn = activity(account)
    machine = work(account, arn)
    first = account.start(machine, {"n": 1})
    while "ActivityScheduled" not in account.types(first):
        time.sleep(0.05)
    account.sfn.stop_execution(executionArn=first)
    assert account.finish(first)["status"] == "ABORTED"
    second = account.start(machine, {"n": 2})
    task = account.sfn.get_activity_task(activityArn=arn)
    assert json.loads(task["input"]) == {"n": 2}
    account.sfn.send_task_failure(taskToken=task["taskToken"], error="Mine", cause="because")
    described = account.finish(second)
    assert (described["error"], described["cause"]) == ("Mine", "because")
    assert "ActivityFailed" in account.types(second)


def test_a_task_that_nobody_takes_times_out(account: Account) -> None:
    arn = activity(account)
    described = account.finish(account.start(work(account, arn, TimeoutSeconds=1), {"n": 1}))
    assert (described["status"], described["error"]) == ("FAILED", "States.Timeout")


def test_an_activity_that_is_not_there_is_refused(account: Account) -> None:
    arn = activity(account)
    account.sfn.delete_activity(activityArn=arn)
    with pytest.raises(ClientError) as refused:
        account.sfn.get_activity_task(activityArn=arn)
    assert code(refused) == "ActivityDoesNotExist"
    assert account.finish(account.start(work(account, arn), {"n": 1}))["error"] == "States.Runtime"
