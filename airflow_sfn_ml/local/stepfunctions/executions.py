"""The API of executions: start, describe, list, history, stop."""

from __future__ import annotations

import copy
import datetime
import json
import logging
import random
import threading
import uuid
from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions import lag
from airflow_sfn_ml.local.stepfunctions.answers import LOCK, check_name, page_after, refusal, result
from airflow_sfn_ml.local.stepfunctions.callbacks import activities
from airflow_sfn_ml.local.stepfunctions.limits import LIMIT_BYTES
from airflow_sfn_ml.local.stepfunctions.machines import base_arn, find_machine, find_version, revision
from airflow_sfn_ml.local.stepfunctions.variables import compact
from airflow_sfn_ml.local.stepfunctions.worker import abort

log = logging.getLogger(__name__)

patches = Patches("moto.stepfunctions")

_API = "StepFunctionResponse"
_REDRIVABLE = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})
_REDRIVABLE_PERIOD = datetime.timedelta(days=14)
_LONGEST_HISTORY = 24_999
_DATA = (
    "input",
    "inputDetails",
    "output",
    "outputDetails",
    "parameters",
    "assignedVariables",
    "assignedVariablesDetails",
)

# Called with an execution when it starts, is redriven and ends.
listeners: list[Callable[[Any], None]] = []


@patches.replaces("responses", f"{_API}.start_execution", "self")
def start(self: Any) -> Any:
    """StartExecution of a machine, a version or an alias."""
    execution = start_execution(
        self.stepfunction_backend, self._get_param("stateMachineArn"), self._get_param("name"), self._get_param("input")
    )
    return result({"executionArn": execution.exec_arn, "startDate": execution.start_date})


def start_execution(backend: Any, arn: str, name: str | None, text: str | None) -> Any:
    """Start an execution, or find the running one of the same name and input."""
    from moto.stepfunctions.parser.api import ExecutionStatus

    text = "{}" if text is None else text
    _check_input(text)
    if name is not None:
        check_name(name)
    with LOCK:
        machine = find_machine(backend, base_arn(arn))
        version, alias = _route(backend, machine, arn)
        existing = next((each for each in machine.executions if each.name == name), None)
        if existing is not None:
            if existing.status == "RUNNING" and existing.execution_input == text:
                return existing
            raise refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{existing.exec_arn}'")
        execution = _new_execution(backend, machine, version or machine, name or str(uuid.uuid4()), text)
        execution.version_arn = version.arn if version else None
        execution.alias_arn = alias
        execution.number = len(machine.executions)
        machine.executions.append(execution)
        execution.exec_status = ExecutionStatus.RUNNING
        tell(execution)
        execution.start()
    return execution


def _check_input(text: str) -> None:
    if len(text.encode()) > LIMIT_BYTES:
        raise refusal(
            "ValidationException",
            "1 validation error detected: Value at 'input' failed to satisfy constraint: Member must have length less "
            f"than or equal to {LIMIT_BYTES}",
        )
    try:
        json.loads(text)
    except ValueError as error:
        raise refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'") from error


def _route(backend: Any, machine: Any, arn: str) -> tuple[Any, str | None]:
    """The version that a qualified ARN means, and the alias that led there."""
    qualifier = arn[len(machine.arn) + 1 :]
    if not qualifier:
        return None, None
    if qualifier.isdigit():
        return find_version(backend, arn), None
    alias = machine.aliases.get(qualifier)
    if alias is None:
        raise refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
    routes = alias.routing_configuration
    chosen = random.choices(routes, [route["weight"] for route in routes])[0]
    return find_version(backend, chosen["stateMachineVersionArn"]), arn


