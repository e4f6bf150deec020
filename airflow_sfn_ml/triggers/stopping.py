"""What is meant to stop when Airflow cancels the trigger of a task, and which jobs that is. Pure.

Airflow 3.3.2 cancels triggers for many reasons and gives none: the task was marked, cleared or deleted, the Dag run
ended by hand or by its time limit, or another triggerer took the trigger over. What Airflow says of task and Dag run
afterwards tells them apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_sfn_ml.deploy.stops import Stop, stop_of
from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus, StateView
from airflow_sfn_ml.history.jobs import document

GONE = "(gone)"
"""The state of a task instance or a Dag run that Airflow does not have any more."""
CUT = (StateStatus.ABORTED, StateStatus.TIMED_OUT)
"""How states end that had no say in it; of an execution that was stopped, their jobs may still be at work."""
WAITED_FOR = (".sync", ".sync:2")
"""How the resources end whose jobs a state waits for."""


class Scope(Enum):
    """How much stops."""

    NOTHING = 0
    JOB = 1
    EXECUTION = 2


@dataclass(frozen=True)
class Order:
    """What is to stop, and why.

    :param error: the name that the execution's end gets.
    :param cause: for people; of a person, a task or a Dag run.
    """

    scope: Scope
    error: str = ""
    cause: str = ""


NO_ORDER = Order(Scope.NOTHING)


def order(task: str | None, run: str, *, survives: bool, waits: bool = False) -> Order:
    """What is meant, by the states of the *task* and its Dag *run* in Airflow.

    A task that was marked a success, was cleared, or is still followed by someone else stops nothing.

    :param survives: whether others run on after a failure of the task.
    :param waits: whether the task has nothing in the execution: it was cleared, and waits for the end of the others.
    """
    if run == GONE:
        return Order(Scope.EXECUTION, "Airflow.DagRunDeleted", "the Dag run was deleted")
    if task == "failed" and run == "failed" and (survives or waits):
        return Order(Scope.EXECUTION, "Airflow.DagRunFailed", "the Dag run failed or was marked failed")
    if task == "skipped" and run == "failed":
        return Order(Scope.EXECUTION, "Airflow.DagRunTimedOut", "the Dag run reached its time limit (dagrun_timeout)")
    if task not in ("failed", GONE) or waits:
        return NO_ORDER
    scope = Scope.JOB if survives else Scope.EXECUTION
    if task == GONE:
        return Order(scope, "Airflow.TaskDeleted", "this task was deleted")
    # The scheduler may have ended the run because of the mark, before the trigger was cancelled.
    who = "this task or its Dag run" if run == "failed" else "this task"
    return Order(scope, "Airflow.TaskMarkedFailed", f"{who} was marked failed")


def run_order(run: str) -> Order:
    """What is meant by the end of a Dag *run* alone, whose execution no task follows."""
    return order(GONE if run == GONE else "failed", run, survives=True) if run in (GONE, "failed") else NO_ORDER


@dataclass(frozen=True)
class Job:
    """A job that a state waits for, or waited for when its execution was stopped."""

    attempt: Attempt
    stop: Stop

    @property
    def name(self) -> str:
        """Its name or id."""
        return str(self.attempt.job)

    @property
    def stopping(self) -> dict[str, Any]:
        """The arguments of the call that stops it."""
        return self.stop.arguments(self.name, document(self.attempt.request_text))

    @property
    def looking(self) -> dict[str, Any]:
        """The arguments of the call that tells what it does."""
        return self.stop.look.arguments(self.name, document(self.attempt.request_text))


def running_jobs(view: ExecutionView, state: str) -> Iterator[Job]:
    """The jobs that *state*, or a state within it, is waiting for."""
    for seen in _within(view, state):
        if seen.status.is_open:
            yield from _job(seen.attempts[-1:])


def left_jobs(view: ExecutionView, state: str | None = None) -> Iterator[Job]:
    """The jobs that were waited for when time was over or the execution was stopped.

    AWS stops them then, but does not promise it.

    :param state: only those of this state and of states within it.
    """
    for seen in _within(view, state):
        yield from _job(attempt for attempt in seen.attempts if _is_cut(seen, attempt))


def _is_cut(seen: StateView, attempt: Attempt) -> bool:
    unfinished = attempt.status is StateStatus.RUNNING and seen.status in CUT
    return attempt.status in CUT or unfinished


def _job(attempts: Iterable[Attempt]) -> Iterator[Job]:
    for attempt in attempts:
        stop = stop_of(f"{attempt.resource_type}:{attempt.resource}")
        if stop is not None and attempt.job and (attempt.resource or "").endswith(WAITED_FOR):
            yield Job(attempt, stop)


def _within(view: ExecutionView, state: str | None) -> Iterator[StateView]:
    for seen in view.everywhere():
        if state is None or _is_within(view, seen.name, state):
            yield seen


def _is_within(view: ExecutionView, name: str | None, state: str) -> bool:
    while name is not None and name != state:
        name = view.state(name).parent
    return name == state
