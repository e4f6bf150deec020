"""An execution that is watched as a whole: whether it runs and how it ended, but not what happens in it.

Where several executions of a machine are watched, one listing tells of all of them; DescribeExecution serves a single
one, those that the listing does not reach, and those that an event told of.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.triggers.agenda import Kind
from airflow_sfn_ml.triggers.rounds import Plan
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.watched import ECHOES, Watched

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.station import Station

MANY = 4
"""From how many looks that are waited for on, a listing is asked for instead of one more."""

Summary = dict[str, Any]


class StatusWatcher(Watched[Summary]):
    """The status of one execution, as an item of ListExecutions or what DescribeExecution says, without input and
    output."""

    is_whole = True

    def __init__(self, arn: str, station: Station) -> None:
        super().__init__(arn, station)
        self.rounds = station.statuses
        self._is_listed = False

    @property
    def since(self) -> datetime | None:
        """When the execution started, once that is known."""
        return self.view["startDate"] if self.view is not None else None

    def is_over(self, view: Summary) -> bool:
        """Whether *view* is that of an execution that has ended."""
        return bool(view["status"] != "RUNNING")

    def wake(self) -> None:
        """Look at once, since an event tells that something happened, and again soon if nothing shows."""
        listing = self.station.listing(self.arn)
        if listing.is_worth_it and len(self.rounds) >= MANY:
            self._echoes = ECHOES
            listing.wake()
        else:
            super().wake()

    def listed(self, item: Mapping[str, Any]) -> None:
        """A listing shows the execution as *item*."""
        self._is_listed = True
        ran = self.view is not None and not self.is_over(self.view)
        news = self._take(dict(item))
        if news:
            if ran and not self._echoes:
                self.station.missed()
            self._echoes = ()
            self.station.listing(self.arn).changed()
        if self._echoes:
            self.rounds.ensure(self, Kind.URGENT, self._echoes[0])
        else:
            self.rounds.drop(self)
        if news or (self.view is not None and self.is_over(self.view)):
            self._tell()

    def unlisted(self) -> None:
        """No listing shows the execution, so it is looked at alone."""
        self._is_listed = False
        if not self._followers:
            return
        if self._echoes:
            self.rounds.ask(self, Kind.URGENT)
        else:
            self._look_alone(Kind.FIRST if self.view is None else Kind.ROUTINE)

    async def _read(self, urgent: bool) -> bool:
        return self._take(await in_thread(self.station.source.summary, self.arn))

    def _take(self, summary: Summary) -> bool:
        """Take *summary* if it is newer than what is known; whether it tells something new."""
        known, self.looked_at = self.view, time.monotonic()
        if known is not None:
            before, after = known.get("redriveCount") or 0, summary.get("redriveCount") or 0
            if after < before or (after == before and self.is_over(known) and not self.is_over(summary)):
                return False  # what is read lags behind: no execution comes back without a redrive
        news = known is None or (known["status"], known.get("redriveCount")) != (
            summary["status"],
            summary.get("redriveCount"),
        )
        self.view = summary
        self._revision += news
        return news

    def _next(self) -> Plan | None:
        return None if self._is_listed and not self._echoes else super()._next()

    def _pause(self) -> float:
        return self.station.status_pause(time.monotonic() - max(self.changed_at, self._began), self._errors)

    def _follow(self) -> None:
        super()._follow()
        if self._followers == 1:
            self.station.listing(self.arn).join(self)

    def _leave(self) -> None:
        super()._leave()
        if not self._followers:
            self._is_listed = False
            self.station.listing(self.arn).leave(self)

    def _ensure(self) -> None:
        doubted = self.view is not None and self.looked_at == float("-inf")
        if doubted or not self.station.listing(self.arn).is_worth_it:
            super()._ensure()

    def _look_alone(self, kind: Kind) -> None:
        if self.rounds.ensure(self, kind, 0.0 if kind is Kind.FIRST else self._pause()):
            self._begin()
