"""Reading the queue of events while something is watched, and waking those whom an event concerns.

Long polls run in threads of their own that nothing waits for: a triggerer that stops must not wait for a poll. While
the queue can be read, looks without an event become rare; as soon as it cannot, the usual pace is back.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from airflow_sfn_ml.triggers.bucket import Bucket
from airflow_sfn_ml.triggers.interests import Interests, Wakeable
from airflow_sfn_ml.triggers.passing import Fate, Passing
from airflow_sfn_ml.triggers.reliance import Reliance
from airflow_sfn_ml.triggers.wake import names_in

log = logging.getLogger(__name__)

POLL = 20
"""Seconds of a long poll: the most that SQS allows."""
PAUSE = 0.3
"""Seconds between passing messages on and reading again, so that others can take them."""
FULL = 10
"""How many messages say that more are waiting: then nobody has to be given the time, and what is passed on comes back
after `LATER` seconds only."""
LATER = 2
SPARSE = (5.0, 0.3)
"""How many looks without an event fit while events come, at once and a second: few enough for thousands of
executions."""
FAILURES = 3
"""How many failed reads in a row mean that events cannot be relied on; what is refused means it at once."""
REST = 300.0
"""Seconds until a queue that was refused is tried again."""
WAKEN = 50
"""How many are woken at a time, so that the event loop gets a turn between."""


class Messages(Protocol):
    """A queue; `airflow_sfn_ml.hooks.queue.Queue` is one."""

    def receive(self, seconds: int) -> Sequence[Any]: ...

    def release(self, messages: Sequence[Any], seconds: int) -> None: ...

    def delete(self, messages: Sequence[Any]) -> None: ...


class Trusting(Protocol):
    """What looks less often while events come."""

    def trust_events(self, sparse: Bucket | None) -> None: ...


class Reader:
    """Reads one queue for all that is watched in the event loop.

    :param connect: makes the queue, in the event loop.
    :param interests: who is to be woken by what, and *reliance* whether that happens.
    :param stations: who looks less often while events come, from this queue.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Messages]],
        is_passing: Callable[[BaseException], bool],
        interests: Interests,
        reliance: Reliance,
        stations: Callable[[], Iterable[Trusting]],
    ) -> None:
        self._connect = connect
        self._is_passing = is_passing
        self._interests = interests
        self._reliance = reliance
        self._stations = stations
        self._queue: Messages | None = None
        self._passing = Passing()
        self._sparse = Bucket(*SPARSE)
        self._warned: set[str] = set()
        self._failures = 0

    async def run(self) -> None:
        """Read as long as something is watched; for ever, as far as this coroutine knows."""
        while True:
            await self._interests.some()
            pause = await self._step()
            if pause:
                await asyncio.sleep(pause)

    async def _step(self) -> float:
        """Read once; the seconds to wait before the next time."""
        try:
            return await self._read()
        except Exception as error:
            return self._failed(error)

    async def _read(self) -> float:
        first = self._queue is None
        if self._queue is None:
            self._queue = await self._connect()
        began = time.monotonic()
        messages, names = await in_daemon(self._receive, self._queue, 0 if first else POLL)
        self._failures = 0
        self._trust_if_they_come()
        if not messages:
            # a poll that comes back at once with nothing is none, and must not be a busy loop
            return 0.0 if first or time.monotonic() - began > 1.0 else 1.0
        return await self._handle(messages, names)

    @staticmethod
    def _receive(queue: Messages, seconds: int) -> tuple[Sequence[Any], list[frozenset[str]]]:
        """Receive, and parse what came: in a thread, since a message may be long."""
        messages = queue.receive(seconds)
        return messages, [names_in(message.body) for message in messages]

    async def _handle(self, messages: Sequence[Any], names: Sequence[frozenset[str]]) -> float:
        passed: list[Any] = []
        done: list[Any] = []
        new: set[str] = set()
        for message, concerned in zip(messages, names, strict=True):
            age = time.time() - message.sent if message.sent is not None else 0.0
            wakes, fate = self._passing.take(message.id, message.received, age, time.monotonic())
            (passed if fate is Fate.PASS_ON else done).append(message)
            new |= concerned if wakes else frozenset()
        woken = self._interests.find(new)
        if woken:
            self._reliance.hit()
        await self._wake(woken)
        full = len(messages) >= FULL
        await self._call("release", passed, LATER if full else 0)
        await self._call("delete", done)
        return PAUSE if passed and not full else 0.0

    async def _wake(self, concerned: Iterable[Wakeable]) -> None:
        for number, who in enumerate(concerned, 1):
            who.wake()
            if number % WAKEN == 0:
                await asyncio.sleep(0)

    async def _call(self, what: str, messages: Sequence[Any], *arguments: Any) -> None:
        """Release or delete; what fails only makes messages come back later."""
        if messages:
            try:
                await in_daemon(getattr(self._queue, what), messages, *arguments)
            except Exception as error:
                self._warn(f"Messages of the event queue come back, since the call failed: {error}")

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._is_passing(error):
            if self._failures < FAILURES:
                return 2.0**self._failures
            self._warn(f"Looking at the usual pace, since the event queue cannot be read: {error}")
            self._trust(None)
            return min(60.0, 2.0**self._failures)
        self._warn(f"Looking at the usual pace, since the event queue cannot be read: {error}")
        self._trust(None)
        self._queue = None
        return REST

    def _trust_if_they_come(self) -> None:
        if self._reliance.holds(time.monotonic()):
            self._trust(self._sparse)
        else:
            self._warn(
                "Looking at the usual pace, since no event came for what ended: does a rule of EventBridge put its "
                "events into the queue? airflow sfn-ml events setup makes one"
            )
            self._trust(None)

    def _trust(self, sparse: Bucket | None) -> None:
        for station in self._stations():
            station.trust_events(sparse)

    def _warn(self, message: str) -> None:
        """Say it once."""
        log.log(logging.DEBUG if message in self._warned else logging.WARNING, "%s", message)
        self._warned.add(message)


async def in_daemon(function: Callable[..., Any], *arguments: Any) -> Any:
    """Run *function* in a thread that nobody waits for when the process ends."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()

    def finish(result: Any, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)

    def work() -> None:
        result, failure = None, None
        try:
            result = function(*arguments)
        except BaseException as error:
            failure = error
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            loop.call_soon_threadsafe(finish, result, failure)

    threading.Thread(target=work, name="sfn-ml-events", daemon=True).start()
    return await done
