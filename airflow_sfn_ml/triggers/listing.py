"""One listing of a machine's executions instead of a call for each of them.

ListExecutions gives a thousand executions, newest first. It is read until all that are watched were found, or until it
reaches the time before the oldest of them started, and never further than a few pages: whatever it does not show is
asked for alone. For a few executions that saves nothing, so it begins with `FROM` of them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from airflow_sfn_ml.triggers.agenda import Kind
from airflow_sfn_ml.triggers.rounds import Plan
from airflow_sfn_ml.triggers.threads import in_thread

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.station import Station

log = logging.getLogger(__name__)

FROM = 8
"""How many executions of a machine make a listing worth its call; of those watched as a whole, `FROM_WHOLE`."""
FROM_WHOLE = 2
PAGES = 5
"""How many pages of one listing are read at most."""
GATHER = 0.2
"""How long to wait for others when someone begins to watch, in seconds; and `GAP` the least time between two."""
GAP = 1.0
MARGIN = timedelta(minutes=1)
"""How much later than its own start an execution may stand in the order of a listing."""
REST = 600.0
"""Seconds until a listing that was refused is tried again."""
CHUNK = 50
"""How many watchers are told of a listing at a time, so that the event loop gets a turn between."""


class Member(Protocol):
    """A watcher whose execution may be listed."""

    arn: str
    is_whole: bool

    @property
    def since(self) -> datetime | None: ...

    def listed(self, item: Mapping[str, Any]) -> None: ...

    def unlisted(self) -> None: ...


@dataclass
class Search:
    """What a listing is read for. Pure.

    :param wanted: the executions, with the time that each started, if it is known.
    """

    wanted: Mapping[str, datetime | None]
    found: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    pages: int = 0
    _reached: datetime | None = None

    def read(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Take a page."""
        self.pages += 1
        for item in items:
            self._reached = item["startDate"]
            if item["executionArn"] in self.wanted:
                self.found[item["executionArn"]] = item

    @property
    def is_done(self) -> bool:
        """Whether the next page is not worth its call."""
        missing = [since for arn, since in self.wanted.items() if arn not in self.found]
        if not missing or self.pages >= PAGES:
            return True
        known = [since for since in missing if since is not None]
        return len(known) == len(missing) and self._reached is not None and self._reached + MARGIN < min(known)


class Listing:
    """The executions of one machine that are watched.

    :param machine: the machine's ARN; None where there is no list: child executions of a Map, Express executions.
    """

    def __init__(self, machine: str | None, station: Station) -> None:
        self.machine = machine
        self.station = station
        self.members: set[Member] = set()
        self._wholes = 0
        self._errors = 0
        self._refused_until = float("-inf")
        self._listed_at = self._changed_at = float("-inf")

    @property
    def is_worth_it(self) -> bool:
        """Whether it saves calls, and is allowed."""
        return (
            self.machine is not None
            and (self._wholes >= FROM_WHOLE or len(self.members) >= FROM)
            and time.monotonic() >= self._refused_until
        )

    def join(self, member: Member) -> None:
        """Watch *member* too."""
        self.members.add(member)
        self._wholes += member.is_whole
        self._changed_at = time.monotonic()
        if not self.is_worth_it:
            return
        if member.since is None:
            self.station.listings.ask(self, Kind.FIRST, max(GATHER, self._gap()))
        else:
            self.station.listings.ensure(self, Kind.ROUTINE, self._pause())

    def leave(self, member: Member) -> None:
        """Watch *member* no longer."""
        self.members.discard(member)
        self._wholes -= member.is_whole
        if not self.is_worth_it:
            self.station.listings.drop(self)
            self._leave_alone(self.members)
        if not self.members and time.monotonic() >= self._refused_until:
            self.station.machines.pop(self.machine, None)

    def wake(self) -> None:
        """List at once, or as soon as may be."""
        self._changed_at = time.monotonic()
        self.station.listings.ask(self, Kind.URGENT, self._gap())

    async def look(self, *, urgent: bool) -> Plan | None:
        """List once, and tell the watchers."""
        assert self.machine is not None
        members = list(self.members)
        search = Search({member.arn: member.since for member in members})
        try:
            await self._read(search)
        except Exception as error:
            return self._failed(error)
        self._errors, self._listed_at = 0, time.monotonic()
        for number, member in enumerate(members, 1):
            item = search.found.get(member.arn)
            if item is not None:
                member.listed(item)
            else:
                member.unlisted()
            if number % CHUNK == 0:
                await asyncio.sleep(0)
        if self.is_worth_it:
            return Kind.ROUTINE, self._pause()
        self._leave_alone(self.members)  # some have left meanwhile
        return None

    def changed(self) -> None:
        """A member's status changed: others may follow soon."""
        self._changed_at = time.monotonic()

    async def _read(self, search: Search) -> None:
        token = None
        while True:
            items, token = await in_thread(self.station.source.executions, self.machine, token)
            search.read(items)
            if token is None or search.is_done:
                return
            await self.station.budget.take("ListExecutions")

    def _failed(self, error: Exception) -> Plan | None:
        if self.station.is_passing(error):
            self._errors += 1
            log.warning("Listing %s failed (%s in a row), trying again: %s", self.machine, self._errors, error)
            return (Kind.ROUTINE, self._pause()) if self.is_worth_it else None
        log.warning("Looking at each execution of %s alone, since they cannot be listed: %s", self.machine, error)
        self._refused_until = time.monotonic() + REST
        self._leave_alone(self.members)
        return None

    def _leave_alone(self, members: Iterable[Member]) -> None:
        for member in list(members):
            member.unlisted()

    def _gap(self) -> float:
        return max(0.0, self._listed_at + GAP - time.monotonic())

    def _pause(self) -> float:
        pause = self.station.listing_pause(time.monotonic() - self._changed_at, self._errors)
        return pause if self._wholes else max(pause, self.station.pace.longest)


def machine_of(arn: str) -> str | None:
    """The machine of the execution *arn*, whose executions can be listed."""
    parts = arn.split(":")
    if len(parts) != 8 or parts[5] != "execution" or "/" in parts[6]:
        return None
    return ":".join([*parts[:5], "stateMachine", parts[6]])
