"""Starting, adopting, reading and stopping executions on the embedded AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.exceptions import AccessDenied, DeployError, ExecutionError
from airflow_sfn_ml.hooks.errors import is_passing
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook, execution_arn
from airflow_sfn_ml.local import LocalAws

WAIT = {"QueryLanguage": "JSONata", "StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 60, "End": True}}}
STEPS = {
    "QueryLanguage": "JSONata",
    "StartAt": "s0",
    "States": {f"s{i}": {"Type": "Pass", **({"Next": f"s{i + 1}"} if i < 9 else {"End": True})} for i in range(10)},
}
IDENTITY = {"dag_id": "d", "run_id": "r", "group_id": "g", "map_index": -1, "generation": 0}


@pytest.fixture
def hook(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctionsHook]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    return StepFunctionsHook(None)


def document(**values: Any) -> dict[str, Any]:
    return {"airflow": IDENTITY, "values": {"a": values}}


def version(hook: StepFunctionsHook, name: str, definition: dict[str, Any]) -> str:
    made = hook.conn.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r", publish=True
    )
    return str(made["stateMachineVersionArn"])


def test_a_second_start_adopts_the_execution_while_it_runs_and_after_it_has_ended(hook: StepFunctionsHook):
    arn = version(hook, "adopt", WAIT)
    first = hook.start(arn, "run", document(x=1))
    assert hook.start(arn, "run", document(x="rendered to something else")) == first
    hook.stop(first, "E", "c")
    assert hook.start(arn, "run", document(x=1)) == first
    assert (
        len(
            hook.conn.list_executions(
                stateMachineArn=execution_arn(arn, "x").rsplit(":", 1)[0].replace(":execution:", ":stateMachine:")
            )["executions"]
        )
        == 1
    )


@pytest.mark.parametrize("text", ["{}", '{"airflow": {"dag_id": "other"}}', '"text"'])
def test_an_execution_that_someone_started_by_hand_is_refused(hook: StepFunctionsHook, text: str):
    arn = version(hook, f"by-hand-{abs(hash(text))}", WAIT)
    hook.conn.start_execution(stateMachineArn=arn, name="run", input=text)
    with pytest.raises(ExecutionError, match="this Dag run did not start it"):
        hook.start(arn, "run", document())


def test_only_new_events_are_read(hook: StepFunctionsHook, monkeypatch: pytest.MonkeyPatch):
    arn = hook.start(version(hook, "events", STEPS), "run", document())
    while hook.describe(arn)["status"] == "RUNNING":
        time.sleep(0.05)
    monkeypatch.setattr("airflow_sfn_ml.hooks.step_functions.PAGE", 4)
    whole = hook.events(arn)
    assert [event["id"] for event in whole] == list(range(1, len(whole) + 1))
    assert hook.events(arn, after=5) == whole[5:]
    assert hook.events(arn, after=len(whole)) == []


def test_stopping_tells_why_and_stopping_twice_is_no_error(hook: StepFunctionsHook):
    arn = hook.start(version(hook, "stop", WAIT), "run", document())
    hook.stop(arn, "Airflow.TaskMarkedFailed", "because")
    hook.stop(arn, "Other", "later")
    told = hook.describe(arn)
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Airflow.TaskMarkedFailed", "because")


def test_a_log_that_is_not_there_has_no_lines(hook: StepFunctionsHook):
    assert hook.log_tail("/aws/sagemaker/TrainingJobs", "nobody/", 10) == []


def test_an_unreachable_endpoint_is_told_with_what_was_asked(hook: StepFunctionsHook, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(DeployError, match=r"states:DescribeExecution at .*127\.0\.0\.1:9"):
        StepFunctionsHook(None).describe("arn:aws:states:us-east-1:123456789012:execution:m:e")


def refused(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "said so"}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Operation"
    )


def test_a_missing_permission_is_named():
    with (
        pytest.raises(AccessDenied, match=r"lack states:StopExecution on arn .*said so"),
        translated(None, "states:StopExecution", "arn"),
    ):
        raise refused("AccessDeniedException")


def wrapped(error: Exception) -> DeployError:
    told = DeployError("told")
    told.__cause__ = error
    return told


def test_what_passes_by_itself():
    assert is_passing(refused("ThrottlingException"))
    assert is_passing(wrapped(refused("ThrottlingException")))
    assert is_passing(wrapped(refused("InternalFailure", 500)))
    assert is_passing(wrapped(EndpointConnectionError(endpoint_url="http://x")))
    assert not is_passing(wrapped(refused("InvalidArn")))
    assert not is_passing(wrapped(NoCredentialsError()))
    assert not is_passing(AccessDenied("no"))


def test_executions_come_newest_first_and_no_page_is_read_that_is_not_asked_for(
    hook: StepFunctionsHook, monkeypatch: pytest.MonkeyPatch
):
    machine = version(hook, "listed-page-by-page", WAIT)
    started = [hook.start(machine, f"run-{number}", document(x=number)) for number in range(5)]
    hook.stop(started[0], "E", "c")
    monkeypatch.setattr("airflow_sfn_ml.hooks.step_functions.PAGE", 2)
    asked: list[dict[str, Any]] = []
    list_executions = hook.conn.list_executions
    monkeypatch.setattr(hook.conn, "list_executions", lambda **given: asked.append(given) or list_executions(**given))

    whole = machine.rpartition(":")[0]
    assert [item["executionArn"] for item in hook.executions(whole)] == started[::-1]
    assert len(asked) == 3
    assert next(iter(hook.executions(whole)))["executionArn"] == started[4]
    assert len(asked) == 4
    running = hook.executions(machine, status="RUNNING")
    assert [item["executionArn"] for item in running] == started[:0:-1]
    third = hook.describe(started[2])["startDate"]
    assert [item["executionArn"] for item in hook.executions(whole, since=third)] == started[:1:-1]


def test_the_clients_of_a_hook_share_one_session_and_all_sessions_what_aws_says_of_its_services(
    hook: StepFunctionsHook,
):
    other = StepFunctionsHook(None)
    assert hook.client_of("sqs") is hook.client_of("sqs")
    assert hook.get_session(region_name="us-east-1") is hook.get_session(region_name="us-east-1")
    assert hook.get_session(region_name="eu-west-1").region_name == "eu-west-1"
    loaders = {id(each.get_session()._session.get_component("data_loader")) for each in (hook, other)}
    assert len(loaders) == 1
