"""Histories that the embedded AWS writes."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

from airflow_sfn_ml.history import ExecutionView, StateStatus, reduce
from airflow_sfn_ml.local import LocalAws

MISSING = {
    "Type": "Task",
    "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
    "Arguments": {"Bucket": "no-such-bucket-here", "Key": "k"},
    "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
}
WAITS = {"StartAt": "slow", "States": {"slow": {"Type": "Wait", "Seconds": 60, "End": True}}}
FAILS = {"StartAt": "read", "States": {"read": {**MISSING, "End": True}}}


def execution(client: Any, states: dict[str, Any]) -> str:
    name = f"history-{uuid4().hex[:8]}"
    definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
    machine = client.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    return str(client.start_execution(stateMachineArn=machine, input='{"n":1}')["executionArn"])


def ended(client: Any, arn: str, view: ExecutionView | None = None) -> ExecutionView:
    """The view of *arn* when it has ended, folded from whatever each look finds."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        view = reduce(client.get_execution_history(executionArn=arn, maxResults=1000)["events"], view)
        if view.status != "RUNNING":
            return view
        time.sleep(0.2)
    raise TimeoutError(arn)


def test_a_retried_and_caught_failure(local_aws: LocalAws):
    client = local_aws.client("stepfunctions")
    caught = {**MISSING, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "end"}], "Next": "end"}
    view = ended(client, execution(client, {"read": caught, "end": {"Type": "Succeed"}}))
    assert (view.status, view.input) == ("SUCCEEDED", {"n": 1})
    read = view.state("read")
    assert (read.status, len(read.attempts)) == (StateStatus.CAUGHT, 2)
    assert {attempt.status for attempt in read.attempts} == {StateStatus.FAILED}
    assert read.error


def test_a_failed_branch(local_aws: LocalAws):
    client = local_aws.client("stepfunctions")
    arn = execution(client, {"both": {"Type": "Parallel", "Branches": [WAITS, FAILS], "End": True}})
    view = ended(client, arn)
    fates = {name: state.status for name, state in view.states.items()}
    assert (view.status, view.failed_states) == ("FAILED", ("read",))
    assert fates == {"both": StateStatus.FAILED, "read": StateStatus.FAILED, "slow": StateStatus.ABORTED}


def test_a_stopped_execution(local_aws: LocalAws):
    client = local_aws.client("stepfunctions")
    arn = execution(client, WAITS["States"])
    client.stop_execution(executionArn=arn, error="Airflow.TaskMarkedFailed", cause="by hand")
    view = ended(client, arn)
    assert (view.status, view.error, view.cause) == ("ABORTED", "Airflow.TaskMarkedFailed", "by hand")
    assert {state.status for state in view.states.values()} <= {StateStatus.ABORTED}
