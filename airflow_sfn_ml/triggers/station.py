"""What the watchers of one connection and region share: the client, the budget, the rounds, the listings."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_sfn_ml.triggers.bucket import Bucket
from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.interests import Interests
from airflow_sfn_ml.triggers.listing import Listing, machine_of
from airflow_sfn_ml.triggers.poll import Pace, spread
from airflow_sfn_ml.triggers.reliance import Reliance
from airflow_sfn_ml.triggers.rounds import Rounds

STEEP = 0.5
"""How fast pauses grow with the quiet time while events come."""


class Source(Protocol):
    """Where watchers read, one call of AWS each; `airflow_sfn_ml.hooks.reads.Reads` is one."""

    def history(self, arn: str, after: int, more: Any) -> tuple[list[dict[str, Any]], Any]: ...

    def summary(self, arn: str) -> dict[str, Any]: ...

    def executions(self, machine_arn: str, token: Any) -> tuple[list[dict[str, Any]], Any]: ...


@dataclass(eq=False)
class Station:
    """All that is watched with one connection in one region.

    :param is_passing: whether an error of the source goes away by itself.
    :param pace: how often is looked while few are watched.
    :param with_events: the longest pause while events come, in seconds.
    """

    source: Source
    is_passing: Callable[[BaseException], bool]
    pace: Pace = field(default_factory=Pace)
    budget: Budget = field(default_factory=Budget)
    interests: Interests = field(default_factory=Interests)
    reliance: Reliance = field(default_factory=Reliance)
    with_events: float = 300.0
    place: tuple[str, str] | None = None
    machines: dict[str | None, Listing] = field(default_factory=dict)
    _sparse: Bucket | None = None

    def __post_init__(self) -> None:
        self.histories = Rounds("GetExecutionHistory", self.budget)
        self.statuses = Rounds("DescribeExecution", self.budget)
        self.listings = Rounds("ListExecutions", self.budget)

    def listing(self, arn: str) -> Listing:
        """The listing that the execution *arn* would be in."""
        machine = machine_of(arn)
        found = self.machines.get(machine)
        if found is None:
            found = self.machines[machine] = Listing(machine, self)
            region, account = [*arn.split(":"), "", "", "", "", ""][3:5]
            self.place = region, account
        return found

    def trust_events(self, sparse: Bucket | None) -> None:
        """From now on events tell of most changes, and *sparse* limits the looks without one; None: none come."""
        if sparse is self._sparse:
            return
        self._sparse = sparse
        for rounds in (self.histories, self.statuses, self.listings):
            rounds.sparse = sparse
            if sparse is None:
                rounds.hasten(self.pace.longest)

    def missed(self) -> None:
        """An end was found by looking, of which no event had told."""
        if self._sparse is not None:
            self.reliance.miss(time.monotonic())

    def history_pause(self, seen: float, quiet: float, errors: int, *, is_covered: bool) -> float:
        """Seconds until a history is looked at again.

        :param seen: seconds that nothing happened while it was watched, and *quiet* by the time of its last event.
        :param is_covered: whether its next change comes as an event.
        """
        pace = self._pace()
        if is_covered and self._sparse is not None:
            pace = replace(pace, shortest=pace.longest)
        return self._pause(self.histories, pace, seen, quiet, errors)

    def status_pause(self, seen: float, errors: int) -> float:
        """Seconds until an execution is described again."""
        return self._pause(self.statuses, self._pace(), seen, seen, errors)

    def listing_pause(self, seen: float, errors: int) -> float:
        """Seconds until a machine's executions are listed again."""
        pace = self._pace()
        if self._sparse is not None:
            pace = replace(pace, shortest=pace.longest)
        rate = self.budget.rate(self.listings.action)
        busy = replace(pace, shortest=max(pace.shortest, spread(len(self.listings), rate)))
        return self._pause(self.listings, busy, seen, seen, errors)

    def _pause(self, rounds: Rounds, pace: Pace, seen: float, quiet: float, errors: int) -> float:
        jitter = random.random()
        if errors:
            return pace.pause(seen, errors, jitter)
        rate = self.budget.rate(rounds.action)
        if self._sparse is not None:
            rate = min(rate, self._sparse.refill)
        return pace.idle_pause(seen, quiet, spread(len(rounds), rate), jitter)

    def _pace(self) -> Pace:
        if self._sparse is None:
            return self.pace
        return replace(self.pace, longest=max(self.pace.longest, self.with_events), growth=STEEP)
