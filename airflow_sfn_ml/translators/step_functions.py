"""Executions of other state machines."""

from __future__ import annotations

import json
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.naming import ATTEMPT
from airflow_sfn_ml.translators.phrases import deferred, joined, parsed, written
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr, waits

_MODULE = "airflow.providers.amazon.aws.operators.step_function"
_START = f"{_MODULE}.StepFunctionStartExecutionOperator"
_NAME_LIMIT = 80
_JSON = r"/^\s*([\[\{\"]|-?[0-9]+(\.[0-9]+)?\s*$|(true|false|null)\s*$)/"


def _name(operator: Any) -> Any:
    """The name that was given, with what no other try has: the name of an execution is not taken twice."""
    if not operator.name:
        return OMIT
    return Code(("$substring(", Given(operator.name), f", 0, {_NAME_LIMIT - 23}) & '-' & {ATTEMPT}"))


def _input(operator: Any) -> Any:
    given = operator.state_machine_input
    return OMIT if given is None else parsed(given)


def _execution_arn(operator: Any) -> Any:
    machine = operator.state_machine_arn
    if isinstance(machine, str) and written(machine):
        return joined(machine.replace(":stateMachine:", ":execution:") + ":", operator.name)
    return Code(("$replace(", Given(machine), ", ':stateMachine:', ':execution:') & ':' & ", Given(operator.name)))


def _input_problems(operator: Any) -> list[str]:
    given = operator.state_machine_input
    if isinstance(given, str) and written(given):
        try:
            json.loads(given)
        except ValueError:
            return [f"state_machine_input {given[:40]!r} is no JSON (write it as a dict)"]
    return []


def _redrive_problems(operator: Any) -> list[str]:
    return [] if operator.name else ["is_redrive_execution without a name (name the execution)"]


_NEW = Row(
    _START,
    calls=(
        Call(
            "states:startExecution",
            {"StateMachineArn": attr("state_machine_arn"), "Name": _name, "Input": _input},
            sync=".sync:2",
        ),
    ),
    waits=("deferrable",),
    seconds=(deferred(),),
    output="$states.result.ExecutionArn",
    check=_input_problems,
)
_AGAIN = Row(
    _START,
    calls=(Call("aws-sdk:sfn:redriveExecution", {"ExecutionArn": _execution_arn}),),
    until=Until(
        Call("aws-sdk:sfn:describeExecution", {"ExecutionArn": _execution_arn}),
        status="$p_seen.Status",
        done=("SUCCEEDED",),
        failed=("FAILED", "TIMED_OUT", "ABORTED"),
        reason="$p_seen.Cause",
        every="waiter_delay",
        seconds=deferred(),
    ),
    waits=("deferrable",),
    output=_execution_arn,
    check=_redrive_problems,
)


def _start(operator: Any) -> Translation:
    row = _AGAIN if waits(operator, "is_redrive_execution") else _NEW
    return row.translation(operator)


add(
    Row(
        _START,
        calls=_NEW.calls + _AGAIN.calls,
        until=_AGAIN.until,
        waits=_NEW.waits,
        xcom="the execution's ARN",
        build=_start,
        note="It waits only if it is deferrable, as upstream. A name gets a suffix that no other try has. With "
        "is_redrive_execution the execution of that name is redriven.",
    ),
    Row(
        f"{_MODULE}.StepFunctionGetExecutionOutputOperator",
        calls=(Call("aws-sdk:sfn:describeExecution", {"ExecutionArn": attr("execution_arn")}),),
        output="$exists($states.result.Output) ? $parse($states.result.Output) : $exists($states.result.Error) ? "
        f"($contains($states.result.Error, {_JSON}) ? $parse($states.result.Error) : $states.result.Error) : null",
        xcom="the execution's output, or its error",
    ),
)