def _new_execution(backend: Any, machine: Any, source: Any, name: str, text: str) -> Any:
    from moto.stepfunctions.parser.backend.execution import Execution

    snapshot = copy.copy(machine)
    snapshot.executions = []
    snapshot.definition, snapshot.roleArn = source.definition, source.roleArn
    snapshot.revision_id = source.__dict__.get("revision_id")
    execution: Any = Execution(
        name=name,
        sm_type=machine.type,
        role_arn=snapshot.roleArn,
        exec_arn=f"{machine.arn.replace(':stateMachine:', ':execution:')}:{name}",
        account_id=backend.account_id,
        region_name=backend.region_name,
        state_machine=snapshot,
        start_date=datetime.datetime.now(datetime.UTC),
        cloud_watch_logging_session=None,
        input_data=text,
        activity_store=activities(backend),
    )
    execution.ended = threading.Event()
    execution.waiters = ()
    execution.redrive_count, execution.redrive_date, execution.redrives = 0, None, ()
    return execution


@patches.replaces("parser.backend.execution", "BaseExecutionWorkerCommunication.terminated", "self")
def terminated(self: Any) -> None:
    """Record how an execution ended; the status last, so that nobody sees it without the rest."""
    execution = self.execution
    env = execution.exec_worker.env
    state = env.program_state()
    execution.stop_date = datetime.datetime.now(datetime.UTC)
    match type(state).__name__:
        case "ProgramEnded":
            execution.output = env.states.get_input()
            status = "SUCCEEDED"
        case "ProgramStopped":
            execution.error, execution.cause = state.error, state.cause
            status = "ABORTED"
        case "ProgramTimedOut":
            status = "TIMED_OUT"
        case _:
            error = getattr(state, "error", None) or {}
            execution.error, execution.cause = error.get("error"), error.get("cause")
            status = "FAILED"
    from moto.stepfunctions.parser.api import ExecutionStatus

    execution.exec_status = ExecutionStatus[status]
    execution.ended.set()
    for waiter in execution.waiters:
        waiter.set()
    tell(execution)


def on_end(execution: Any, event: threading.Event) -> None:
    """Set `event` when an execution has ended; at once when it has."""
    execution.waiters = (*execution.waiters, event)
    if execution.ended.is_set():
        event.set()


def tell(execution: Any) -> None:
    """Note that the status of an execution has changed, and let the listeners know."""
    lag.note(execution)
    for listener in listeners:
        try:
            listener(execution)
        except Exception:
            log.exception("after %s", execution.exec_arn)


def find(backend: Any, arn: str) -> Any:
    """The execution with this ARN."""
    backend._validate_execution_arn(arn)
    with LOCK:
        machine = next((each for each in backend.state_machines if each.name == arn.split(":")[6]), None)
        for execution in machine.executions if machine else ():
            if execution.exec_arn == arn:
                return execution
    raise _no_execution(arn)


def read(backend: Any, arn: str) -> Any:
    """The execution with this ARN as a read finds it, which may lag behind."""
    execution = lag.seen(find(backend, arn))
    if execution is None:
        raise _no_execution(arn)
    return execution


def _no_execution(arn: str) -> Exception:
    return refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")


def age(backend: Any, arn: str, days: float) -> None:
    """Let the execution have been started and ended *days* earlier, so that tests can see what becomes of old ones."""
    execution, ago = find(backend, arn), datetime.timedelta(days=days)
    execution.start_date -= ago
    if execution.stop_date is not None:
        execution.stop_date -= ago


def summary(execution: Any) -> dict[str, Any]:
    """What lists and Describe have in common."""
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "stateMachineVersionArn": execution.version_arn,
        "stateMachineAliasArn": execution.alias_arn,
        "redriveCount": execution.redrive_count,
        "redriveDate": execution.redrive_date,
    }


def not_redrivable(execution: Any) -> str | None:
    """Why an execution cannot be redriven; None if it can."""
    if execution.status not in _REDRIVABLE:
        return f"Execution is {execution.status} and cannot be redriven"
    if execution.stop_date + _REDRIVABLE_PERIOD < datetime.datetime.now(datetime.UTC):
        return "Execution redrivable period exceeded"
    if len(execution.exec_worker.env.event_manager._history_event_list) >= _LONGEST_HISTORY:
        return "Execution history event limit exceeded"
    return None


