"""What many wait for and one looks at: the part that all watchers have in common."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.triggers.agenda import Kind
from airflow_sfn_ml.triggers.poll import Pace
from airflow_sfn_ml.triggers.rounds import Plan, Rounds

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.station import Station

log = logging.getLogger(__name__)

GRACE = 60.0
"""How long an execution that was just started may be unknown to AWS, in seconds: reads are eventually consistent."""
FRESH = 2.0
"""How old a view of an execution that has ended may be before it is checked once more: it may have been redriven."""
ECHOES = (1.0, 3.0, 8.0)
"""When to look again after an event that the first look did not show, in seconds: what is read lags behind."""

View = TypeVar("View")


class Watched(Generic[View]):
    """The view of one execution, kept current while someone follows it.

    :param arn: the execution.
    :param station: what is shared with the other watchers of the connection.
    """

    rounds: Rounds

    def __init__(self, arn: str, station: Station) -> None:
        self.arn = arn
        self.station = station
        self.view: View | None = None
        self.looked_at = float("-inf")
        self.changed_at = float("-inf")
        self._failure: BaseException | None = None
        self._errors = 0
        self._began = float("-inf")
        self._echoes: tuple[float, ...] = ()
        self._followers = 0
        self._revision = 0
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def pace(self) -> Pace:
        """How often it is looked at while few are watched."""
        return self.station.pace

    @property
    def is_followed(self) -> bool:
        """Whether someone waits for it."""
        return self._followers > 0

    async def snapshots(self) -> AsyncGenerator[View, None]:
        """The view now, and again whenever it changed; ends after the view of an execution that has ended.

        :raises Exception: what AWS answered, when looking again would not help.
        """
        asked, seen = time.monotonic(), -1
        self._follow()
        try:
            while True:
                view = self.view
                current = view is not None and (not self.is_over(view) or self.looked_at >= asked - FRESH)
                if view is not None and current and self._revision != seen:
                    seen = self._revision
                    yield view
                    continue
                if view is not None and current and self.is_over(view):
                    return
                self._ensure()
                await self._news()
                if self._failure is not None:
                    raise self._failure
        finally:
            self._leave()

    def doubt(self) -> None:
        """Look again before telling anything: the execution may have been redriven."""
        self.looked_at = float("-inf")

    def wake(self) -> None:
        """Look at once, since an event tells that something happened, and again soon if nothing shows."""
        self._echoes = ECHOES
        self.rounds.ask(self, Kind.URGENT)

    @property
    def is_settled(self) -> bool:
        """Whether news that were just read are all that is expected for now."""
        return True

    def is_over(self, view: View) -> bool:
        """Whether *view* is that of an execution that has ended."""
        raise NotImplementedError

    async def look(self, *, urgent: bool) -> Plan | None:
        """Look once; when to look next, if at all."""
        ran = self.view is not None and not self.is_over(self.view)
        try:
            news = await self._read(urgent)
        except Exception as error:
            return self._failed(error)
        self._errors, self._failure = 0, None
        if news:
            self.changed_at = time.monotonic()
            if self.is_settled:
                self._echoes = ()
        over = self.view is not None and self.is_over(self.view)
        if news or over:
            self._tell()
        if over and ran and not urgent:
            self.station.missed()
        return None if over or not self._followers else self._next()

    async def _read(self, urgent: bool) -> bool:
        """Read what is new; whether something was."""
        raise NotImplementedError

    def _next(self) -> Plan | None:
        """The next look of one that goes on."""
        if self._echoes:
            pause, *rest = self._echoes
            self._echoes = tuple(rest)
            return Kind.URGENT, pause
        return Kind.ROUTINE, self._pause()

    def _pause(self) -> float:
        raise NotImplementedError

    def _failed(self, error: Exception) -> Plan | None:
        waiting = code(error) == "ExecutionDoesNotExist" and time.monotonic() < max(self._began, self.looked_at) + GRACE
        if not waiting and not self.station.is_passing(error):
            self._failure = error
            self._tell()
            return None
        self._errors += 1
        log.warning("Looking at %s failed (%s in a row), trying again: %s", self.arn, self._errors, error)
        return (Kind.FIRST, self._pause()) if self._followers else None

    def _follow(self) -> None:
        self._followers += 1
        if self._followers == 1:
            self._begin()
            self._register()

    def _leave(self) -> None:
        self._followers -= 1
        if not self._followers:
            self._echoes = ()
            self.rounds.drop(self)
            self.station.interests.forget(self)

    def _register(self) -> None:
        """Say which events to wake for."""
        if self._followers:
            self.station.interests.register(self, self._names())

    def _names(self) -> frozenset[str]:
        return frozenset({self.arn})

    def _ensure(self) -> None:
        """See to it that a look is planned."""
        kind, after = self._due()
        if self.rounds.ensure(self, kind, after):
            self._begin()

    def _due(self) -> Plan:
        """When to look if nobody has asked for it yet: followers that come and go are no reason to look sooner."""
        if self.view is None:
            return Kind.FIRST, 0.0
        if self.looked_at == float("-inf"):
            return Kind.URGENT, 0.0
        if self.is_over(self.view):
            return Kind.FIRST, 0.0
        left = self.looked_at + self._pause() - time.monotonic()
        return (Kind.ROUTINE, left) if left > 0 else (Kind.FIRST, 0.0)

    def _begin(self) -> None:
        self._failure = None
        self._began = time.monotonic()

    async def _news(self) -> None:
        """Wait for something new, or for another look at what has ended."""
        told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(told)
        await told

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for told in waiting:
            if not told.done():
                told.set_result(None)
