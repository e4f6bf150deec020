"""RedriveExecution: run again what failed, was stopped or timed out of an execution.

https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html. The ARN, definition, version and input
stay, and the history goes on with `ExecutionRedriven`. The run that follows has a new environment, so that counters of
retries and time-outs begin anew, and the `Progress` of the run before. AWS does not document what the events after
`ExecutionRedriven` follow; here they follow the event with which their state was entered.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.answers import LOCK, refusal, result
from airflow_sfn_ml.local.stepfunctions.executions import find, not_redrivable, tell
from airflow_sfn_ml.local.stepfunctions.progress import give, progress_of
from airflow_sfn_ml.local.stepfunctions.states import timestamp
from airflow_sfn_ml.local.stepfunctions.worker import launch, prepare

patches = Patches("moto.stepfunctions")

_TOKENS = 10
_TOKEN_LIFE = datetime.timedelta(minutes=15)
_LONGEST_TOKEN = 64


@dataclass(frozen=True)
class Answered:
    """A redrive that was asked for with a token."""

    token: str
    date: datetime.datetime


@patches.adds("responses", "StepFunctionResponse.redrive_execution")
def redrive(self: Any) -> Any:
    """RedriveExecution."""
    token = self._get_param("clientToken")
    _check_token(token)
    execution = find(self.stepfunction_backend, self._get_param("executionArn"))
    with LOCK:
        date = _answered(execution, token)
        if date is None:
            if reason := not_redrivable(execution):
                raise refusal("ExecutionNotRedrivable", reason)
            date = datetime.datetime.now(datetime.UTC)
            _resume(execution, date)
            if token is not None:
                execution.redrives = (*execution.redrives, Answered(token, date))[-_TOKENS:]
    return result({"redriveDate": date})


def _check_token(token: str | None) -> None:
    if token is not None and not 1 <= len(token) <= _LONGEST_TOKEN:
        raise refusal(
            "ValidationException",
            "1 validation error detected: Value at 'clientToken' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_LONGEST_TOKEN} and greater than or equal to 1",
        )


def _answered(execution: Any, token: str | None) -> datetime.datetime | None:
    """When the redrive with this token was answered, if that is not long ago."""
    since = datetime.datetime.now(datetime.UTC) - _TOKEN_LIFE
    return next((each.date for each in execution.redrives if each.token == token and each.date > since), None)


def _resume(execution: Any, date: datetime.datetime) -> None:
    """Begin the next run of `execution` where the last one ended."""
    from moto.stepfunctions.parser.api import ExecutionStatus
    from moto.stepfunctions.parser.asl.eval.event.event_manager import EventHistoryContext

    before = execution.exec_worker.env
    worker = execution._get_start_execution_worker()
    prepare(worker, {"RedriveCount": execution.redrive_count + 1, "RedriveTime": timestamp(date)})
    env = give(worker.env, progress_of(before).copy())
    _continue_history(env.event_manager, before.event_manager)
    execution.exec_worker = worker
    execution.ended.clear()
    execution.exec_status = ExecutionStatus.RUNNING
    execution.redrive_count += 1
    execution.redrive_date = date
    execution.stop_date = execution.error = execution.cause = None
    env.event_manager.add_event(
        context=EventHistoryContext(previous_event_id=len(env.event_manager._history_event_list)),
        event_type="ExecutionRedriven",
        event_details={"executionRedrivenEventDetails": {"redriveCount": execution.redrive_count}},
    )
    tell(execution)
    launch(worker)


def _continue_history(manager: Any, before: Any) -> None:
    """Begin with the events so far; what still ends in the run before does not write into this history."""
    with before._mutex:
        manager._history_event_list.extend(before._history_event_list)
    manager._event_id_gen._next_id = len(manager._history_event_list) + 1