def details(execution: Any) -> dict[str, Any]:
    """The DescribeExecution document."""
    status = execution.status
    document = {
        **summary(execution),
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "error": execution.error,
        "cause": execution.cause,
        "redriveStatus": "REDRIVABLE",
    }
    if reason := not_redrivable(execution):
        document |= {"redriveStatus": "NOT_REDRIVABLE", "redriveStatusReason": reason}
    if status == "SUCCEEDED":
        document |= {"output": compact(execution.output), "outputDetails": {"included": True}}
    return document


@patches.replaces("responses", f"{_API}.describe_execution", "self")
def describe(self: Any) -> Any:
    """DescribeExecution."""
    return result(details(read(self.stepfunction_backend, self._get_param("executionArn"))))


@patches.replaces("responses", f"{_API}.list_executions", "self")
def list_executions(self: Any) -> Any:
    """ListExecutions of a machine, a version or an alias, newest first."""
    backend, arn = self.stepfunction_backend, self._get_param("stateMachineArn")
    with LOCK:
        machine = find_machine(backend, base_arn(arn))
        if arn != machine.arn:
            _route(backend, machine, arn)
        executions = [each for each in map(lag.seen, reversed(machine.executions)) if each is not None]
    if arn != machine.arn:
        executions = [each for each in executions if arn in (each.version_arn, each.alias_arn)]
    if status := self._get_param("statusFilter"):
        executions = [each for each in executions if each.status == status]
    if redriven := self._get_param("redriveFilter"):
        executions = [each for each in executions if (each.redrive_count > 0) == (redriven == "REDRIVEN")]
    entries, token = page_after(
        executions, lambda each: -each.number, self._get_param("maxResults"), self._get_param("nextToken")
    )
    listed = [{key: value for key, value in summary(each).items() if value is not None} for each in entries]
    return result({"executions": listed, "nextToken": token})


@patches.replaces("responses", f"{_API}.get_execution_history", "self")
def history(self: Any) -> Any:
    """GetExecutionHistory."""
    backend, arn = self.stepfunction_backend, self._get_param("executionArn")
    read(backend, arn)
    manager = find(backend, arn).exec_worker.env.event_manager
    with manager._mutex:
        events = lag.known(list(manager._history_event_list))
    sign = 1
    if self._get_param("reverseOrder"):
        events.reverse()
        sign = -1
    found, token = page_after(
        events, lambda event: sign * event["id"], self._get_param("maxResults"), self._get_param("nextToken")
    )
    if self._get_param("includeExecutionData") is False:
        found = [_without_data(event) for event in found]
    return result({"events": found, "nextToken": token})


def _without_data(event: dict[str, Any]) -> dict[str, Any]:
    return {
        key: {name: item for name, item in value.items() if name not in _DATA} if isinstance(value, dict) else value
        for key, value in event.items()
    }


@patches.replaces("responses", f"{_API}.stop_execution", "self")
def stop(self: Any) -> Any:
    """StopExecution; an execution that has ended stays as it is."""
    execution = find(self.stepfunction_backend, self._get_param("executionArn"))
    abort(execution, self._get_param("error"), self._get_param("cause"))
    return result({"stopDate": execution.stop_date or datetime.datetime.now(datetime.UTC)})


@patches.replaces("responses", f"{_API}.describe_state_machine_for_execution", "self")
def describe_machine(self: Any) -> Any:
    """DescribeStateMachineForExecution: the configuration that the execution started with."""
    machine = find(self.stepfunction_backend, self._get_param("executionArn")).state_machine
    return result(
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": machine.definition,
            "roleArn": machine.roleArn,
            "updateDate": machine.update_date,
            "revisionId": revision(machine),
            "loggingConfiguration": machine.loggingConfiguration,
            "tracingConfiguration": machine.tracingConfiguration,
            "encryptionConfiguration": machine.encryptionConfiguration,
        }
    )
