"""What EventBridge tells of executions and jobs, through a rule to a queue."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.local.machines import Account, python, training, unique

EXECUTIONS = "Step Functions Execution Status Change"


def told(account: Account, states: dict[str, Any], count: int, stop: bool = False, **settings: Any) -> list[Any]:
    """The events of one execution of a new machine."""
    machine = account.create(states, **settings)
    inbox = account.listen(
        source=["aws.states"], detail_type=[EXECUTIONS], detail={"stateMachineArn": [{"prefix": machine}]}
    )
    execution = account.start(machine, {"a": 1})
    if stop:
        account.sfn.stop_execution(executionArn=execution, error="Mine", cause="because")
    return sorted(inbox.take(count), key=lambda event: event["detail"]["status"] != "RUNNING")


@pytest.mark.parametrize(
    ("state", "settings", "status"),
    [
        ({"Type": "Pass", "Output": {"b": 2}, "End": True}, {}, "SUCCEEDED"),
        ({"Type": "Fail", "Error": "Mine", "Cause": "because"}, {}, "FAILED"),
        ({"Type": "Wait", "Seconds": 60, "End": True}, {}, "ABORTED"),
        ({"Type": "Wait", "Seconds": 60, "End": True}, {"TimeoutSeconds": 1}, "TIMED_OUT"),
    ],
)
def test_an_execution_tells_when_it_starts_and_how_it_ends(
    account: Account, state: dict[str, Any], settings: dict[str, Any], status: str
) -> None:
    began, ended = told(account, {"S": state}, 2, stop=status == "ABORTED", **settings)
    assert (began["source"], began["detail-type"]) == ("aws.states", EXECUTIONS)
    assert began["detail"]["status"] == "RUNNING"
    assert began["detail"]["input"] == '{"a": 1}'
    assert began["detail"]["stopDate"] is None
    assert began["resources"] == [began["detail"]["executionArn"]]
    assert ended["detail"]["status"] == status
    assert ended["detail"]["stopDate"] >= ended["detail"]["startDate"]
    assert ended["detail"]["output"] == ('{"b":2}' if status == "SUCCEEDED" else None)
    assert ended["detail"]["error"] == ("Mine" if status in ("FAILED", "ABORTED") else None)


@pytest.mark.parametrize("kind", ["Processing", "Training"])
def test_a_job_tells_when_it_starts_and_when_it_ends(account: Account, kind: str) -> None:
    name = unique("told")
    inbox = account.listen(
        source=["aws.sagemaker"],
        detail_type=[f"SageMaker {kind} Job State Change"],
        detail={f"{kind}JobName": [name]},
    )
    if kind == "Processing":
        account.sagemaker.create_processing_job(**python(name, "raise SystemExit(3)"))
    else:
        account.sagemaker.create_training_job(**training(name, account))
    events = inbox.take(2)
    assert Counter(event["detail"][f"{kind}JobStatus"] for event in events) == {"InProgress": 1, "Failed": 1}
    (failed,) = [event["detail"] for event in events if event["detail"][f"{kind}JobStatus"] == "Failed"]
    assert failed["FailureReason"]
    assert failed[f"{kind}JobArn"].endswith(name)


def test_a_disabled_rule_tells_nothing(account: Account) -> None:
    machine = account.create({"S": {"Type": "Pass", "End": True}})
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    off, on = account.listen(**pattern), account.listen(**pattern)
    off.events.disable_rule(Name=off.name)
    account.finish(account.start(machine))
    on.take(2)
    assert "Messages" not in off.sqs.receive_message(QueueUrl=off.url)
