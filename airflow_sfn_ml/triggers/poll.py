"""When to look again. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

HEADROOM = 0.7
"""The share of what may be asked that looks at idle executions are spread to; the rest is for those that are not."""


@dataclass(frozen=True)
class Pace:
    """How often an execution is looked at, in seconds.

    :param shortest: right after something happened.
    :param longest: when nothing has happened for long; also the longest pause after errors.
    :param growth: the share of the quiet time that the next pause takes.
    """

    shortest: float = 3.0
    longest: float = 30.0
    growth: float = 0.1

    def stretched(self, count: int, rate: float) -> Pace:
        """The pace for *count* executions where *rate* looks a second fit: the pauses of idle ones grow with them."""
        return replace(self, longest=max(self.longest, count / (HEADROOM * rate)))

    def pause(self, quiet: float, errors: int = 0, jitter: float = 0.5) -> float:
        """Seconds until the next look.

        :param quiet: seconds since the last event of the execution was seen.
        :param errors: how many calls in a row have failed.
        :param jitter: a number from 0 to 1; spreads the pauses of many executions by a tenth to either side.
        """
        base = min(self.longest, max(self.shortest, quiet * self.growth))
        if errors:
            base = min(self.longest, max(base, self.shortest * 2**errors))
        return base * (0.9 + 0.2 * jitter)
