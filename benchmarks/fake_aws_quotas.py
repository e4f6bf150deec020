"""What the fake AWS counts and refuses: calls by action, and AWS's token buckets of an account and region."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

BUCKETS = {
    "StartExecution": (1300, 300),
    "StopExecution": (1000, 200),
    "DescribeExecution": (300, 15),
    "GetExecutionHistory": (400, 20),
    "ListExecutions": (200, 5),
    "DescribeStateMachine": (200, 20),
    "DescribeStateMachineForExecution": (200, 20),
    "RedriveExecution": (1300, 300),
}
"""Size, and tokens that come back each second, of Step Functions' quotas in us-east-1, us-west-2 and eu-west-1
(https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html)."""


@dataclass
class Counts:
    """What was called since it was last reset."""

    since: float = field(default_factory=time.time)
    calls: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    seconds: Counter[int] = field(default_factory=Counter)


class Quotas:
    """Counts every call; refuses those that find their bucket empty if *enforced*."""

    def __init__(self, *, enforced: bool) -> None:
        self.enforced = enforced
        self.counts = Counts()
        self._levels = {action: (float(size), time.monotonic()) for action, (size, _) in BUCKETS.items()}

    def admits(self, action: str) -> bool:
        """Count a call of *action*; whether it is to be answered."""
        self.counts.calls[action] += 1
        self.counts.seconds[int(time.time())] += 1
        if self.enforced and not self._take(action):
            self.counts.rejected[action] += 1
            return False
        return True

    def reset(self) -> None:
        """Count from now on; the buckets stay as full as they are."""
        self.counts = Counts()

    def _take(self, action: str) -> bool:
        if action not in BUCKETS:
            return True
        size, rate = BUCKETS[action]
        level, at = self._levels[action]
        now = time.monotonic()
        level = min(size, level + rate * (now - at))
        self._levels[action] = (level - 1 if level >= 1 else level, now)
        return level >= 1
