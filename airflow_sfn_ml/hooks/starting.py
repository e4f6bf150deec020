"""Begin an execution of somebody else's machine once, whatever dies: by its name.

A task has generations, as Airflow sees it: a person who clears it begins the next, an automatic retry does not. Within
a generation the executions are numbered, and their names are derived from all that. So a try that knows nothing of the
ones before it looks at the first name, and at the next only where the one before failed for good:

* it does not exist: start it,
* it runs or has succeeded: adopt it,
* it failed: redrive it, where AWS can, which keeps what was done; else look at the next number.

A new generation first looks at the execution of the one before. If that still runs, it is adopted: there are never two
at once. If it failed, it is redriven, as long as the input and the definition are still the same: a person who changed
one of them and cleared the task wants the new one.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.deploy.errors import code, translated
from airflow_sfn_ml.exceptions import DeployError, ExecutionError
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from airflow_sfn_ml.hooks.wishes import Wish, is_as_wished, is_same_input

log = logging.getLogger(__name__)

OPEN = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of executions that go on: one that waits for its redrive will run."""
LAGS = (1, 2, 4, 8, 16)
"""How long to wait between reads of an execution that was just started, in seconds: they are eventually consistent."""
NUMBERS = 100
"""How many executions one generation may need."""


@dataclass(frozen=True)
class Begun:
    """The execution that a task waits for.

    :param redrives: how often it has been redriven at least; an end that was told before that is an old one.
    :param is_new: whether StartExecution has told just now that it runs.
    """

    arn: str
    redrives: int = 0
    is_new: bool = False


def begin(hook: StepFunctionsHook, wish: Wish, earlier: str | None = None, *, is_continued: bool = False) -> Begun:
    """Start what *wish* says, or adopt or redrive what was started already.

    :param earlier: the execution of the generation before.
    :param is_continued: whether this generation has adopted or redriven *earlier* already.
    :raises ExecutionError: an execution has the name that was given, but another input.
    """
    if earlier is not None:
        begun = _continued(hook, wish, earlier, is_continued)
        if begun is not None:
            return begun
    for number in range(NUMBERS):
        arn = wish.arn(number)
        if _start(hook, wish, number):
            return Begun(arn, is_new=True)
        found = _existing(hook, arn)
        if wish.is_older(found["startDate"]):
            log.warning("%s belongs to an earlier Dag run of the same id, which was deleted; leaving it alone", arn)
            continue
        _refuse_foreign(wish, found)
        if found["status"] not in OPEN | {"SUCCEEDED"}:
            begun = _redriven(hook, wish, found)
            if begun is None:
                continue
            return begun
        log.info("Adopted execution %s, which an earlier try started (%s)", arn, found["status"])
        return Begun(arn, int(found.get("redriveCount", 0)))
    raise ExecutionError(f"{wish.arn(0)} and {NUMBERS - 1} more executions failed and cannot be redriven")


def is_continuable(hook: StepFunctionsHook, wish: Wish, earlier: str) -> bool:
    """Whether the execution *earlier* of the generation before may be gone on with in this one."""
    found = hook.find(earlier)
    if found is None or found["status"] == "SUCCEEDED":
        return False
    return found["status"] in OPEN or (wish.redrives and is_as_wished(hook, wish, found))


def redrive_token(arn: str, redrive_count: int) -> str:
    """The same for everyone who asks for this redrive; AWS takes at most 64 characters."""
    return hashlib.sha256(f"{arn} {redrive_count}".encode()).hexdigest()


def _continued(hook: StepFunctionsHook, wish: Wish, earlier: str, is_continued: bool) -> Begun | None:
    found = hook.find(earlier)
    if found is None:
        return None
    count = int(found.get("redriveCount", 0))
    match found["status"]:
        case "SUCCEEDED":
            return Begun(earlier, count) if is_continued else None
        case "RUNNING" | "PENDING_REDRIVE":
            log.warning(
                "%s still runs, so nothing new is started. To stop it, mark this task failed; cleared after that, it "
                "goes on where it was stopped",
                earlier,
            )
            return Begun(earlier, count)
    if not is_as_wished(hook, wish, found):
        log.info("%s failed; its input or definition was changed since, so it is not redriven", earlier)
        return None
    return _redriven(hook, wish, found)


def _redriven(hook: StepFunctionsHook, wish: Wish, found: Mapping[str, Any]) -> Begun | None:
    """The redrive of an execution that failed; None if AWS does none, or none is wanted."""
    arn, count = str(found["executionArn"]), int(found.get("redriveCount", 0))
    if not wish.redrives:
        return None
    if found.get("redriveStatus", "REDRIVABLE") != "REDRIVABLE":
        log.warning("%s %s and cannot be redriven: %s", arn, found["status"], found.get("redriveStatusReason"))
        return None
    if not is_same_input(wish, found):
        log.info("The input was rendered to something else this time; the redrive runs with the one it had")
    try:
        hook.redrive(arn, redrive_token(arn, count))
    except ExecutionError as error:
        log.warning("%s", error)
        return None
    log.info("Redriving %s, which %s: runs again what failed, and nothing else", arn, found["status"])
    return Begun(arn, count + 1)


def _start(hook: StepFunctionsHook, wish: Wish, number: int) -> bool:
    """Start the execution with *number*; False if the name is taken."""
    name = wish.name(number)
    try:
        with translated(hook.conn, "states:StartExecution", wish.machine_arn):
            told = hook.conn.start_execution(stateMachineArn=wish.machine_arn, name=name, input=wish.text)
    except DeployError as error:
        if code(error) != "ExecutionAlreadyExists":
            raise
        return False
    if wish.is_older(told["startDate"]):
        return False  # AWS answers with the one that runs, if the input is the same
    # AWS gives the same answer for one that an earlier try started, as long as it runs with the same input.
    log.info("Execution %s was started at %s", told["executionArn"], told["startDate"])
    return True


def _refuse_foreign(wish: Wish, found: Mapping[str, Any]) -> None:
    if not wish.derived and not is_same_input(wish, found):
        raise ExecutionError(
            f"{found['executionArn']} exists with another input. If another task or a person started it, choose "
            "another name; if an earlier try did, its input was rendered to something else: leave `name` out, or let "
            "the input be the same in every try"
        )


def _existing(hook: StepFunctionsHook, arn: str) -> dict[str, Any]:
    """What DescribeExecution says of *arn*, which exists, although reads may lag behind."""
    for pause in LAGS:
        found = hook.find(arn)
        if found is not None:
            return found
        time.sleep(pause)
    return hook.describe(arn)
