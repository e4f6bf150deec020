"""What a process notices of itself: CPU time, memory, and how long its event loop was blocked."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

BEAT = 0.005
"""Seconds between two beats of the event loop."""


@dataclass
class Span:
    """What happened between two moments.

    :param seconds: how long it took.
    :param cpu: CPU seconds of the process, all threads.
    :param block: the longest time that the event loop did not come to a task that wanted to run, in seconds.
    :param own: the same, but counting of each such time only what the process itself worked in it: on a busy machine
        the rest is time of others.
    """

    seconds: float
    cpu: float
    block: float
    own: float


@dataclass
class Meter:
    """Measures spans, one after another. Its task runs beside everything else in the event loop."""

    _began: float = 0.0
    _cpu: float = 0.0
    _block: float = 0.0
    _own: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None)

    def start(self) -> None:
        """Begin the first span."""
        self._task = asyncio.get_running_loop().create_task(self._beat())
        self._reset()

    def span(self) -> Span:
        """What happened since the last span; begins the next."""
        now, cpu = time.monotonic(), time.process_time()
        told = Span(now - self._began, cpu - self._cpu, self._block, self._own)
        self._reset()
        return told

    def stop(self) -> None:
        """Beat no more."""
        if self._task is not None:
            self._task.cancel()

    def _reset(self) -> None:
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._block = self._own = 0.0

    async def _beat(self) -> None:
        while True:
            at, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(BEAT)
            late = time.monotonic() - at - BEAT
            if late > 0:
                self._block = max(self._block, late)
                self._own = max(self._own, min(late, time.process_time() - cpu))


def resident() -> float:
    """The memory of this process that is in RAM, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6
