"""Whether events can be relied on. Pure.

A queue may be readable although no rule fills it, or one for other executions. Then ends are found by looking, and no
event of them comes, not even later.
"""

from __future__ import annotations

from dataclasses import dataclass

MISSED = 3
"""How many ends without an event, and none with one, say that no events come."""
LATE = 60.0
"""How late an event may be, in seconds."""


@dataclass
class Reliance:
    """What was seen of the events so far."""

    _misses: int = 0
    _since: float = 0.0

    def hit(self) -> None:
        """An event concerned something that is watched."""
        self._misses = 0

    def miss(self, now: float) -> None:
        """An end was found that no event had told of."""
        if not self._misses:
            self._since = now
        self._misses += 1

    def holds(self, now: float) -> bool:
        """Whether events may still be waited for."""
        return self._misses < MISSED or now - self._since < LATE
