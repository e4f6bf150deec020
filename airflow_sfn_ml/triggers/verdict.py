"""What the view of an execution means for the task that one of its states is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.compiler.names import gate_name
from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView
from airflow_sfn_ml.steps.procedure import SKIPPED

RUNNING = "RUNNING"
SUCCEEDED = "SUCCEEDED"


@dataclass(frozen=True)
class Place:
    """How a state lies among the others of a machine that was written as a whole.

    Such a machine chooses, catches and loops, so a state that was not entered may have been passed by, and one that
    succeeded may be entered again.

    :param passed_by: states that, once entered, mean that this one can no longer be.
    :param parent: the Parallel that the state is in, if any: when that is over, so is the state's chance.
    :param repeats: whether the state can be entered again.
    """

    passed_by: tuple[str, ...] = ()
    parent: str | None = None
    repeats: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any] | None) -> Place | None:
        """The place that *told* (its fields, as JSON) describes."""
        if told is None:
            return None
        return cls(tuple(told.get("passed_by", ())), told.get("parent"), bool(told.get("repeats")))

    def is_left(self, view: ExecutionView) -> bool:
        """Whether the state can no longer be entered."""
        if view.status != RUNNING or any(name in view.states for name in self.passed_by):
            return True
        return self.parent is not None and self.parent in view.states and not view.states[self.parent].status.is_open


@dataclass(frozen=True)
class Pending:
    """Not decided yet."""


@dataclass(frozen=True)
class Succeeded:
    """The state succeeded with *output*; *note* is what a person should know all the same."""

    output: Any
    note: str = ""


@dataclass(frozen=True)
class Skipped:
    """The machine chose another way; *reason* is for people."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """The state failed, or can no longer succeed; *reason* is for people."""

    reason: str


Verdict = Pending | Succeeded | Skipped | Failed


def verdict(view: ExecutionView, name: str, place: Place | None = None) -> Verdict:
    """Decide about the state *name*.

    A state that was never entered in an execution that failed is a failure, never a skip: a skipped leaf would turn the
    Dag run green. *place* is given for machines that were written as a whole; a machine that was made of a group's
    tasks enters every state once.
    """
    state = view.state(name)
    over = view.status != RUNNING
    if place is not None and not over and (place.repeats or state.status == StateStatus.NOT_ENTERED):
        if not place.is_left(view):
            return Pending()
        if state.status == StateStatus.NOT_ENTERED:
            return Skipped(f"State {name} was not chosen")
    match state.status:
        case StateStatus.SUCCEEDED if isinstance(state.output, Mapping) and SKIPPED in state.output:
            return Skipped(str(state.output[SKIPPED]))
        case StateStatus.SUCCEEDED:
            return Succeeded(state.output, _visits(state))
        case StateStatus.CAUGHT if place is not None:
            return Succeeded(None, f"State {name} failed with {state.error}, which the state machine caught")
        case StateStatus.FAILED | StateStatus.CAUGHT | StateStatus.ABORTED | StateStatus.TIMED_OUT:
            return Failed(f"State {name} {_words(state.status)}{_because(state.error, state.cause, view)}")
        case StateStatus.NOT_ENTERED if view.status == SUCCEEDED and place is not None:
            return Skipped(f"State {name} was not chosen")
        case StateStatus.NOT_ENTERED if over and view.state(gate_name(name)).status == StateStatus.SUCCEEDED:
            return Failed(
                f"State {name} did not run: what came before it in the execution did not ask for it. Airflow let the "
                "task go all the same, as after a task was marked by hand. Clear this task to run it"
            )
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


def _visits(state: StateView) -> str:
    return (
        f"State {state.name} ran {state.entered_count} times; this is its last output"
        if state.entered_count > 1
        else ""
    )


def _words(status: str) -> str:
    return {
        "FAILED": "failed",
        "CAUGHT": "failed",
        "TIMED_OUT": "timed out",
        "ABORTED": "was stopped",
        "PENDING_REDRIVE": "waits for a redrive of its children",
    }.get(status.upper(), status.lower())


def _because(error: str | None, cause: str | None, view: ExecutionView) -> str:
    if error or cause:
        return f": {error or 'no error name'}"
    return _culprit(view) if view.status != RUNNING else ""


def _culprit(view: ExecutionView) -> str:
    caught = [name for name, state in view.states.items() if state.status == StateStatus.CAUGHT]
    failed = ", ".join([name for name in view.failed_states if view.state(name).type != "Fail"] or caught)
    if failed:
        return f" because of {failed}"
    return f": {view.error}" if view.error else ""
