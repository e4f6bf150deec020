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

    def idle_pause(self, seen: float, quiet: float, spread: float, jitter: float = 0.5) -> float:
        """Seconds until the next look at one of many.

        While there is room for all, only the quiet time that was *seen* counts: nobody knows whether what has been
        *quiet* for an hour will not change soon after the first look. Where there is none, the idle ones give way.

        :param spread: how long a look at each takes that stays within the budget; see `spread`.
        """
        rare = replace(self, longest=max(self.longest, spread))
        return max(rare.pause(seen, 0, jitter), min(rare.pause(quiet, 0, jitter), spread))


def spread(count: int, rate: float) -> float:
    """Seconds that looks at *count* idle executions take where *rate* looks a second fit."""
    return count / (HEADROOM * rate)
