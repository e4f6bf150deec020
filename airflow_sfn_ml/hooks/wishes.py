"""What a task wants to run, and whether an execution that exists is just that."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.exceptions import AccessDenied, ExecutionError, TooLarge
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook, execution_arn

log = logging.getLogger(__name__)

INPUT_LIMIT = 262_144
"""AWS's limit for the input of an execution, in bytes of UTF-8."""
SKEW = timedelta(minutes=1)
"""How far the clocks of AWS and of Airflow may be apart."""


@dataclass(frozen=True)
class Wish:
    """What a task wants to run.

    :param machine_arn: the machine, or a version or alias of it.
    :param text: the input, as JSON.
    :param name: the name of the execution with a number.
    :param derived: whether the names are derived, so that nobody else has them.
    :param since: when the generation began. Whatever bears a name of it but is older belongs to a Dag run that was
        deleted, and made anew under the same id. None if that is not known.
    :param redrives: whether what failed may be redriven.
    """

    machine_arn: str
    text: str
    name: Callable[[int], str]
    derived: bool = True
    since: datetime | None = None
    redrives: bool = True

    def arn(self, number: int) -> str:
        """The ARN of the execution with *number*."""
        return execution_arn(self.machine_arn, self.name(number))

    def is_older(self, started: datetime) -> bool:
        """Whether an execution that *started* then is none of this generation."""
        return self.since is not None and started < self.since - SKEW


def stable_json(value: Any, what: str = "the input") -> str:
    """*value*, which is JSON text or what can be written as such, in the one form that it always has.

    :raises ExecutionError: it is no JSON.
    :raises TooLarge: AWS does not take as much.
    """
    try:
        parsed = json.loads(value) if isinstance(value, str) else value
        text = json.dumps(parsed, sort_keys=True, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ExecutionError(f"{what} is no JSON: {error}") from error
    if (size := len(text.encode())) > INPUT_LIMIT:
        raise TooLarge(
            f"{what} has {size:,} bytes, AWS allows {INPUT_LIMIT:,}; put large values into S3 and pass their address"
        )
    return text


def refuse_express(hook: StepFunctionsHook, machine_arn: str) -> None:
    """Refuse a machine whose executions can be neither found again nor watched.

    :raises ExecutionError: the machine is an Express one.
    :raises NotDeployed: there is no such machine.
    """
    whole = ":".join(machine_arn.split(":")[:7])
    try:
        with translated(hook.conn, "states:DescribeStateMachine", whole):
            told = hook.conn.describe_state_machine(stateMachineArn=whole, includedData="METADATA_ONLY")
    except AccessDenied as error:
        log.warning("Taking it that %s is a Standard machine: %s", machine_arn, error)
        return
    if told.get("type") == "EXPRESS":
        raise ExecutionError(
            f"{machine_arn} is an Express machine: its executions can be started twice under one name and cannot be "
            "described, so a retry would run the work again. Make it a Standard machine, or let a Standard one start it"
        )


def is_as_wished(hook: StepFunctionsHook, wish: Wish, found: Mapping[str, Any]) -> bool:
    """Whether the execution that was *found* has the input and the definition that a new one would have."""
    return is_same_input(wish, found) and _is_same_definition(hook, wish, str(found["executionArn"]), found)


def is_same_input(wish: Wish, found: Mapping[str, Any]) -> bool:
    """Whether it has the input that a new one would have."""
    try:
        return stable_json(found.get("input") or "{}") == wish.text
    except ExecutionError:
        return False


def _is_same_definition(hook: StepFunctionsHook, wish: Wish, arn: str, found: Mapping[str, Any]) -> bool:
    """Whether a new execution would run the definition that the one with *arn* runs; a redrive keeps that one."""
    qualifier = ":".join(wish.machine_arn.split(":")[7:])
    if qualifier.isdigit():
        return found.get("stateMachineVersionArn") == wish.machine_arn
    try:
        if qualifier:
            with translated(hook.conn, "states:DescribeStateMachineAlias", wish.machine_arn):
                alias = hook.conn.describe_state_machine_alias(stateMachineAliasArn=wish.machine_arn)
            routes = [route["stateMachineVersionArn"] for route in alias["routingConfiguration"]]
            return found.get("stateMachineVersionArn") in routes
        with translated(hook.conn, "states:DescribeStateMachineForExecution", arn):
            ran = hook.conn.describe_state_machine_for_execution(executionArn=arn)
        with translated(hook.conn, "states:DescribeStateMachine", wish.machine_arn):
            now = hook.conn.describe_state_machine(stateMachineArn=wish.machine_arn)
    except AccessDenied as error:
        log.warning("Taking it that the definition is still the same: %s", error)
        return True
    return bool(ran["definition"] == now["definition"])
