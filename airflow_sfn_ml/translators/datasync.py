"""The operator of DataSync."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sequences import cleaned
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
    number,
    procedure,
    seconds,
    waits,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


_TASK = {"TaskArn": attr("task_arn")}
_EXECUTION = {"TaskExecutionArn": Code(("$p_execution",))}


def _sync(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion")
    every = seconds(operator, "wait_interval_seconds") or 1
    update = Call(
        "aws-sdk:datasync:updateTask",
        _TASK,
        more="update_task_kwargs",
        when=lambda operator: bool(operator.update_task_kwargs),
    )
    delete = Call(
        "aws-sdk:datasync:deleteTask", _TASK, when=lambda operator: bool(operator.delete_task_after_execution)
    )
    start = Call(
        "aws-sdk:datasync:startTaskExecution",
        _TASK,
        more="task_execution_kwargs",
        keep={"p_execution": "$states.result.TaskExecutionArn"},
    )
    row = Row(
        "",
        calls=(update, start),
        until=Until(
            Call("aws-sdk:datasync:describeTaskExecution", _EXECUTION),
            "$p_seen.Status",
            ("SUCCESS",),
            ("ERROR",),
            reason="$p_seen.Result.ErrorDetail",
            every=2 * every,
            seconds=2 * every * (number(operator, "max_iterations") or 1),
        ),
        then=(delete,),
        waits=("wait_for_completion",),
        output={"TaskArn": Code((Given(attr("task_arn")),)), "TaskExecutionArn": Code(("$p_execution",))},
    )
    found = procedure(row, operator)
    if not waiting:
        return Translation(found)
    cancel = Task("cancelTaskExecution", resource="aws-sdk:datasync:cancelTaskExecution", arguments={**_EXECUTION})
    return Translation(replace(found, states=tuple(cleaned(found.states, cancel, ("late",)))))


def _sync_problems(operator: Any) -> list[str]:
    found = []
    if not operator.task_arn:
        found.append(
            "source_location_uri and destination_location_uri without task_arn (the task would be looked for among all "
            "of the account: find it or create it in a task before the group, and give its ARN)"
        )
    return found


add(
    Row(
        f"{_OPERATORS}.datasync.DataSyncOperator",
        calls=(Call("aws-sdk:datasync:startTaskExecution"),),
        until=Until(Call("aws-sdk:datasync:describeTaskExecution")),
        waits=("wait_for_completion",),
        build=_sync,
        check=_sync_problems,
        xcom="{TaskArn, TaskExecutionArn}",
        lost=("finding and creating tasks and locations", "cancelling when the task is stopped"),
        note="It looks every second wait_interval_seconds, as upstream does, and cancels what takes too long.",
    )
)
