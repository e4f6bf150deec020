"""What belongs to one event loop: hooks, budgets and watchers. A triggerer has one loop."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.interests import Interests
from airflow_sfn_ml.triggers.reliance import Reliance
from airflow_sfn_ml.triggers.station import Station
from airflow_sfn_ml.triggers.watched import Watched

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

KEPT = 500
"""How many views stay in memory after their last follower left."""

W = TypeVar("W", bound=Watched[Any])


@dataclass(frozen=True)
class Equipment:
    """What a connection's watchers work with."""

    hook: StepFunctionsHook
    station: Station


@dataclass(eq=False)
class Loop:
    """What is shared within one event loop."""

    equipment: dict[Any, asyncio.Future[Equipment]] = field(default_factory=dict)
    budgets: dict[Any, Budget] = field(default_factory=dict)
    interests: Interests = field(default_factory=Interests)
    reliance: Reliance = field(default_factory=Reliance)
    reading: asyncio.Task[None] | None = None
    _watchers: OrderedDict[Any, Any] = field(default_factory=OrderedDict)
    _room: int = 0

    def watcher(self, key: Any, make: Callable[[], W]) -> W:
        """The watcher of *key*, made if there is none."""
        watcher: W | None = self._watchers.get(key)
        if watcher is None:
            watcher = self._watchers[key] = make()
        self._watchers.move_to_end(key)
        if len(self._watchers) > max(KEPT, self._room):
            idle = [name for name, kept in self._watchers.items() if not kept.is_followed]
            self._room = len(self._watchers) - len(idle) + KEPT
            for old in idle[:-KEPT]:
                del self._watchers[old]
        return watcher


_loops: dict[int, tuple[Any, Loop]] = {}


def of_loop() -> Loop:
    """What the running event loop shares."""
    loop = asyncio.get_running_loop()
    known = _loops.get(id(loop))
    if known is None or known[0] is not loop:
        for key, (other, _) in list(_loops.items()):
            if other.is_closed():
                del _loops[key]
        known = _loops[id(loop)] = (loop, Loop())
    return known[1]
