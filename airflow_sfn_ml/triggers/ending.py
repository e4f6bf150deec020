"""How an execution that is waited for as a whole has ended, and what the log says of it when it failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import ExecutionView, StateStatus, reduce
from airflow_sfn_ml.triggers.explain import failure_lines

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

OPEN = frozenset({"RUNNING", "PENDING_REDRIVE"})
"""Statuses of executions that go on: one that waits for its redrive will run."""
WORDS = {"FAILED": "failed", "TIMED_OUT": "timed out", "ABORTED": "was stopped"}


def has_ended(summary: Mapping[str, Any], redrives: int = 0) -> bool:
    """Whether *summary*, of DescribeExecution or ListExecutions, tells the end.

    :param redrives: how often the execution has been redriven; an end that was told before that is an old one.
    """
    return summary["status"] not in OPEN and int(summary.get("redriveCount", 0)) >= redrives


def output_of(described: Mapping[str, Any]) -> Any:
    """The output of an execution that succeeded, as a value; None if it has none or AWS has left it out."""
    text = described.get("output")
    return json.loads(text) if text else None


def headline(described: Mapping[str, Any]) -> str:
    """One line on how the execution has ended, with its own error."""
    error = described.get("error")
    line = f"Execution {described['executionArn']} {WORDS.get(described['status'], described['status'].lower())}"
    return f"{line}: {error}" if error else line


def failure_story(hook: StepFunctionsHook, described: Mapping[str, Any]) -> list[str]:
    """Why an execution did not succeed: which of its states failed, with what, and the end of their jobs' logs.

    The history is read once. Where that is not allowed, the execution's own cause has to do.

    :raises SfnMlError: AWS is busy or out of reach; asking again may help.
    """
    from airflow_sfn_ml.hooks.errors import is_passing

    lines = [headline(described)]
    try:
        view = reduce(hook.events(str(described["executionArn"])))
    except SfnMlError as error:
        if is_passing(error):
            raise
        return [
            *lines,
            *_cause(described),
            f"Which state failed is not known, since its history cannot be read: {error}",
        ]
    culprits = [name for name in _culprits(view) if view.state(name).type != "Fail"]
    for name in culprits:
        state = view.state(name)
        lines.append(f"State {name} {_words(state.status)}: {state.error or 'no error name'}")
        lines += failure_lines(view, name, hook.log_tail)
    if not culprits or described.get("error") not in (None, *(view.state(name).error for name in culprits)):
        lines += _cause(described)
    return lines


def _culprits(view: ExecutionView) -> list[str]:
    """The states that failed; those whose failure was caught before the machine ended as a failure too."""
    told = list(view.failed_states)
    timed_out = [name for name, state in view.states.items() if state.status is StateStatus.TIMED_OUT]
    caught = [name for name, state in view.states.items() if state.status is StateStatus.CAUGHT]
    return list(dict.fromkeys([*told, *timed_out, *caught]))


def _cause(described: Mapping[str, Any]) -> list[str]:
    cause = described.get("cause")
    return [f"Cause: {cause}"] if cause else []


def _words(status: StateStatus) -> str:
    return "timed out" if status is StateStatus.TIMED_OUT else "failed"
