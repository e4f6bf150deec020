"""Start an execution of a machine that was made elsewhere: once, whatever dies."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import ANY

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout, TaskDeferred

from airflow_sfn_ml.exceptions import AccessDenied, SfnMlError
from airflow_sfn_ml.hooks import starting, wishes
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.operators.execution import StepFunctionsStartOperator
from tests.operators.tasks import Tries, execute

DONT_WAIT = {"deferrable": False, "wait": False}
ROLE = "arn:aws:iam::123456789012:role/states"
WAIT = {"QueryLanguage": "JSONata", "StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
FAILS = {"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Own.Error", "Cause": "on purpose"}}}
SLOW = {"StartAt": "w", "TimeoutSeconds": 1, "States": {"w": {"Type": "Wait", "Seconds": 60, "End": True}}}


@pytest.fixture
def states(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "0.1")
    return local_aws.client("stepfunctions")


def machine(states: Any, name: str, definition: dict[str, Any], kind: str = "STANDARD") -> str:
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, type=kind)
    return str(made["stateMachineArn"])


def operator(arn: str, **more: Any) -> StepFunctionsStartOperator:
    return StepFunctionsStartOperator(
        **{"task_id": "t", "state_machine_arn": arn, "aws_conn_id": None, "retries": 2, **DONT_WAIT, **more}
    )


def started(states: Any, arn: str) -> list[dict[str, Any]]:
    return list(states.list_executions(stateMachineArn=arn)["executions"])


def ended(states: Any, arn: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while (told := states.describe_execution(executionArn=arn))["status"] == "RUNNING" and time.monotonic() < end:
        time.sleep(0.05)
    return dict(told)


def test_the_output_is_the_result(states: Any):
    arn = machine(states, "exec-echo", ECHO)
    tries = Tries("exec-echo")
    assert execute(operator(arn, input={"b": [1, "ü"], "a": None}, wait=True), tries.next()) == {
        "b": [1, "ü"],
        "a": None,
    }
    assert tries.xcoms == {
        "execution_arn": started(states, arn)[0]["executionArn"],
        "_link_StepFunctionsExecutionLink": ANY,
    }


def test_a_try_after_one_that_died_adopts_what_runs(states: Any):
    arn = machine(states, "exec-adopts", WAIT)
    tries = Tries("exec-adopts")
    first = execute(operator(arn, input={"x": 1}), tries.next())
    assert execute(operator(arn, input={"x": "rendered to something else"}), tries.next()) == first
    assert len(started(states, arn)) == 1


def test_a_try_after_one_that_died_adopts_what_has_succeeded(states: Any):
    arn = machine(states, "exec-adopts-ended", ECHO)
    tries = Tries("exec-adopts-ended")
    first = execute(operator(arn), tries.next())
    assert ended(states, first)["status"] == "SUCCEEDED"
    assert execute(operator(arn), tries.next()) == first
    assert len(started(states, arn)) == 1


def test_a_retry_redrives_what_failed(states: Any):
    arn = machine(states, "exec-redrives", FAILS)
    tries = Tries("exec-redrives")
    first = execute(operator(arn), tries.next())
    assert ended(states, first)["status"] == "FAILED"
    assert execute(operator(arn), tries.next()) == first
    assert ended(states, first)["redriveCount"] == 1
    assert len(started(states, arn)) == 1


def test_a_retry_starts_the_next_execution_where_no_redrive_is_wanted_and_only_one(states: Any):
    arn = machine(states, "exec-next", FAILS)
    tries = Tries("exec-next")
    first = execute(operator(arn, redrive_on_retry=False), tries.next())
    ended(states, first)
    second = execute(operator(arn, redrive_on_retry=False), tries.next())
    assert second == f"{first}-n2"
    ended(states, second)
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))
    third = execute(operator(arn, redrive_on_retry=False), tries.next())
    assert third == f"{first}-n3"
    assert execute(operator(arn, redrive_on_retry=False), tries.next()) == third
    assert len(started(states, arn)) == 3


def test_clearing_what_succeeded_starts_anew(states: Any):
    arn = machine(states, "exec-clear", ECHO)
    tries = Tries("exec-clear")
    first = execute(operator(arn), tries.next())
    ended(states, first)
    tries.clear()
    second = execute(operator(arn), tries.next())
    assert second == f"{first}-g1"
    ended(states, second)
    assert execute(operator(arn), tries.next()) == second
    assert len(started(states, arn)) == 2


def test_clearing_what_failed_redrives_it_and_the_next_try_knows(states: Any):
    arn = machine(states, "exec-clear-failed", FAILS)
    tries = Tries("exec-clear-failed")
    first = execute(operator(arn), tries.next())
    ended(states, first)
    tries.clear()
    assert execute(operator(arn), tries.next()) == first
    assert ended(states, first)["redriveCount"] == 1
    assert execute(operator(arn), tries.next()) == first
    assert ended(states, first)["redriveCount"] == 2
    assert len(started(states, arn)) == 1


def test_clearing_what_failed_with_another_input_starts_anew(states: Any):
    arn = machine(states, "exec-clear-input", FAILS)
    tries = Tries("exec-clear-input")
    first = execute(operator(arn, input={"x": 1}), tries.next())
    ended(states, first)
    tries.clear()
    assert execute(operator(arn, input={"x": 2}), tries.next()) == f"{first}-g1"
    assert states.describe_execution(executionArn=first)["redriveCount"] == 0


def test_clearing_what_failed_in_an_old_version_runs_the_new_one(states: Any):
    arn = machine(states, "exec-clear-version", FAILS)
    old = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    tries = Tries("exec-clear-version")
    first = execute(operator(old), tries.next())
    ended(states, first)
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(ECHO))
    new = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    tries.clear()
    second = execute(operator(new), tries.next())
    assert second == f"{first}-g1"
    assert ended(states, second)["status"] == "SUCCEEDED"


def test_clearing_what_still_runs_adopts_it(states: Any):
    arn = machine(states, "exec-clear-running", WAIT)
    tries = Tries("exec-clear-running")
    first = execute(operator(arn), tries.next())
    tries.clear()
    assert execute(operator(arn), tries.next()) == first
    assert len(started(states, arn)) == 1


def test_a_run_that_was_deleted_and_made_anew_runs_anew(states: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wishes, "SKEW", timedelta(0))
    arn = machine(states, "exec-deleted", WAIT)
    tries = Tries("exec-deleted")
    first = execute(operator(arn), tries.next())
    time.sleep(0.01)
    tries.delete()
    second = execute(operator(arn), tries.next())
    assert second == f"{first}-n2"
    assert execute(operator(arn), tries.next()) == second


def test_what_ends_on_a_worker_gives_the_output_there(states: Any):
    arn = machine(states, "exec-resumes", ECHO)
    waits = operator(arn, input={"x": 1})
    begun = execute(waits, Tries("exec-resumes").next())
    ended(states, begun)
    assert waits.resume({}, {"ended": begun}) == {"x": 1}
    with pytest.raises(AirflowTaskTimeout, match="did not end within"):
        waits.resume({}, {"timed_out": begun})


def test_a_time_limit_that_is_over_while_the_execution_is_started_stops_it(
    states: Any, monkeypatch: pytest.MonkeyPatch
):
    arn = machine(states, "exec-limit", WAIT)
    start = starting._start

    def interrupted(*given: Any) -> bool:
        start(*given)
        raise AirflowTaskTimeout

    monkeypatch.setattr(starting, "_start", interrupted)
    with pytest.raises(AirflowTaskTimeout):
        execute(operator(arn, wait=True), Tries("exec-limit").next())
    (execution,) = started(states, arn)
    assert ended(states, execution["executionArn"])["error"] == "Airflow.TaskTimedOut"
    monkeypatch.setattr(starting, "_start", lambda *_: (_ for _ in ()).throw(AirflowTaskTimeout))
    with pytest.raises(AirflowTaskTimeout):
        execute(operator(arn, wait=True), Tries("exec-limit-before").next())


def test_a_name_that_another_task_has_taken_is_refused(states: Any):
    arn = machine(states, "exec-name", WAIT)
    states.start_execution(stateMachineArn=arn, name="mine", input='{"by": "hand"}')
    with pytest.raises(AirflowFailException, match="exists with another input"):
        execute(operator(arn, name="mine", input={"x": 1}), Tries("exec-name").next())


def test_a_given_name_is_kept_and_counted(states: Any):
    arn = machine(states, "exec-given", ECHO)
    tries = Tries("exec-given")
    first = execute(operator(arn, name="mine"), tries.next())
    assert first.endswith(":mine")
    ended(states, first)
    tries.clear()
    assert execute(operator(arn, name="mine"), tries.next()).endswith(":mine-g1")


def test_text_is_as_good_an_input_as_a_value_and_its_form_does_not_matter(states: Any):
    arn = machine(states, "exec-text", WAIT)
    tries = Tries("exec-text")
    first = execute(operator(arn, input='{ "b": 1, "a": 2 }', name="text"), tries.next())
    assert states.describe_execution(executionArn=first)["input"] == '{"a": 2, "b": 1}'
    assert execute(operator(arn, input={"a": 2, "b": 1}, name="text"), tries.next()) == first


@pytest.mark.parametrize(("value", "why"), [("{no json", "is no JSON"), ({"x": float("nan")}, "is no JSON")])
def test_an_input_that_is_no_json_is_refused(states: Any, value: Any, why: str):
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:nobody"
    with pytest.raises(AirflowFailException, match=why):
        execute(operator(arn, input=value), Tries("exec-no-json").next())


def test_an_alias_starts_adopts_and_redrives_as_the_machine_does(states: Any):
    arn = machine(states, "exec-alias", FAILS)
    version = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    alias = states.create_state_machine_alias(
        name="PROD", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )["stateMachineAliasArn"]
    tries = Tries("exec-alias")
    first = execute(operator(alias), tries.next())
    assert ":PROD" not in first
    ended(states, first)
    assert execute(operator(alias), tries.next()) == first
    told = ended(states, first)
    assert (told["redriveCount"], told["stateMachineVersionArn"]) == (1, version)
    tries.clear()
    assert execute(operator(alias), tries.next()) == first
    ended(states, first)
    states.update_state_machine(stateMachineArn=arn, definition=json.dumps(ECHO))
    newer = states.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"]
    states.update_state_machine_alias(
        stateMachineAliasArn=alias, routingConfiguration=[{"stateMachineVersionArn": newer, "weight": 100}]
    )
    tries.clear()
    assert execute(operator(alias), tries.next()) != first
    assert len(started(states, arn)) == 2


def test_who_does_not_wait_is_not_deferred(states: Any):
    arn = machine(states, "exec-goes-on", WAIT)
    begun = execute(operator(arn, deferrable=True), Tries("exec-goes-on").next())
    assert begun == started(states, arn)[0]["executionArn"]


def test_a_history_that_may_not_be_read_is_named_and_the_cause_told(states: Any, monkeypatch: pytest.MonkeyPatch):
    arn = machine(states, "exec-denied", FAILS)

    def denied(*_: Any, **__: Any) -> None:
        raise AccessDenied("the credentials lack states:GetExecutionHistory")

    monkeypatch.setattr(StepFunctionsHook, "events", denied)
    with pytest.raises(AirflowException, match=r"(?s)Cause: on purpose.*lack states:GetExecutionHistory"):
        execute(operator(arn, wait=True), Tries("exec-denied").next())


def test_there_is_one_execution_whatever_fails_between_airflow_and_aws(monkeypatch: pytest.MonkeyPatch):
    with LocalAws() as aws:
        for name, value in aws.env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
        arn = machine(aws.client("stepfunctions"), "disturbed", ECHO)
        time.sleep(0.6)  # the machine has been there for longer than reads lag
        aws.faults("throttle=0.2,error=0.3,timeout=0.1,lag=500ms,seed=3")
        tries, outputs, problems = Tries("disturbed"), [], []
        while not outputs and tries.try_number < 50:
            try:
                outputs.append(execute(operator(arn, input={"x": 1}, wait=True), tries.next()))
            except SfnMlError as error:
                problems.append(str(error))
        assert outputs == [{"x": 1}], problems
        aws.faults()
        (execution,) = started(aws.client("stepfunctions"), arn)
        assert execution.get("redriveCount", 0) == 0


def test_an_express_machine_is_refused(states: Any):
    arn = machine(states, "exec-express", ECHO, "EXPRESS")
    with pytest.raises(AirflowFailException, match="is an Express machine"):
        execute(operator(arn), Tries("exec-express").next())


def test_a_machine_that_is_not_there_is_named(states: Any):
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:nobody"
    with pytest.raises(AirflowFailException, match="NotDeployed: .*nobody does not exist"):
        execute(operator(arn), Tries("exec-nobody").next())


def test_a_failure_names_the_state_its_error_and_its_cause(states: Any):
    arn = machine(states, "exec-fails", FAILS)
    with pytest.raises(AirflowException, match=r"Execution .* failed: Own\.Error\nCause: on purpose"):
        execute(operator(arn, wait=True), Tries("exec-fails").next())


def test_a_time_out_is_a_failure(states: Any):
    arn = machine(states, "exec-times-out", SLOW)
    with pytest.raises(AirflowException, match="timed out"):
        execute(operator(arn, wait=True), Tries("exec-times-out").next())


def test_who_waits_for_long_is_deferred_with_the_same_connection(states: Any):
    arn = machine(states, "exec-defers", WAIT)
    more = {"region_name": "us-east-1", "verify": False, "botocore_config": {"connect_timeout": 7}}
    with DAG("exec-defers"):
        waits = operator(arn, wait=True, deferrable=True, **more)
    with pytest.raises(TaskDeferred) as deferred:
        execute(waits, Tries("exec-defers").next())
    path, arguments = deferred.value.trigger.serialize()
    assert path.endswith("StepFunctionsExecutionCompleteTrigger")
    assert arguments == {
        "execution_arn": started(states, arn)[0]["executionArn"],
        "redrives": 0,
        "aws_conn_id": None,
        "region_name": "us-east-1",
        "verify": False,
        "botocore_config": {"connect_timeout": 7},
        "push": True,
        "mapped_over": False,
        "ends_on_worker": False,
        "stop_on_kill": True,
        "soft_fail": False,
        "deadline": None,
    }
    assert deferred.value.method_name == "resume"
