"""What the embedded AWS makes of groups: each is run once, and each of its tasks asks what became of its state."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.task_group import StateMachineTaskGroup
from airflow_sfn_ml.triggers.verdict import Failed, Place, Skipped, Succeeded, verdict
from tests.comparison import making
from tests.comparison.cases import FAILED, SKIPPED, SUCCESS, Case, dag_id

SECONDS = 120


def make_waits(aws: Any) -> None:
    """Make the machine that slow tasks run."""
    states = {"wait": {"Type": "Wait", "Seconds": 300, "End": True}}
    definition = json.dumps({"StartAt": "wait", "States": states})
    name = making.WAITS.rpartition(":")[2]
    aws.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=making.ROLE)


def executed(aws: Any, cases: Iterable[Case], on_failure: str = "continue") -> dict[str, ExecutionView]:
    """The views of the executions of *cases*, all run side by side."""
    client = aws.client("stepfunctions")
    arns: dict[str, str] = {}
    for case in cases:
        group = group_of(making.group(case, on_failure))
        machine = client.create_state_machine(
            name=f"fast_{dag_id(case, on_failure)}"[:80],
            definition=json.dumps(group.definition),
            roleArn=making.ROLE,
        )
        document = group.execution_input({"dag_id": case.name}, {})
        started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(document))
        arns[case.name] = started["executionArn"]
    return {name: _ended(client, arn) for name, arn in arns.items()}


def group_of(dag: Any) -> StateMachineTaskGroup:
    """The group of a Dag of the comparison."""
    found: StateMachineTaskGroup = dag.task_group.get_child_by_label(making.GROUP)
    return found


def outcomes(case: Case, view: ExecutionView, on_failure: str = "continue") -> dict[str, Any]:
    """What each task of *case* becomes when Airflow lets it follow its state in *view*."""
    group = group_of(making.group(case, on_failure))
    found: dict[str, Any] = {group.start_task_id: SUCCESS}
    for operator, state in group._named():
        match verdict(view, state, Place.of(group.place(state))):
            case Succeeded(output, _):
                found[operator.task_id] = output if group.follows(operator) is not None else SUCCESS
            case Skipped():
                found[operator.task_id] = SKIPPED
            case Failed():
                found[operator.task_id] = FAILED
            case undecided:
                raise AssertionError(f"{case.name}: {state} is {undecided} though the execution is over")
    return found


def below(case: Case, states: Mapping[str, str]) -> dict[str, str]:
    """The states of a group's tasks by their ids below the group, without its start."""
    prefix = f"{making.GROUP}."
    return {name.removeprefix(prefix): state for name, state in states.items() if name != f"{prefix}start"}


def _ended(client: Any, arn: str) -> ExecutionView:
    deadline = time.monotonic() + SECONDS
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < deadline, f"{arn} did not end"
        time.sleep(0.1)
    events: list[Any] = []
    pages: dict[str, Any] = {}
    while True:
        page = client.get_execution_history(executionArn=arn, maxResults=1000, includeExecutionData=True, **pages)
        events += page["events"]
        if "nextToken" not in page:
            return reduce(events)
        pages = {"nextToken": page["nextToken"]}
