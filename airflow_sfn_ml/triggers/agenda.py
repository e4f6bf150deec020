"""What to look at, in which order. Pure: the time is given.

There are three kinds of looks, and a look of one kind never waits for one of a later kind that is due:

* urgent: an event told that something happened, or it is known that the end is to be read;
* first: someone has just begun to wait, and nothing is known yet;
* routine: nothing asked for it but the time that has passed.
"""

from __future__ import annotations

import heapq
import itertools
from enum import IntEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class Kind(IntEnum):
    """Why something is looked at."""

    URGENT = 0
    FIRST = 1
    ROUTINE = 2


class Agenda(Generic[T]):
    """Each thing is planned once at most."""

    def __init__(self) -> None:
        self._plans: dict[T, tuple[Kind, float, int]] = {}
        self._due: dict[Kind, list[tuple[float, int, T]]] = {kind: [] for kind in Kind}
        self._order = itertools.count()

    def __len__(self) -> int:
        return len(self._plans)

    def __contains__(self, thing: object) -> bool:
        return thing in self._plans

    def plan(self, thing: T, at: float, kind: Kind) -> None:
        """Look at *thing* at the time *at*, unless a more urgent or an earlier look is planned already."""
        known = self._plans.get(thing)
        if known is not None and known[:2] <= (kind, at):
            return
        number = next(self._order)
        self._plans[thing] = (kind, at, number)
        heapq.heappush(self._due[kind], (at, number, thing))

    def drop(self, thing: T) -> None:
        """Do not look at *thing*."""
        self._plans.pop(thing, None)

    def planned(self, kind: Kind) -> list[T]:
        """All for which a look of *kind* is planned."""
        return [thing for thing, plan in self._plans.items() if plan[0] is kind]

    def wait(self, now: float, routine: float = 0.0) -> float | None:
        """Seconds until something is due, where no routine look may be before *routine* seconds from now; None if
        nothing is planned."""
        waits = [
            max(0.0, self._due[kind][0][0] - now, routine if kind is Kind.ROUTINE else 0.0)
            for kind in Kind
            if self._clean(kind)
        ]
        return min(waits, default=None)

    def next(self, now: float, *, routine: bool = True) -> tuple[T, Kind] | None:
        """What to look at now, taken off the agenda; None if nothing is due.

        :param routine: whether routine looks may be made now.
        """
        for kind in Kind:
            if self._clean(kind) and self._due[kind][0][0] <= now and (routine or kind is not Kind.ROUTINE):
                thing = heapq.heappop(self._due[kind])[2]
                del self._plans[thing]
                return thing, kind
        return None

    def urgent(self, now: float) -> bool:
        """Whether an urgent look is due."""
        return self._clean(Kind.URGENT) and self._due[Kind.URGENT][0][0] <= now

    def _clean(self, kind: Kind) -> bool:
        """Forget what was dropped or planned anew at the head of the looks of *kind*; whether one remains."""
        due = self._due[kind]
        while due and self._plans.get(due[0][2], (None, None, -1))[2] != due[0][1]:
            heapq.heappop(due)
        return bool(due)
