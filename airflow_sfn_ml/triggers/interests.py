"""Who wants to be woken by which event."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Protocol


class Wakeable(Protocol):
    """Something that looks again when it is woken."""

    def wake(self) -> None: ...


class Interests:
    """Each interested one is registered with all its names: ARNs of executions, names and ARNs of jobs."""

    def __init__(self) -> None:
        self._names: dict[Wakeable, frozenset[str]] = {}
        self._interested: dict[str, tuple[Wakeable, ...]] = {}
        self._some = asyncio.Event()

    async def some(self) -> None:
        """Wait until someone is interested in anything."""
        await self._some.wait()

    def __len__(self) -> int:
        return len(self._names)

    def register(self, who: Wakeable, names: frozenset[str]) -> None:
        """From now on *who* is interested in *names* and in nothing else."""
        before = self._names.get(who, frozenset())
        self._names[who] = names
        self._some.set()
        for name in names - before:
            self._interested[name] = (*self._interested.get(name, ()), who)
        self._remove(who, before - names)

    def forget(self, who: Wakeable) -> None:
        """*who* is no longer interested in anything."""
        self._remove(who, self._names.pop(who, frozenset()))
        if not self._names:
            self._some.clear()

    def find(self, names: Iterable[str]) -> set[Wakeable]:
        """Who is interested in one of *names*."""
        return {who for name in names for who in self._interested.get(name, ())}

    def _remove(self, who: Wakeable, names: Iterable[str]) -> None:
        for name in names:
            left = tuple(each for each in self._interested[name] if each is not who)
            if left:
                self._interested[name] = left
            else:
                del self._interested[name]
