"""What AWS knows of an execution: three calls, and nothing is kept.

Two people who look at the same execution may not both be allowed to, so a reading belongs to one request.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy import execution_name
from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.plugin.runs import Group, Instance

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

CONNECT_SECONDS = 3
READ_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """An execution as it was read.

    :param described: what DescribeExecution said.
    :param definition: the definition that it runs, as JSON.
    :param last_event_id: the last event of its whole history, also where *view* shows an earlier moment.
    :param redrives: how often it was redriven.
    :param endpoint: where AWS was asked.
    """

    view: ExecutionView
    described: Mapping[str, Any]
    definition: str
    last_event_id: int
    redrives: int
    endpoint: str


def hook_of(group: Group) -> StepFunctionsHook:
    """A hook that gives up soon, because a person is waiting."""
    from botocore.config import Config

    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    patient = StepFunctionsHook(group.aws_conn_id, region_name=group.region_name, verify=group.verify)
    soon = Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries={"total_max_attempts": 2})
    return StepFunctionsHook(
        group.aws_conn_id, region_name=group.region_name, verify=group.verify, config=patient.config.merge(soon)
    )


def is_unchanged(hook: StepFunctionsHook, arn: str, seen: int) -> bool:
    """Whether nothing has happened in the execution *arn* since its event *seen*: one short call."""
    with translated(hook.conn, "states:GetExecutionHistory", arn):
        newest = hook.conn.get_execution_history(
            executionArn=arn, reverseOrder=True, maxResults=1, includeExecutionData=False
        )
    return max((event["id"] for event in newest["events"]), default=0) <= seen


def read(hook: StepFunctionsHook, arn: str, redrive: int | None = None) -> Reading:
    """The execution *arn* now, or as it had ended before its redrive number ``redrive + 1``."""
    described = hook.describe(arn)
    with translated(hook.conn, "states:DescribeStateMachineForExecution", arn):
        machine = hook.conn.describe_state_machine_for_execution(executionArn=arn)
    events = hook.events(arn)
    redrives = sum(event["type"] == "ExecutionRedriven" for event in events)
    view = reduce(before_redrive(events, redrive))
    if redrive is None or redrive >= redrives:
        view = view.with_status(str(described["status"]))
    return Reading(
        view,
        described,
        str(machine["definition"]),
        max((event["id"] for event in events), default=0),
        redrives,
        str(hook.conn.meta.endpoint_url),
    )


def before_redrive(events: Iterable[Mapping[str, Any]], redrive: int | None) -> list[Mapping[str, Any]]:
    """The *events* up to the end of the redrive number *redrive* (0 is the first run); all of them for None."""
    kept: list[Mapping[str, Any]] = []
    count = 0
    for event in events:
        count += event["type"] == "ExecutionRedriven"
        if redrive is not None and count > redrive:
            break
        kept.append(event)
    return kept


def generation_arn(instance: Instance, dag_id: str, run_id: str, generation: int) -> str | None:
    """The ARN of the execution of another *generation*: its name is derived, its machine is the same."""
    arn = instance.execution_arn
    if arn is None or generation == instance.generation:
        return arn
    namesake = int(instance.told.get("namesake") or 0)
    name = execution_name(dag_id, run_id, instance.group.id, instance.map_index, generation, namesake)
    return f"{arn.rpartition(':')[0]}:{name}"
