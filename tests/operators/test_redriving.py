"""Redrive an execution, and answer the tasks that wait for a token."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import redact
from botocore.stub import Stubber

from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.operators.redriving import StepFunctionsRedriveOperator
from airflow_sfn_ml.operators.task_token import StepFunctionsTaskTokenOperator
from airflow_sfn_ml.sensors.activity import StepFunctionsActivityTaskSensor
from tests.operators.tasks import Tries, execute

ROLE = "arn:aws:iam::123456789012:role/states"
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
FAILS = {"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Own.Error"}}}
WAIT = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    return local_aws


def start(aws: LocalAws, name: str, definition: dict[str, Any]) -> str:
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(states.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input="{}")["executionArn"])


def described(aws: LocalAws, arn: str) -> dict[str, Any]:
    return dict(aws.client("stepfunctions").describe_execution(executionArn=arn))


def ended(aws: LocalAws, arn: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while (told := described(aws, arn))["status"] == "RUNNING" and time.monotonic() < end:
        time.sleep(0.05)
    return told


def redrive(arn: str) -> StepFunctionsRedriveOperator:
    return StepFunctionsRedriveOperator(task_id="t", execution_arn=arn, aws_conn_id=None, wait=False, retries=2)


def answer(token: str, **more: Any) -> StepFunctionsTaskTokenOperator:
    return StepFunctionsTaskTokenOperator(task_id="t", task_token=token, aws_conn_id=None, **more)


def test_every_try_redrives_what_has_failed_again(aws: LocalAws):
    arn = start(aws, "redrive-fails", FAILS)
    assert ended(aws, arn)["redriveCount"] == 0
    tries = Tries("redrive-fails")
    assert execute(redrive(arn), tries.next()) == arn
    assert ended(aws, arn)["redriveCount"] == 1
    execute(redrive(arn), tries.next())
    assert ended(aws, arn)["redriveCount"] == 2


def test_the_same_redrive_is_asked_for_with_the_same_token_until_it_is_seen(aws: LocalAws):
    operator, tries = redrive("arn"), Tries("redrive-token")
    first, second = tries.next()["ti"], tries.next()["ti"]
    assert operator._token(first, 0) == operator._token(second, 0)
    assert len(operator._token(first, 0)) <= 64
    assert operator._token(second, 1) != operator._token(second, 0)
    tries.clear()
    assert operator._token(tries.next()["ti"], 0) != operator._token(first, 0)


@pytest.mark.parametrize(("name", "definition"), [("redrive-runs", WAIT), ("redrive-succeeded", ECHO)])
def test_what_runs_or_has_succeeded_is_not_redriven(aws: LocalAws, name: str, definition: dict[str, Any]):
    arn = start(aws, name, definition)
    if definition is ECHO:
        ended(aws, arn)
    assert execute(redrive(arn), Tries(name).next()) == arn
    assert described(aws, arn)["redriveCount"] == 0


def test_what_cannot_be_redriven_says_why(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    told = {"status": "FAILED", "redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": "too old"}
    monkeypatch.setattr(StepFunctionsHook, "describe", lambda *_: told)
    with pytest.raises(AirflowFailException, match="arn cannot be redriven: too old"):
        execute(redrive("arn"), Tries("redrive-old").next())


@pytest.fixture
def waiting(aws: LocalAws, request: pytest.FixtureRequest) -> tuple[str, str]:
    """An execution that waits for a callback, and its token."""
    sqs = aws.client("sqs")
    name = request.node.name.removeprefix("test_").replace("_", "-")[:60].strip("-")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": url, "MessageBody": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 600,
        "End": True,
    }
    arn = start(aws, name, {"StartAt": "ask", "States": {"ask": task}})
    messages: list[Any] = []
    while not messages:
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", [])
    return arn, json.loads(messages[0]["Body"])["token"]


def test_a_state_that_waits_for_its_token_gets_the_output(aws: LocalAws, waiting: tuple[str, str], capsys: Any):
    arn, token = waiting
    execute(answer(token, task_output={"approved": True}), Tries("token-success").next())
    told = ended(aws, arn)
    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"approved": True})
    assert token not in capsys.readouterr().out


def test_a_state_that_waits_for_its_token_gets_the_error(aws: LocalAws, waiting: tuple[str, str]):
    arn, token = waiting
    execute(answer(token, answer="heartbeat"), Tries("token-alive").next())
    assert described(aws, arn)["status"] == "RUNNING"
    execute(answer(token, answer="failure", error="Refused", cause="not today"), Tries("token-failure").next())
    told = ended(aws, arn)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Refused", "not today")


def test_a_try_that_finds_its_answer_given_is_content(aws: LocalAws, waiting: tuple[str, str]):
    arn, token = waiting
    tries = Tries("token-again")
    execute(answer(token), tries.next())
    assert ended(aws, arn)["status"] == "SUCCEEDED"
    operator = answer(token)
    client = operator.make_hook().conn
    with Stubber(client) as stub:
        stub.add_client_error("send_task_success", "TaskTimedOut", "Provided task does not exist anymore")
        operator.make_hook = lambda: type("Hook", (), {"conn": client})()  # type: ignore[method-assign]
        execute(operator, tries.next())
        stub.add_client_error("send_task_success", "TaskTimedOut", "Provided task does not exist anymore")
        with pytest.raises(AirflowFailException, match="SendTaskSuccess: .*TaskTimedOut"):
            execute(operator, Tries("token-late").next())


def test_an_unknown_token_is_refused_at_once_and_not_told(aws: LocalAws):
    with pytest.raises(AirflowFailException) as refused:
        execute(answer("no-such-token-1234567890"), Tries("token-unknown").next())
    assert "no-such-token" not in str(refused.value)


def test_an_answer_that_does_not_exist_is_refused(aws: LocalAws):
    with pytest.raises(AirflowFailException, match="success, failure or heartbeat"):
        execute(answer("token", answer="maybe"), Tries("token-maybe").next())


def test_a_task_of_an_activity_is_taken_and_answered_with_its_token_masked(aws: LocalAws, capsys: Any):
    activity = aws.client("stepfunctions").create_activity(name="approve")["activityArn"]
    arn = start(aws, "asks", {"StartAt": "ask", "States": {"ask": {"Type": "Task", "Resource": activity, "End": True}}})
    sensor = StepFunctionsActivityTaskSensor(task_id="t", activity_arn=activity, aws_conn_id=None)
    taken = sensor.poke(Tries("takes").next())
    assert taken.is_done
    token = taken.xcom_value["task_token"]
    assert taken.xcom_value["input"] == {}
    assert redact(f"answering {token}") == "answering ***"
    execute(answer(token, task_output=[1]), Tries("answers").next())
    told = ended(aws, arn)
    assert (told["status"], told["output"]) == ("SUCCEEDED", "[1]")
    assert token not in capsys.readouterr().out


def test_a_call_for_a_task_outlasts_aws_and_is_not_made_twice(aws: LocalAws):
    sensor = StepFunctionsActivityTaskSensor(
        task_id="t", activity_arn="arn", aws_conn_id=None, botocore_config={"connect_timeout": 7}
    )
    config = sensor._client().meta.config
    assert config.read_timeout > 60
    assert config.retries["total_max_attempts"] == 1
    assert config.connect_timeout == 7
    assert (sensor.mode, sensor.multiple_outputs) == ("reschedule", True)
