"""What the watchers of one connection and region share: the client, the budget, the rounds, the listings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from airflow_sfn_ml.triggers.bucket import Bucket
from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.interests import Interests
from airflow_sfn_ml.triggers.listing import Listing, machine_of
from airflow_sfn_ml.triggers.poll import Pace
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

    def history_pace(self, is_covered: bool) -> Pace:
        """How often histories are looked at now; of an execution *is_covered* whose next change comes as an event."""
        pace = self._pace(self.histories)
        return replace(pace, shortest=self.with_events) if is_covered and self._sparse is not None else pace

    def status_pace(self) -> Pace:
        """How often executions are described now."""
        return self._pace(self.statuses)

    def listing_pace(self) -> Pace:
        """How often machines are listed now."""
        pace = self._pace(self.listings)
        if self._sparse is not None:
            return replace(pace, shortest=self.with_events)
        busy = len(self.listings) / self.budget.rate(self.listings.action)
        return replace(pace, shortest=max(pace.shortest, busy))

    def _pace(self, rounds: Rounds) -> Pace:
        pace, rate = self.pace, self.budget.rate(rounds.action)
        if self._sparse is not None:
            pace = replace(pace, longest=max(pace.longest, self.with_events), growth=STEEP)
            rate = min(rate, self._sparse.refill)
        return pace.stretched(len(rounds), rate)
