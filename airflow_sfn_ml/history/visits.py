"""The visits of an execution's states while events are folded in: keep, find, settle and forget them.

A visit is kept as long as an event can change it, and a stopped or failed one as long as a redrive can run it again.
What is shown of a state, which may have many visits, is decided with each change, so that it does not depend on where
one fold ended and the next began.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import takewhile

from airflow_sfn_ml.history.events import Event
from airflow_sfn_ml.history.jobs import requested
from airflow_sfn_ml.history.places import ROOT, Places
from airflow_sfn_ml.history.view import ExecutionView, StateStatus, StateView

CONTAINERS = frozenset({"Map", "Parallel"})

Iterations = dict[int, tuple[int, StateStatus]]
"""Of a Map: the node and the status of each index."""
Within = dict[int, tuple[int, Mapping[str, StateView]]]
"""Of a Map: the node of each index, and the last visit of each state in there."""


class Visits:
    """Everything of a view that is about states."""

    def __init__(self, view: ExecutionView) -> None:
        self._states = dict(view.states)
        self.places = Places(view._places)
        self.kept = dict(view._visits)
        self.iterations: dict[int, Iterations] = {visit: dict(of) for visit, of in view._iterations.items()}
        self.within: dict[str, Within] = {name: dict(of) for name, of in view._within.items()}
        self._iteration_at = {
            node: (name, index) for name, of in self.within.items() for index, (node, _) in of.items()
        }
        self._changed: dict[str, StateView] = {}
        self._entered: Counter[str] = Counter()
        self._outcomes: dict[str, Counter[StateStatus]] = {}
        self._open: dict[str, set[int]] = {}
        for visit in self.kept.values():
            if visit.status.is_open:
                self._open.setdefault(visit.name, set()).add(visit._visit)

    def states(self) -> dict[str, StateView]:
        """What to show of each state."""
        states = dict(self._states)
        for name, visit in self._changed.items():
            before = states.get(name)
            states[name] = replace(
                visit,
                entered_count=(before.entered_count if before else 0) + self._entered[name],
                outcomes={status: many for status, many in self._outcomes[name].items() if many},
            )
        return states

    # Keep

    def enter(self, visit: StateView) -> None:
        """Begin *visit*."""
        self._entered[visit.name] += 1
        self.put(visit)

    def put(self, visit: StateView) -> None:
        """Keep *visit* in place of what was known of it."""
        name, number = visit.name, visit._visit
        before = self.kept.get(number)
        outcomes = self._outcomes_of(name)
        if before is not None:
            outcomes[before.status] -= 1
        outcomes[visit.status] += 1
        self.kept[number] = visit
        opened = self._open.setdefault(name, set())
        if visit.status.is_open:
            opened.add(number)
        else:
            opened.discard(number)
        self._changed[name] = self.kept[max(opened)] if opened and not visit.status.is_open else visit
        self._tell_iteration(visit)

    def close(self, visit: StateView) -> None:
        """Keep how *visit* ended, and nothing else: no later event is about it."""
        self.put(visit)
        del self.kept[visit._visit]
        self.iterations.pop(visit._visit, None)

    def replace_by_another(self, visit: StateView) -> None:
        """Forget *visit* as if it had not been: its state is entered again in its place."""
        del self.kept[visit._visit]
        self._open[visit.name].discard(visit._visit)
        self._outcomes_of(visit.name)[visit.status] -= 1

    def forget_below(self, node: int) -> None:
        """Forget the visits inside of *node*, which no event can be about any longer."""
        for visit in self._below(node):
            if visit.status.is_open:
                self.put(replace(visit, status=StateStatus.ABORTED))
            del self.kept[visit._visit]
            self.iterations.pop(visit._visit, None)

    def begin_iteration(self, map_state: str, index: int, node: int) -> None:
        """Say that the iteration *index* of *map_state* begins, perhaps again, with *node*."""
        of = self.within.setdefault(map_state, {})
        if index in of:
            self._iteration_at.pop(of[index][0], None)
        of[index] = (node, {})
        self._iteration_at[node] = (map_state, index)

    def forget_iterations(self, visit: StateView) -> None:
        """Forget the iterations of *visit*: it begins them all again."""
        self.iterations.pop(visit._visit, None)
        for node, _ in self.within.pop(visit.name, {}).values():
            self._iteration_at.pop(node, None)

    def _tell_iteration(self, visit: StateView) -> None:
        """Keep *visit* for the iteration that it is in, if any, where it stays when nothing else is kept of it."""
        around = (node for node in self.places.upwards(self.places.parent(visit._visit)) if node in self._iteration_at)
        node = next(around, None)
        if node is not None:
            name, index = self._iteration_at[node]
            self.within[name][index] = (node, {**self.within[name][index][1], visit.name: visit})

    def _outcomes_of(self, name: str) -> Counter[StateStatus]:
        outcomes = self._outcomes.get(name)
        if outcomes is None:
            known = self._states.get(name)
            outcomes = self._outcomes[name] = Counter(known.outcomes if known else {})
        return outcomes

    def _below(self, node: int) -> list[StateView]:
        if node == ROOT:
            return list(self.kept.values())
        return [
            visit
            for visit in self.kept.values()
            if visit._visit > node and node in self.places.upwards(self.places.parent(visit._visit))
        ]

    # Find

    def find(self, event: Event, family: str, name: str | None = None, *, whole: bool = False) -> StateView | None:
        """The visit that *event* is about: the nearest on its way of this *family* and *name*.

        *whole* prefers one that has not failed as a whole yet: the same event of the Parallel or Map around may follow.
        """
        start = self.places.node(event.previous)
        if start == ROOT:
            return self._without_way(event, family, name)
        way = [self.kept[node] for node in self.places.upwards(start) if node in self.kept]
        fitting = [visit for visit in way if _fits(visit, family, name)]
        unfailed = [visit for visit in fitting if not _failed_as_a_whole(visit)] if whole else []
        return next(iter(unfailed or fitting), None)

    def find_named(self, event: Event, name: str | None) -> StateView | None:
        """The visit of the state *name* whose expression failed in *event*.

        AWS lets EvaluationFailed follow what was before the state was entered, so the way does not lead there; but the
        cause says at which event the state was entered.
        """
        said = re.search(r"entered at the event id #(\d+)", event.text("cause") or "")
        exact = self.kept.get(int(said.group(1))) if said else None
        if exact is not None and exact.name == name:
            return exact
        scope = self.scope(event.previous)
        fitting = [self.kept[number] for number in self._open.get(name or "", ())]
        beside = [visit for visit in fitting if self.places.parent(visit._visit) == scope]
        return max(beside or fitting, key=lambda visit: visit._visit, default=None)

    def _without_way(self, event: Event, family: str, name: str | None) -> StateView | None:
        """The visit of an event that does not say where it comes from: what a redrive runs again, or what is named."""
        fitting = [visit for visit in self.kept.values() if visit.status.is_open and _fits(visit, family, name)]
        redriven = [visit for visit in fitting if visit._redriven]
        if redriven:
            return max(redriven, key=lambda visit: (_likeness(visit, event), -visit._visit))
        return max(fitting, key=lambda visit: visit._visit, default=None) if name is not None else None

    def redriven(self, name: str) -> StateView | None:
        """A visit of the state *name* that a redrive is about to run again."""
        numbers = self._open.get(name, ())
        return next((self.kept[number] for number in sorted(numbers) if self.kept[number]._redriven), None)

    def scope(self, event: int) -> int:
        """The node that a state is in which is entered after *event*."""
        node = self.places.node(event)
        return node if self.places.begins(event) else self.places.parent(node)

    def container(self, scope: int) -> str | None:
        """The name of the Parallel or Map around *scope*."""
        return next((self.kept[node].name for node in self.places.upwards(scope) if node in self.kept), None)

    # Settle

    def settle(self, node: int, culprits: Iterable[int], rest: StateStatus, event: Event) -> tuple[str, ...]:
        """Decide what became of the visits inside of *node*: those on the way to *culprits* failed, the *rest* did not.

        Returns the names of the innermost that failed.
        """
        path = self._path(node, culprits)
        for visit in sorted(self._below(node), key=lambda visit: -visit._visit):
            if visit.status.is_open and visit._visit not in path and _failed_as_a_whole(visit):
                self.settle(visit._visit, visit._culprits, StateStatus.ABORTED, event)
        below = self._below(node)
        failed = [visit for visit in below if visit._visit in path]
        around = {above for visit in failed for above in self.places.upwards(self.places.parent(visit._visit))}
        for visit in below:
            self._settle_iterations(visit, path, rest)
            if visit.status.is_open and visit._visit not in path:
                self.put(stopped(self.kept[visit._visit], rest, event.time))
        for visit in failed:
            self._fail(self.kept[visit._visit], event)
        return tuple(dict.fromkeys(visit.name for visit in failed if visit._visit not in around))

    def _path(self, node: int, culprits: Iterable[int]) -> set[int]:
        path: set[int] = set()
        waiting = list(culprits)
        while waiting:
            for above in self.places.upwards(waiting.pop()):
                if above == node or above in path:
                    break
                path.add(above)
                if above in self.kept:
                    waiting += self.kept[above]._culprits
        return path

    def _fail(self, visit: StateView, event: Event) -> None:
        if visit.error is None and visit.cause is None and event.type == "ExecutionFailed":
            visit = replace(visit, error=event.text("error"), cause=event.text("cause"))
        if visit.status.is_open or visit.status is StateStatus.ABORTED:
            late = bool(visit.attempts) and visit.attempts[-1].status is StateStatus.TIMED_OUT
            visit = stopped(visit, StateStatus.TIMED_OUT if late else StateStatus.FAILED, event.time)
        self.put(visit)

    def _settle_iterations(self, visit: StateView, path: set[int], rest: StateStatus) -> None:
        iterations = self.iterations.get(visit._visit, {})
        for index, (node, status) in list(iterations.items()):
            if status is StateStatus.RUNNING:
                self.count(visit._visit, index, node, StateStatus.FAILED if node in path else rest)

    def count(self, map_visit: int, index: int, node: int, status: StateStatus) -> None:
        """Say that the iteration *index* of a Map is at *node* and has this *status*."""
        iterations = self.iterations.setdefault(map_visit, {})
        visit = self.kept[map_visit]
        counts = Counter(visit.iterations)
        if index in iterations:
            counts[iterations[index][1]] -= 1
        counts[status] += 1
        iterations[index] = (node, status)
        self.put(replace(visit, iterations={status: many for status, many in counts.items() if many}))


def stopped(visit: StateView, status: StateStatus, time: datetime | None) -> StateView:
    """*visit*, ended from outside; its last attempt too, if that was still at work."""
    exited = time
    if visit.attempts and visit.attempts[-1].status is StateStatus.RUNNING:
        last = replace(visit.attempts[-1], status=status, ended=time)
        visit = replace(visit, attempts=(*visit.attempts[:-1], last))
    elif visit.attempts and visit._wounded:
        exited = visit.attempts[-1].ended or time
    return replace(visit, status=status, exited=exited)


def _fits(visit: StateView, family: str, name: str | None) -> bool:
    return visit.type == family and name in (None, visit.name)


def _failed_as_a_whole(visit: StateView) -> bool:
    if visit.type not in CONTAINERS or visit._redriven or not visit.attempts:
        return False
    return visit.attempts[-1].status is StateStatus.FAILED


def _likeness(visit: StateView, event: Event) -> tuple[bool, int]:
    """How well *event* continues *visit*: it calls the same, for a job whose name begins in the same way."""
    if not visit.attempts:
        return False, 0
    last = visit.attempts[-1]
    job = requested(event.text("parameters"))
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(last.job or "", job or "", strict=False)))
    return last.resource == event.text("resource"), shared
