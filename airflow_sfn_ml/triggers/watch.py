"""One poll per execution, shared by all that follow it.

Everything that follows an execution in a triggerer gets its snapshots from one watcher. The watcher reads only the
events that are new, folds them into the view it has, and wakes the followers when something changed. It looks at AWS
only while someone follows, but its view outlives them: between two tasks of a chain nobody follows for some seconds,
and the next follower must neither wait nor read everything again.

When it looks next is decided here: soon after something happened, later the longer nothing did, at once when an event
came or a listing shows another status than the history did. How many look at a time is decided by the budget.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.triggers.agenda import Kind
from airflow_sfn_ml.triggers.reading_history import Read
from airflow_sfn_ml.triggers.rounds import Plan
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.watched import GRACE, Watched

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.station import Station

__all__ = ["Watcher", "in_thread"]

QUIET = 5
"""After how many looks without news the status itself is asked for: not every status leaves an event."""
NO_EVENT = "PENDING_REDRIVE"
"""The status that leaves no event."""


class Watcher(Watched[ExecutionView]):
    """The view of one execution with all its states, folded from its history."""

    is_whole = False

    def __init__(self, arn: str, station: Station) -> None:
        super().__init__(arn, station)
        self.rounds = station.histories
        self.jobs: frozenset[str] = frozenset()
        self.is_covered = False
        self._quiet_looks = 0
        self._status = "RUNNING"
        self._status_since = float("inf")
        self._listed_at = float("-inf")
        self._last_event: datetime | None = None

    @property
    def since(self) -> datetime | None:
        """When the execution started, once that is known."""
        return self.view.started if self.view is not None else None

    @property
    def is_settled(self) -> bool:
        """Whether the next change comes as an event; if not, the next job is about to be seen."""
        return self.is_covered

    def is_over(self, view: ExecutionView) -> bool:
        """Whether *view* is that of an execution that has ended."""
        return view.status != "RUNNING"

    def listed(self, item: Mapping[str, Any]) -> None:
        """A listing shows the execution as *item*; if it has ended, the history is read at once."""
        self._listed_at = time.monotonic()
        self._told_status(item)
        if self._differs() and self._followers:
            if self.view is not None and not self._echoes:
                self.station.missed()
            self.rounds.ask(self, Kind.URGENT)

    def unlisted(self) -> None:
        """No listing shows the execution; its history tells all the same."""

    def _told_status(self, summary: Mapping[str, Any]) -> None:
        redrives = summary.get("redriveCount")
        if redrives is not None and self.view is not None and redrives < self.view.redrive_count:
            return  # of the time before the last redrive: listings lag behind the history
        if summary["status"] != self._status:
            self._status, self._status_since = summary["status"], time.monotonic()

    def _differs(self) -> bool:
        """Whether it has ended, but not in the view."""
        return self._status != "RUNNING" and (self.view is None or not self.is_over(self.view))

    async def _read(self, urgent: bool) -> bool:
        known = self._differs()
        asks = self._quiet_looks >= QUIET and not self._is_listed()
        if await self._read_history():
            self._quiet_looks = 0
            return True
        self._quiet_looks = 0 if asks else self._quiet_looks + 1
        if asks:
            await self.station.budget.take("DescribeExecution", urgent=urgent)
            self._told_status(await in_thread(self.station.source.summary, self.arn))
        if not self._differs():
            return False
        if not known:  # it may have ended since the events were read
            await self.station.budget.take("GetExecutionHistory", urgent=True)
            if await self._read_history():
                return True
        return self._end_without_event()

    def _end_without_event(self) -> bool:
        """Take the end from the status, where it leaves no event or the event does not come."""
        if self.view is None or (self._status != NO_EVENT and time.monotonic() - self._status_since < GRACE):
            return False
        self.view = self.view.with_status(self._status)
        self._revision += 1
        return True

    async def _read_history(self) -> bool:
        """Read the events that are new, with one token taken already; whether there were any."""
        known, more = self.view, None
        read = Read(known)
        while True:
            more = await in_thread(read.page, self.station.source, self.arn, more)
            if more is None:
                break
            await self.station.budget.take("GetExecutionHistory", urgent=True)
        self.looked_at = time.monotonic()
        if read.view is None or read.view is known:
            return False
        if known is not None and read.view.redrive_count > known.redrive_count:
            self._status = "RUNNING"  # what was told before was about the time before
        self.view, self._last_event = read.view, read.last_event
        self._revision += 1
        self.jobs, self.is_covered = read.jobs, read.is_covered
        self._register()
        return True

    def _next(self) -> Plan | None:
        if self._differs():
            return Kind.URGENT, self.pace.shortest
        return super()._next()

    def _pause(self) -> float:
        seen = quiet = time.monotonic() - max(self.changed_at, self._began)
        if self._last_event is not None:
            quiet = max(seen, (datetime.now(UTC) - self._last_event).total_seconds())
        return self.station.history_pause(seen, quiet, self._errors, is_covered=self.is_covered)

    def _names(self) -> frozenset[str]:
        return super()._names() | self.jobs

    def _is_listed(self) -> bool:
        return time.monotonic() - self._listed_at < 3 * self.pace.longest

    def _follow(self) -> None:
        super()._follow()
        if self._followers == 1:
            self.station.listing(self.arn).join(self)

    def _leave(self) -> None:
        super()._leave()
        if not self._followers:
            self.station.listing(self.arn).leave(self)
