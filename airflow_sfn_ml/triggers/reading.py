"""Which connection reads the queue of events, and who relies on it."""

from __future__ import annotations

import asyncio
import contextvars
import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.triggers.loops import Equipment, Loop
from airflow_sfn_ml.triggers.reader import Reader
from airflow_sfn_ml.triggers.settings import events_queue_url
from airflow_sfn_ml.triggers.station import Station
from airflow_sfn_ml.triggers.threads import in_thread

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.queue import Queue

log = logging.getLogger(__name__)


def begin_reading(loop: Loop, is_passing: Callable[[BaseException], bool]) -> None:
    """Read the queue that is configured, if there is one, as long as the event loop lives."""
    url = events_queue_url()
    if url is not None and loop.reading is None:
        queue = _ReadByWatchers(loop, url)
        reader = Reader(queue.connect, is_passing, loop.interests, loop.reliance, queue.stations)
        # An empty context: what is logged here belongs to no single task.
        loop.reading = asyncio.get_running_loop().create_task(reader.run(), context=contextvars.Context())


class _ReadByWatchers:
    """The queue, read with a connection of those that watch: if one is refused, the next time with another."""

    def __init__(self, loop: Loop, url: str) -> None:
        self._loop = loop
        self._url = url
        self._tries = 0
        self._place: tuple[str | None, str | None] = None, None

    async def connect(self) -> Queue:
        """The queue, with a client of its own."""
        while not (known := list(self._equipment())):
            await asyncio.sleep(0.1)  # someone is interested, so that one is about to be made
        equipment = known[self._tries % len(known)]
        self._tries += 1
        queue: Queue = await in_thread(_queue, equipment.hook, self._url)
        self._place = queue.place
        log.info("Reading events from %s", self._url)
        return queue

    def stations(self) -> Iterator[Station]:
        """Those whose events come to the queue: rules of EventBridge are of one region and account."""
        region, account = self._place
        for place, station in ((each.station.place, each.station) for each in self._equipment()):
            if place is not None and region in (None, place[0]) and account in (None, place[1]):
                yield station

    def _equipment(self) -> Iterator[Equipment]:
        for made in self._loop.equipment.values():
            if made.done() and not made.cancelled() and made.exception() is None:
                yield made.result()


def _queue(hook: Any, url: str) -> Queue:
    from airflow_sfn_ml.hooks.queue import queue_of

    return queue_of(hook, url)
