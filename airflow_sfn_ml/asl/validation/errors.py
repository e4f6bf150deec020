"""Retriers and catchers: which errors, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl.validation.model import State
from airflow_sfn_ml.asl.validation.rules import Finding, state_rule

WORKING = ("Task", "Parallel", "Map")
ALL, TASK_FAILED = "States.ALL", "States.TaskFailed"
RESERVED = frozenset(
    f"States.{name}"
    for name in (
        "ALL",
        "BranchFailed",
        "DataLimitExceeded",
        "ExceedToleratedFailureThreshold",
        "HeartbeatTimeout",
        "Http.Socket",
        "IntrinsicFailure",
        "ItemReaderFailed",
        "NoChoiceMatched",
        "ParameterPathFailure",
        "Permissions",
        "QueryEvaluationError",
        "ResultPathMatchFailure",
        "ResultWriterFailed",
        "Runtime",
        "TaskFailed",
        "Timeout",
    )
)
"""AWS's own names (the guide's list, and the language's specification)."""
TERMINAL = ("States.DataLimitExceeded", "States.Runtime")


def entries(state: State) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Path and body of each retrier and catcher, and whether it is the last of its list."""
    for key in ("Retry", "Catch"):
        found = list(state.objects(key))
        for position, (path, body) in enumerate(found):
            yield path, body, position == len(found) - 1


def names(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The error names of a retrier or catcher."""
    given = body.get("ErrorEquals")
    return tuple(name for name in given if isinstance(name, str)) if isinstance(given, list) else ()


@state_rule("policy-not-object", *WORKING)
def policy_not_object(state: State) -> Iterator[Finding]:
    for key in ("Retry", "Catch"):
        items = state.body.get(key)
        for position, item in enumerate(items if isinstance(items, list) else ()):
            if not isinstance(item, Mapping):
                yield f"{state.path}/{key}[{position}]", f"an entry of {key} is an object with ErrorEquals"


@state_rule("no-error-names", *WORKING)
def no_error_names(state: State) -> Iterator[Finding]:
    for path, body, _ in entries(state):
        if "ErrorEquals" not in body:
            yield path, f'ErrorEquals is missing; to match all errors write ["{ALL}"]'
        elif body["ErrorEquals"] == []:
            yield f"{path}/ErrorEquals", f'ErrorEquals is empty; to match all errors write ["{ALL}"]'


@state_rule("error-name-not-text", *WORKING)
def error_name_not_text(state: State) -> Iterator[Finding]:
    for path, body, _ in entries(state):
        given = body.get("ErrorEquals")
        if isinstance(given, list) and len(names(body)) != len(given):
            yield f"{path}/ErrorEquals", "ErrorEquals is a list of error names"


@state_rule("all-not-alone", *WORKING)
def all_not_alone(state: State) -> Iterator[Finding]:
    for path, body, _ in entries(state):
        if ALL in names(body) and len(names(body)) > 1:
            yield f"{path}/ErrorEquals", f"{ALL} stands alone; remove the other names, which it matches anyway"


@state_rule("all-not-last", *WORKING)
def all_not_last(state: State) -> Iterator[Finding]:
    for path, body, last in entries(state):
        if ALL in names(body) and not last:
            yield f"{path}/ErrorEquals", f"{ALL} must be in the last entry; move it to the end"


@state_rule("catch-without-next", *WORKING)
def catch_without_next(state: State) -> Iterator[Finding]:
    for path, body in state.objects("Catch"):
        if "Next" not in body:
            yield path, "a catcher needs Next, the name of a state"


@state_rule("unknown-error-name", *WORKING, severity="warning")
def unknown_error_name(state: State) -> Iterator[Finding]:
    for path, body, _ in entries(state):
        for name in names(body):
            if name.startswith("States.") and name not in RESERVED:
                yield f"{path}/ErrorEquals", f"{name} is not one of AWS's errors; names of your own have another prefix"


@state_rule("uncatchable-error", *WORKING, severity="warning")
def uncatchable_error(state: State) -> Iterator[Finding]:
    for path, body, _ in entries(state):
        for name in names(body):
            if name in TERMINAL:
                yield f"{path}/ErrorEquals", f"{name} ends the execution whatever is written here; remove it"


@state_rule("error-matched-before", *WORKING, severity="warning")
def error_matched_before(state: State) -> Iterator[Finding]:
    for key in ("Retry", "Catch"):
        seen: set[str] = set()
        for path, body in state.objects(key):
            for name in names(body):
                wide = TASK_FAILED in seen and name not in (ALL, "States.Timeout", "States.HeartbeatTimeout", *TERMINAL)
                if name in seen or wide:
                    yield f"{path}/ErrorEquals", f"{name} is matched by an entry before; move this one up or remove it"
            seen.update(names(body))


@state_rule("delay-below-interval", *WORKING, severity="warning")
def delay_below_interval(state: State) -> Iterator[Finding]:
    for path, body in state.objects("Retry"):
        longest, first = body.get("MaxDelaySeconds"), body.get("IntervalSeconds", 1)
        if isinstance(longest, int) and isinstance(first, int) and longest < first:
            yield f"{path}/MaxDelaySeconds", f"MaxDelaySeconds is {longest}, below IntervalSeconds, {first}; raise it"
