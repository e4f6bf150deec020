"""The operators of AppFlow."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow_sfn_ml.asl import State, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code
from airflow_sfn_ml.translators.sequences import required
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
    called,
    finished,
    looped,
    waits,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


_FLOW = {"FlowName": attr("flow_name")}
_RUN = "$p_seen.FlowExecutions[ExecutionId = $p_execution]"
_CONNECTOR = "$p_flow.SourceFlowConfig.ConnectorType"
_KEY = (
    "its execution's id is not under the key 'execution_id' but, as all that tasks of a group push, under "
    "'return_value'"
)


def _epoch(shift: timedelta) -> Preparation:
    def do(value: Any, start: Any) -> str:
        moment = datetime.fromisoformat(str(value)) + shift
        return str(int(moment.timestamp() * 1000))

    return Preparation(
        do,
        code=("$string($toMillis(", f") + {int(shift.total_seconds() * 1000)})"),
        at_start=lambda value: datetime.fromisoformat(value).tzinfo is None,
    )


def _flow(comparison: str = "", *, updates: bool = True) -> Any:
    """Run a flow; before that, let it read only what *comparison* says of its filter date."""

    def build(operator: Any) -> Translation:
        waiting = waits(operator, "wait_for_completion")
        start = Call("aws-sdk:appflow:startFlow", _FLOW, keep={"p_execution": "$states.result.ExecutionId"})
        until = Until(
            Call("aws-sdk:appflow:describeFlowExecutionRecords", _FLOW),
            f"{_RUN}.ExecutionStatus",
            ("Successful",),
            ("Error",),
            reason=f"{_RUN}.ExecutionResult.ErrorInfo.ExecutionMessage",
            every="poll_interval",
            seconds=polling("poll_interval", "max_attempts"),
        )
        states = _updated(operator, comparison, start.short) if updates else []
        states += called(start, operator, "look" if waiting else "done")
        states += looped(until, operator, "done") if waiting else []
        return Translation(finished(operator, states, "$p_execution"), warnings=(_KEY,))

    return build


def _updated(operator: Any, comparison: str, following: str) -> list[State]:
    """Replace the filters of the flow, set it to run on demand, and let that take effect."""
    describe = Call("aws-sdk:appflow:describeFlow", _FLOW, keep={"p_flow": "$states.result"})
    kept = "$p_flow.Tasks[$not(TaskType = 'Filter' and $not($lookup(ConnectorOperator, $type) = 'PROJECTION'))]"
    tasks: list[Any] = [f"($type := {_CONNECTOR}; [{kept}"]
    if comparison:
        tasks += [
            ", {'TaskType': 'Filter', 'ConnectorOperator': {$type: '" + comparison + "'}, 'SourceFields': [",
            Given(operator.source_field),
            "], 'TaskProperties': ",
            Given(_bounds(operator, comparison)),
            "}",
        ]
    update = Task(
        "updateFlow",
        resource="aws-sdk:appflow:updateFlow",
        arguments={
            "FlowName": code("$p_flow.FlowName"),
            "DestinationFlowConfigList": code("$p_flow.DestinationFlowConfigList"),
            "SourceFlowConfig": code("$p_flow.SourceFlowConfig"),
            "TriggerConfig": code("$sift($p_flow.TriggerConfig, function($v, $k) { $k != 'TriggerProperties' })"),
            "Description": code("$exists($p_flow.Description) ? $p_flow.Description : 'Flow description.'"),
            "Tasks": Code((*tasks, "])")),
        },
        next="settle",
    )
    fits = f"$lowercase({_CONNECTOR}) = '{operator.source}'"
    return [
        *called(describe, operator, "source?"),
        *required("source?", fits, update.name, f"'the connector of the flow is ' & {_CONNECTOR}"),
        update,
        Wait("settle", seconds=15, next=following),
    ]


def _bounds(operator: Any, comparison: str) -> dict[str, Any]:
    date = operator.filter_date
    if comparison == "BETWEEN":
        return {
            "DATA_TYPE": "datetime",
            "LOWER_BOUND": prepared(date, _epoch(timedelta(milliseconds=-1))),
            "UPPER_BOUND": prepared(date, _epoch(timedelta(days=1))),
        }
    return {"DATA_TYPE": "datetime", "VALUE": prepared(date, _epoch(timedelta()))}


def _flow_problems(*sources: str, dated: bool) -> Any:
    def check(operator: Any) -> list[str]:
        found = []
        if operator.source not in sources:
            found.append(f"source={operator.source!r} (it must be one of {', '.join(sources)}, written out)")
        if dated and not operator.filter_date:
            found.append("filter_date is missing")
        if dated and not operator.source_field:
            found.append("source_field is missing")
        return found

    return check


def _flow_row(name: str, build: Any, check: Any = None, note: str = "") -> Row:
    return Row(
        f"{_OPERATORS}.appflow.{name}",
        calls=(Call("aws-sdk:appflow:startFlow"),),
        until=Until(Call("aws-sdk:appflow:describeFlowExecutionRecords")),
        waits=("wait_for_completion",),
        build=build,
        check=check,
        xcom="the execution's id; the operator pushes it under the key execution_id instead",
        note=note,
    )


_UPDATES = "The flow is described and updated before it runs."
add(
    _flow_row("AppflowRunOperator", _flow(updates=False)),
    _flow_row("AppflowRunFullOperator", _flow(), _flow_problems("salesforce", "zendesk", dated=False), _UPDATES),
    _flow_row("AppflowRunBeforeOperator", _flow("LESS_THAN"), _flow_problems("salesforce", dated=True), _UPDATES),
    _flow_row(
        "AppflowRunAfterOperator",
        _flow("GREATER_THAN"),
        _flow_problems("salesforce", "zendesk", dated=True),
        _UPDATES,
    ),
    _flow_row("AppflowRunDailyOperator", _flow("BETWEEN"), _flow_problems("salesforce", dated=True), _UPDATES),
)
