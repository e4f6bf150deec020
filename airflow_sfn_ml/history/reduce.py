"""Fold the events of an execution into its view.

Each visit of a state is one node of `Places`, and one `StateView` while it can still change. An event finds its visit
by going upwards from the event before it to the nearest node of its kind that is still open; where that way is missing
(after a redrive, in a partial history) its name or what it called decides.

A failed attempt decides nothing: Retry, Catch or the end of the execution does, and its event comes later, after a
retry interval perhaps of minutes. So the visit is only *wounded*: retrying until the next event tells. A Parallel or
Map that fails is wounded in the same way, remembers which of its inner nodes were the culprits, and its inner states
stay as they are. Only when the wound is settled (it exits: caught; it starts again: retried; the execution ends:
failed) do they settle too: those on the way to a culprit failed, all others were aborted.

The cost is linear in the number of events, with one scan of the open visits where something settles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from airflow_sfn_ml.history.events import Event, event_of
from airflow_sfn_ml.history.fold import Fold
from airflow_sfn_ml.history.view import ExecutionView, StateStatus

Handler = Callable[[Fold, Event], None]

FAMILIES = ("Choice", "Fail", "Map", "Parallel", "Pass", "Succeed", "Task", "Wait")
CALLS = ("Activity", "LambdaFunction", "Task")


def reduce(events: Iterable[Mapping[str, object]], previous: ExecutionView | None = None) -> ExecutionView:
    """The view after *events*, going on from *previous*.

    :param events: as boto3's GetExecutionHistory gives them, in any order; those that *previous* has seen are passed
        over.
    """
    fold = Fold(previous or ExecutionView())
    for event in sorted(map(event_of, events), key=lambda event: event.id):
        if event.id <= fold.last_event_id:
            continue
        fold.last_event_id = event.id
        handler = HANDLERS.get(event.type)
        if handler is not None:
            handler(fold, event)
    return fold.view()


def _handlers() -> dict[str, Handler]:
    """What to do for every type of event; the types are those of botocore's HistoryEventType."""
    table: dict[str, Handler] = {
        "ExecutionStarted": Fold.execution_started,
        "ExecutionSucceeded": Fold.execution_succeeded,
        "ExecutionFailed": Fold.execution_failed,
        "ExecutionAborted": Fold.execution_aborted,
        "ExecutionTimedOut": Fold.execution_timed_out,
        "ExecutionRedriven": Fold.execution_redriven,
        "EvaluationFailed": Fold.evaluation_failed,
        "MapIterationStarted": Fold.iteration_started,
        "MapIterationSucceeded": partial(Fold.iteration_ended, status=StateStatus.SUCCEEDED),
        "MapIterationFailed": partial(Fold.iteration_ended, status=StateStatus.FAILED),
        "MapIterationAborted": partial(Fold.iteration_ended, status=StateStatus.ABORTED),
        "MapRunStarted": Fold.map_run,
        "MapRunRedriven": Fold.map_run,
        "MapRunSucceeded": Fold.map_run,
        "MapRunFailed": Fold.map_run_failed,
        "MapRunAborted": Fold.map_run,
    }
    for family in FAMILIES:
        table[f"{family}StateEntered"] = partial(Fold.entered, family=family)
        table[f"{family}StateExited"] = partial(Fold.exited, family=family)
        table[f"{family}StateAborted"] = partial(Fold.aborted, family=family)
    for family in ("Map", "Parallel"):
        table[f"{family}StateStarted"] = partial(Fold.container_started, family=family)
        table[f"{family}StateSucceeded"] = partial(Fold.container_succeeded, family=family)
        table[f"{family}StateFailed"] = partial(Fold.container_failed, family=family)
    for call in CALLS:
        table[f"{call}Scheduled"] = Fold.scheduled
        table[f"{call}Started"] = Fold.started
        table[f"{call}Submitted"] = Fold.submitted
        table[f"{call}Succeeded"] = Fold.succeeded
        table[f"{call}TimedOut"] = partial(Fold.failed, status=StateStatus.TIMED_OUT)
        for how in ("Failed", "ScheduleFailed", "StartFailed", "SubmitFailed"):
            table[f"{call}{how}"] = partial(Fold.failed, status=StateStatus.FAILED)
    return table


HANDLERS = _handlers()
