"""What the view of an execution means for the task that one of its states is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.history import ExecutionView, StateStatus

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True)
class Pending:
    """Not decided yet."""


@dataclass(frozen=True)
class Succeeded:
    """The state succeeded with *output*."""

    output: Any


@dataclass(frozen=True)
class Failed:
    """The state failed, or can no longer succeed; *reason* is for people."""

    reason: str


Verdict = Pending | Succeeded | Failed


def verdict(view: ExecutionView, name: str) -> Verdict:
    """Decide about the state *name*.

    A state that was never entered in an execution that failed is a failure, never a skip: a skipped leaf would turn the
    Dag run green.
    """
    state = view.state(name)
    over = view.status != RUNNING
    match state.status:
        case StateStatus.SUCCEEDED:
            return Succeeded(state.output)
        case StateStatus.FAILED | StateStatus.CAUGHT | StateStatus.ABORTED | StateStatus.TIMED_OUT:
            return Failed(f"State {name} {_words(state.status)}{_because(state.error, state.cause, view)}")
        case StateStatus.NOT_ENTERED if view.status == SUCCEEDED:
            return Failed(
                f"State {name} is not in the definition that this execution runs: the Dag was changed after it was "
                "started. "
                "Clear the group's start task to run the new definition"
            )
        case StateStatus.NOT_ENTERED if over:
            return Failed(f"State {name} never ran: the execution {_words(view.status)}{_culprit(view)}")
        case _ if over:
            return Failed(f"State {name} did not end: the execution {_words(view.status)}{_culprit(view)}")
        case _:
            return Pending()


def _words(status: str) -> str:
    return {
        "FAILED": "failed",
        "TIMED_OUT": "timed out",
        "ABORTED": "was stopped",
        "PENDING_REDRIVE": "waits for a redrive of its children",
    }.get(status.upper(), status.lower())


def _because(error: str | None, cause: str | None, view: ExecutionView) -> str:
    if error or cause:
        return f": {error or 'no error name'}"
    return _culprit(view) if view.status != RUNNING else ""


def _culprit(view: ExecutionView) -> str:
    failed = ", ".join(view.failed_states)
    if failed:
        return f" because of {failed}"
    return f": {view.error}" if view.error else ""
