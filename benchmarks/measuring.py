"""What a process notices of itself: CPU time, memory, and how long its event loop was blocked."""

from __future__ import annotations

import asyncio
import gc
import os
import time
from dataclasses import dataclass
from pathlib import Path

BEAT = 0.005
"""Seconds between two beats of the event loop."""


@dataclass
class Span:
    """What happened between two moments.

    :param seconds: how long it took.
    :param cpu: CPU seconds of the process, all threads.
    :param block: the longest time that the event loop did not come to a task that wanted to run, in seconds.
    :param own: the same, but counting of each such time only what the process itself worked in it (on a busy machine
        the rest is time of others), without the garbage collector.
    :param collecting: the longest run of the garbage collector; it stops every thread, and takes the longer the more
        the process has imported.
    """

    seconds: float
    cpu: float
    block: float
    own: float
    collecting: float


class Meter:
    """Measures spans, one after another. Its task runs beside everything else in the event loop."""

    def start(self) -> None:
        """Begin the first span."""
        gc.callbacks.append(self._collected)
        self._gc_began = self._gc_total = 0.0
        self._reset()
        self._task = asyncio.get_running_loop().create_task(self._beat())

    def span(self) -> Span:
        """What happened since the last span; begins the next."""
        cpu = time.process_time() - self._cpu
        told = Span(time.monotonic() - self._began, cpu, self._block, self._own, self._collecting)
        self._reset()
        return told

    def stop(self) -> None:
        """Beat no more."""
        self._task.cancel()
        gc.callbacks.remove(self._collected)

    def _reset(self) -> None:
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._block = self._own = self._collecting = 0.0

    async def _beat(self) -> None:
        while True:
            at, cpu, collected = time.monotonic(), time.process_time(), self._gc_total
            await asyncio.sleep(BEAT)
            late = time.monotonic() - at - BEAT
            if late > 0:
                worked = time.process_time() - cpu - (self._gc_total - collected)
                self._block, self._own = max(self._block, late), max(self._own, min(late, worked))

    def _collected(self, phase: str, info: dict[str, int]) -> None:
        now = time.thread_time()
        if phase == "start":
            self._gc_began = now
        else:
            self._gc_total += now - self._gc_began
            self._collecting = max(self._collecting, now - self._gc_began)


def resident() -> float:
    """The memory of this process that is in RAM, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6
