"""Going round all that is watched with one AWS action, within its budget.

One task of the event loop decides who is looked at next, and takes the token only when it knows that someone is due: so
what becomes urgent while the budget is used up is the first to go. It ends when nothing is planned any more.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import time
from dataclasses import dataclass, field
from typing import Protocol

from airflow_sfn_ml.triggers.agenda import Agenda, Kind
from airflow_sfn_ml.triggers.bucket import Bucket
from airflow_sfn_ml.triggers.budget import Budget

log = logging.getLogger(__name__)

PARALLEL = 6
"""How many looks of one action are under way at a time."""

Plan = tuple[Kind, float]
"""The kind of the next look, and the seconds until then."""


class Looked(Protocol):
    """Something to look at."""

    async def look(self, *, urgent: bool) -> Plan | None:
        """Look, which may take one call that is paid for already, and more that it pays itself; give the next look."""


@dataclass(eq=False)
class Rounds:
    """The looks that are made with one *action*.

    :param sparse: what routine looks need beside the budget, while events tell of most changes.
    """

    action: str
    budget: Budget
    sparse: Bucket | None = None
    _agenda: Agenda[Looked] = field(default_factory=Agenda)
    _looking: dict[Looked, bool] = field(default_factory=dict)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None

    def ask(self, thing: Looked, kind: Kind, after: float = 0.0) -> None:
        """Look at *thing* in *after* seconds, or sooner if that is planned."""
        if thing in self._looking:
            if kind is Kind.URGENT:
                self._looking[thing] = True  # what is read now may not show it yet
            return
        self._agenda.plan(thing, time.monotonic() + after, kind)
        self._news.set()
        if self._task is None or self._task.done():
            # An empty context: what is logged here belongs to no single task.
            self._task = asyncio.get_running_loop().create_task(self._go(), context=contextvars.Context())

    def ensure(self, thing: Looked, kind: Kind, after: float = 0.0) -> bool:
        """`ask` for a look at *thing* if none is planned or under way; whether that was so."""
        if thing in self._agenda or thing in self._looking:
            return False
        self.ask(thing, kind, after)
        return True

    def drop(self, thing: Looked) -> None:
        """Do not look at *thing* any more; a look that is under way goes on to its end."""
        self._agenda.drop(thing)
        if thing in self._looking:
            self._looking[thing] = False
        self._news.set()

    def hasten(self, within: float) -> None:
        """Make the routine looks that are planned within so many seconds, spread over them."""
        now = time.monotonic()
        for thing in self._agenda.planned(Kind.ROUTINE):
            self._agenda.plan(thing, now + within * random.random(), Kind.ROUTINE)
        self._news.set()

    def __len__(self) -> int:
        return len(self._agenda) + len(self._looking)

    async def _go(self) -> None:
        while (wait := self._wait()) is not None:
            if wait > 0:
                await self._sleep(wait)
                continue
            await self.budget.take(self.action, urgent=self._agenda.urgent(time.monotonic()))
            now = time.monotonic()
            may_routine = self.sparse is None or not self.sparse.wait(now)
            found = self._agenda.next(now, routine=may_routine)
            if found is None:
                self.budget.give_back(self.action)
                continue
            thing, kind = found
            if kind is Kind.ROUTINE and self.sparse is not None:
                self.sparse.take(now)
            self._looking[thing] = False
            asyncio.get_running_loop().create_task(self._look(thing, kind), context=contextvars.Context())

    def _wait(self) -> float | None:
        """Seconds until the next look may be made; None if there is nothing left to do."""
        if len(self._looking) >= PARALLEL:
            return float("inf")
        now = time.monotonic()
        wait = self._agenda.wait(now, self.sparse.wait(now) if self.sparse is not None else 0.0)
        return float("inf") if wait is None and self._looking else wait

    async def _sleep(self, seconds: float) -> None:
        self._news.clear()
        timer = None
        if seconds != float("inf"):
            timer = asyncio.get_running_loop().call_later(seconds, self._news.set)
        try:
            await self._news.wait()
        finally:
            if timer is not None:
                timer.cancel()

    async def _look(self, thing: Looked, kind: Kind) -> None:
        plan: Plan | None = None
        try:
            plan = await thing.look(urgent=kind is Kind.URGENT)
        finally:
            again = self._looking.pop(thing)
            if again:
                self.ask(thing, Kind.URGENT)
            elif plan is not None:
                self.ask(thing, *plan)
            self._news.set()
