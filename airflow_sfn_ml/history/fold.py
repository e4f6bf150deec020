"""What each event does to a view; `airflow_sfn_ml.history.reduce` explains how the fold thinks."""

from __future__ import annotations

from dataclasses import replace

from airflow_sfn_ml.history import jobs
from airflow_sfn_ml.history.events import Event
from airflow_sfn_ml.history.places import ROOT
from airflow_sfn_ml.history.view import Attempt, ExecutionView, StateStatus, StateView
from airflow_sfn_ml.history.visits import CONTAINERS, Visits, stopped

CAN_RETRY = frozenset({"Map", "Parallel", "Task"})
STOPPED = frozenset({StateStatus.ABORTED, StateStatus.FAILED, StateStatus.TIMED_OUT})
"""What a redrive runs again."""


class Fold:
    """A view that events change; `view` gives the value."""

    def __init__(self, view: ExecutionView) -> None:
        self._execution = view
        self.last_event_id = view.last_event_id
        self._visits = Visits(view)
        self._places = self._visits.places

    def view(self) -> ExecutionView:
        """The view as a value."""
        return replace(
            self._execution,
            states=self._visits.states(),
            last_event_id=self.last_event_id,
            _places=self._places.frozen(),
            _visits=self._visits.kept,
            _iterations=self._visits.iterations,
            _within=self._visits.within,
        )

    # The execution

    def execution_started(self, event: Event) -> None:
        self._execution = replace(
            self._execution,
            status="RUNNING",
            started=event.time,
            input_text=event.text("input"),
            version_arn=event.text("stateMachineVersionArn"),
        )

    def execution_succeeded(self, event: Event) -> None:
        self._visits.settle(ROOT, (), StateStatus.ABORTED, event)
        self._execution = replace(
            self._execution, status="SUCCEEDED", stopped=event.time, output_text=event.text("output")
        )

    def execution_failed(self, event: Event) -> None:
        culprits = (self._places.node(event.previous),)
        failed = self._visits.settle(ROOT, culprits, StateStatus.ABORTED, event)
        self._end(event, "FAILED")
        self._execution = replace(self._execution, failed_states=failed)

    def execution_aborted(self, event: Event) -> None:
        self._visits.settle(ROOT, (), StateStatus.ABORTED, event)
        self._end(event, "ABORTED")

    def execution_timed_out(self, event: Event) -> None:
        self._visits.settle(ROOT, (), StateStatus.TIMED_OUT, event)
        self._end(event, "TIMED_OUT")

    def _end(self, event: Event, status: str) -> None:
        self._execution = replace(
            self._execution, status=status, stopped=event.time, error=event.text("error"), cause=event.text("cause")
        )

    def execution_redriven(self, event: Event) -> None:
        """What failed or was stopped is at work again; whatever exited stays as it is."""
        self._execution = replace(
            self._execution,
            status="RUNNING",
            redriven=event.time,
            redrive_count=event.number("redriveCount") or self._execution.redrive_count + 1,
            stopped=None,
            error=None,
            cause=None,
            failed_states=(),
        )
        for visit in list(self._visits.kept.values()):
            if visit.status in STOPPED:
                status = StateStatus.RETRYING if visit.attempts else StateStatus.RUNNING
                again = replace(visit, status=status, exited=None, error=None, cause=None)
                self._visits.put(replace(again, _wounded=False, _redriven=True, _culprits=()))
                for index, (node, status) in list(self._visits.iterations.get(visit._visit, {}).items()):
                    if status in STOPPED:
                        self._visits.count(visit._visit, index, node, StateStatus.RUNNING)

    # Visits

    def entered(self, event: Event, family: str) -> None:
        name = event.text("name") or ""
        scope = self._visits.scope(event.previous)
        again = self._visits.redriven(name)
        if again is not None:
            place = self._places.parent(again._visit)
            if self._places.node(event.previous) == ROOT or scope == place:
                scope = place
                self._visits.forget_below(again._visit)
                self._visits.replace_by_another(again)
            else:
                again = None
        self._places.open(event.id, scope)
        self._places.put(event.id, event.id)
        self._visits.enter(
            StateView(
                name,
                StateStatus.FAILED if family == "Fail" else StateStatus.RUNNING,
                family,
                parent=self._visits.container(scope),
                entered=event.time,
                attempts=again.attempts if again else (),
                input_text=event.text("input"),
                _visit=event.id,
            )
        )

    def exited(self, event: Event, family: str) -> None:
        visit = self._at(event, family, event.text("name"))
        if visit is None:
            return
        if family in CONTAINERS:
            culprits = (*visit._culprits, self._places.node(event.previous))
            self._visits.settle(visit._visit, culprits, StateStatus.ABORTED, event)
            self._visits.forget_below(visit._visit)
            visit = self._visits.kept[visit._visit]
        status = StateStatus.CAUGHT if visit._wounded else StateStatus.SUCCEEDED
        visit = visit if visit._wounded else stopped(visit, StateStatus.SUCCEEDED, event.time)
        ended = replace(visit, status=status, exited=event.time, output_text=event.text("output"))
        self._visits.close(replace(ended, _redriven=False, _culprits=()))

    def aborted(self, event: Event, family: str) -> None:
        """A stopped state. One whose own failure stopped the others gets this event too, and is left alone."""
        visit = self._at(event, family)
        if visit is not None and not visit._wounded:
            self._visits.put(stopped(visit, StateStatus.ABORTED, event.time))

    def evaluation_failed(self, event: Event) -> None:
        visit = self._visits.find_named(event, event.text("state"))
        if visit is not None:
            self._places.put(event.id, visit._visit)
            self._wound(visit, StateStatus.FAILED, event)

    # Attempts

    def scheduled(self, event: Event) -> None:
        visit = self._at(event, "Task")
        if visit is not None:
            attempt = Attempt(
                number=len(visit.attempts) + 1,
                scheduled=event.time,
                resource_type=event.text("resourceType"),
                resource=event.text("resource"),
                region=event.text("region"),
                job=jobs.requested(event.text("parameters")),
                request_text=event.text("parameters"),
            )
            self._begin(visit, attempt)

    def started(self, event: Event) -> None:
        visit = self._at(event, "Task")
        if visit is not None and visit.attempts:
            self._visits.put(_with_last(visit, replace(visit.attempts[-1], started=event.time)))

    def submitted(self, event: Event) -> None:
        visit = self._at(event, "Task")
        job, arn = jobs.submitted(event.text("resourceType"), event.text("output"))
        if visit is not None and visit.attempts and job is not None:
            self._visits.put(_with_last(visit, replace(visit.attempts[-1], job=job, job_arn=arn)))

    def succeeded(self, event: Event) -> None:
        visit = self._at(event, "Task")
        if visit is not None:
            self._visits.put(_ended(visit, StateStatus.SUCCEEDED, event))

    def failed(self, event: Event, status: StateStatus) -> None:
        visit = self._at(event, "Task")
        if visit is None:
            return
        if not visit.attempts:
            attempt = Attempt(1, resource_type=event.text("resourceType"), resource=event.text("resource"))
            visit = replace(visit, attempts=(replace(attempt, redrive_count=self._execution.redrive_count),))
        self._wound(_ended(visit, status, event), status, event)

    def _begin(self, visit: StateView, attempt: Attempt) -> None:
        attempts = (*visit.attempts, replace(attempt, redrive_count=self._execution.redrive_count))
        status = StateStatus.RETRYING if visit.attempts else StateStatus.RUNNING
        begun = replace(visit, status=status, attempts=attempts, error=None, cause=None)
        self._visits.put(replace(begun, _wounded=False, _redriven=False, _culprits=()))

    def _wound(self, visit: StateView, status: StateStatus, event: Event) -> None:
        """Something in *visit* failed: for good if its kind knows neither Retry nor Catch, else a later event tells."""
        now = StateStatus.RETRYING if visit.type in CAN_RETRY else status
        error, cause = event.text("error") or visit.error, event.text("cause") or visit.cause
        self._visits.put(replace(visit, status=now, error=error, cause=cause, _wounded=True, _redriven=False))

    # Parallel and Map

    def container_started(self, event: Event, family: str) -> None:
        """Branches or iterations begin, or begin again. A redrive leaves those alone that are done, a retry none."""
        visit = self._at(event, family, begins=True, whole=True)
        if visit is None:
            return
        before = self._places.node(event.previous)
        if visit.attempts and not (visit._redriven and before in (ROOT, visit._visit)):
            self._visits.settle(visit._visit, (*visit._culprits, before), StateStatus.ABORTED, event)
            self._visits.forget_below(visit._visit)
            self._visits.forget_iterations(visit)
            visit = replace(_ended(visit, StateStatus.FAILED, event), iterations={})
        length = event.number("length")
        visit = replace(visit, length=visit.length if length is None else length)
        self._begin(visit, Attempt(len(visit.attempts) + 1, scheduled=event.time, started=event.time))

    def container_succeeded(self, event: Event, family: str) -> None:
        visit = self._at(event, family)
        if visit is not None:
            self._visits.put(_ended(visit, StateStatus.SUCCEEDED, event))

    def container_failed(self, event: Event, family: str) -> None:
        visit = self._at(event, family, whole=True)
        if visit is not None:
            culprits = dict.fromkeys((*visit._culprits, self._places.node(event.previous)))
            culprits.pop(visit._visit, None)
            failed = replace(_ended(visit, StateStatus.FAILED, event), _culprits=tuple(culprits))
            self._wound(failed, StateStatus.FAILED, event)

    def iteration_started(self, event: Event) -> None:
        visit = self._at(event, "Map", event.text("name"), begins=True)
        index = event.number("index") or 0
        if visit is None:
            return
        earlier = self._visits.iterations.get(visit._visit, {}).get(index)
        if earlier is not None:
            self._visits.forget_below(earlier[0])
        self._places.open(event.id, visit._visit)
        self._places.put(event.id, event.id, begins=True)
        self._visits.begin_iteration(visit.name, index, event.id)
        self._visits.count(visit._visit, index, event.id, StateStatus.RUNNING)

    def iteration_ended(self, event: Event, status: StateStatus) -> None:
        visit = self._at(event, "Map", event.text("name"))
        if visit is None:
            return
        index = event.number("index") or 0
        node = self._visits.iterations.get(visit._visit, {}).get(index, (visit._visit, status))[0]
        self._places.put(event.id, node)
        self._visits.count(visit._visit, index, node, status)
        if status is StateStatus.FAILED:
            visit = self._visits.kept[visit._visit]
            culprits = dict.fromkeys((*visit._culprits, self._places.node(event.previous)))
            self._visits.put(replace(visit, _culprits=tuple(culprits)))

    def map_run(self, event: Event) -> None:
        visit = self._at(event, "Map")
        if visit is not None:
            self._visits.put(replace(visit, map_run_arn=event.text("mapRunArn") or visit.map_run_arn))

    def map_run_failed(self, event: Event) -> None:
        visit = self._at(event, "Map")
        if visit is not None:
            self._wound(visit, StateStatus.FAILED, event)

    def _at(
        self, event: Event, family: str, name: str | None = None, *, begins: bool = False, whole: bool = False
    ) -> StateView | None:
        """The visit that *event* is about; the event is at its place from now on."""
        visit = self._visits.find(event, family, name, whole=whole)
        if visit is not None:
            self._places.put(event.id, visit._visit, begins=begins)
        return visit


def _with_last(visit: StateView, attempt: Attempt) -> StateView:
    return replace(visit, attempts=(*visit.attempts[:-1], attempt))


def _ended(visit: StateView, status: StateStatus, event: Event) -> StateView:
    """*visit* with its last attempt ended, if that was at work."""
    if not visit.attempts or visit.attempts[-1].status is not StateStatus.RUNNING:
        return visit
    error, cause = (event.text("error"), event.text("cause")) if status is not StateStatus.SUCCEEDED else (None, None)
    return _with_last(visit, replace(visit.attempts[-1], status=status, ended=event.time, error=error, cause=cause))
