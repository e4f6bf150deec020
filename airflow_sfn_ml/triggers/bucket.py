"""A bucket of tokens that fills again with time, and slower after it was found to fill too fast. Pure."""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST = 1 / 16
"""How far throttling can slow a bucket."""
RECOVERY = 120.0
"""Seconds without throttling after which a bucket fills as fast as ever."""
TOGETHER = 1.0
"""Refusals within so many seconds are one: they answer calls that were made at the same time."""


@dataclass
class Bucket:
    """Tokens for calls: *capacity* at most, *refill* more each second.

    All times are seconds of one clock that never goes back.
    """

    capacity: float
    refill: float
    now: float = 0.0
    _level: float | None = None
    _pace: float = 1.0
    _slowed_at: float = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until there is a token; 0 if there is one."""
        lacking = 1.0 - self._advance(now)
        return 0.0 if lacking <= 1e-9 else lacking / (self.refill * self._pace)

    def take(self, now: float) -> None:
        """Take a token, also one that is not there yet: what was spent elsewhere counts as well."""
        self._level = max(-self.capacity, self._advance(now) - 1.0)

    def give_back(self, now: float) -> None:
        """Return a token that was not used."""
        self._level = min(self.capacity, self._advance(now) + 1.0)

    def slow(self, now: float) -> None:
        """AWS refused a call: the bucket is empty, and fills at half its pace until that has proved to be enough."""
        self._level = min(0.0, self._advance(now))
        if now - self._slowed_at >= TOGETHER:
            self._pace = max(SLOWEST, self._pace / 2)
            self._slowed_at = now

    def resize(self, capacity: float, refill: float) -> None:
        """Take another size; what was spent stays spent."""
        if self._level is not None:
            self._level += capacity - self.capacity
        self.capacity, self.refill = capacity, refill

    @property
    def rate(self) -> float:
        """How many tokens a second come now."""
        return self.refill * self._pace

    def _advance(self, now: float) -> float:
        if self._level is None:
            self._level, self.now = self.capacity, now
        passed, self.now = max(0.0, now - self.now), max(self.now, now)
        self._level = min(self.capacity, self._level + passed * self.refill * self._pace)
        self._pace = min(1.0, self._pace + passed / RECOVERY)
        return self._level
