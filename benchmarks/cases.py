"""What the benchmark of triggers measures. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

MACHINE = "waited"
"""The state machine whose executions are waited for; all are of one, as in a backfill."""
WARM = "warm"


@dataclass(frozen=True)
class Case:
    """One case: who waits for what, and under which circumstances.

    :param who: "peer" (the Amazon provider's trigger), "ours", or "nobody": triggers that only sleep, which is what the
        runner itself costs.
    :param waits: "whole" for executions as a whole, "states" for one trigger per state.
    :param states: how many states each execution has.
    :param quotas: whether the service enforces AWS's quotas.
    :param events: whether events arrive in a queue.
    :param role: whether the connection assumes a role.
    :param delay: the peer's interval, in seconds.
    :param age: over how many seconds before the begin the executions were started.
    :param settle: seconds between the ramp and the window, *window* how long that is, *spread* over how many seconds
        everything ends after it, and *patience* how long any of it is waited for.
    """

    who: str
    waits: str
    executions: int = 1000
    states: int = 1
    quotas: bool = False
    events: bool = False
    role: bool = False
    delay: int = 5
    age: float = 3600
    settle: float = 5
    window: float = 30
    spread: float = 60
    patience: float = 180
    url: str = ""

    def __str__(self) -> str:
        what = {"whole": "executions", "states": "followers"}[self.waits]
        parts = [self.who, f"{self.executions * (self.states if self.waits == 'states' else 1):,} {what}"]
        if self.states > 1:
            parts.append(f"of {self.executions}")
        return ", ".join([" ".join(parts), *(name for name in ("quotas", "events", "role") if getattr(self, name))])


def cases(*, quick: bool) -> Iterator[Case]:
    """All cases; with *quick* the same kinds with 100 executions and short windows."""
    for case in _full():
        if not quick:
            yield case
        elif case.states > 1:
            yield replace(case, executions=20, states=5, settle=2, window=5, spread=5, patience=60)
        else:
            yield replace(case, executions=min(case.executions, 100), settle=2, window=5, spread=3, patience=60)


def _full() -> Iterator[Case]:
    yield Case("nobody", "whole")
    yield Case("peer", "whole")
    yield Case("peer", "whole", quotas=True)
    yield Case("peer", "whole", executions=50, role=True)
    executions = Case("ours", "whole", quotas=True)
    followers = Case("ours", "states", quotas=True)
    states = Case("ours", "states", executions=100, states=20, quotas=True)
    for case in (executions, followers, states):
        yield case
        yield replace(case, events=True)
    yield replace(executions, quotas=False)
    yield replace(followers, role=True, events=True)
