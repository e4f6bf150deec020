"""One poll per execution, shared by all that follow it.

Everything that follows an execution in a triggerer gets its snapshots from one watcher. The watcher reads only the
events that are new, folds them into the view it has, and wakes the followers when something changed. It looks at AWS
only while someone follows, but its view outlives them: between two tasks of a chain nobody follows for some seconds,
and the next follower must neither wait nor read everything again.

All calls of boto3 run in threads of their own; the event loop of the triggerer never waits for AWS.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import random
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.triggers.poll import Pace

log = logging.getLogger(__name__)

W = TypeVar("W")

KEPT = 500
"""How many views stay in memory after their last follower left."""
GRACE = 60.0
"""How long an execution that was just started may be unknown to AWS, in seconds: reads are eventually consistent."""
FRESH = 2.0
"""How old a view of an execution that has ended may be before it is checked once more: it may have been redriven."""
QUIET = 5
"""After how many looks without news the status itself is asked for: not every status leaves an event."""

_threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="sfn-ml")


class Source(Protocol):
    """Where events come from; `StepFunctionsHook` is one."""

    def events(self, arn: str, after: int = 0) -> list[dict[str, Any]]: ...

    def describe(self, arn: str) -> dict[str, Any]: ...


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run *function* beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: function(*args))


@dataclass(eq=False)
class Watcher:
    """The view of one execution, kept current while someone follows it."""

    arn: str
    source: Source
    is_passing: Callable[[BaseException], bool]
    pace: Pace = field(default_factory=Pace)
    view: ExecutionView | None = None
    looked_at: float = float("-inf")
    _failure: BaseException | None = None
    _followers: int = 0
    _revision: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _poll: asyncio.Task[None] | None = None

    async def snapshots(self) -> AsyncGenerator[ExecutionView, None]:
        """The view now, and again whenever it changed; ends after the view of an execution that has ended.

        :raises Exception: what AWS answered, when looking again would not help.
        """
        self._followers += 1
        asked, seen = time.monotonic(), -1
        try:
            while True:
                view = self.view
                current = view is not None and (not _over(view) or self.looked_at >= asked - FRESH)
                if view is not None and current and self._revision != seen:
                    seen = self._revision
                    yield view
                    continue
                if view is not None and current and _over(view):
                    return
                self._ensure_polling()
                await self._changed.wait()
                if self._failure is not None:
                    raise self._failure
        finally:
            self._followers -= 1
            if not self._followers and self._poll is not None:
                self._poll.cancel()
                self._poll = None

    def doubt(self) -> None:
        """Look again before telling anything: the execution may have been redriven."""
        self.looked_at = float("-inf")

    def _ensure_polling(self) -> None:
        if self._poll is None or self._poll.done():
            self._failure = None
            # An empty context: what the poll logs belongs to no single task.
            self._poll = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())

    async def _run(self) -> None:
        began = changed_at = time.monotonic()
        errors = looks = 0
        while True:
            try:
                news = await self._look(ask_status=looks >= QUIET)
                errors = 0
                looks = 0 if news or looks >= QUIET else looks + 1
            except Exception as error:
                waiting = _unknown(error) and time.monotonic() - began < GRACE
                if not waiting and not self.is_passing(error):
                    self._failure = error
                    self._wake()
                    return
                errors += 1
                log.warning("Looking at %s failed (%s in a row), trying again: %s", self.arn, errors, error)
                news = False
            if news:
                changed_at = time.monotonic()
            self._wake()
            if self.view is not None and _over(self.view) and not errors:
                return
            await asyncio.sleep(self.pace.pause(time.monotonic() - changed_at, errors, random.random()))

    async def _look(self, *, ask_status: bool) -> bool:
        """Read what is new; whether something was."""
        if await self._read():
            return True
        if not ask_status or self.view is None:
            return False
        status = (await in_thread(self.source.describe, self.arn))["status"]
        if status == self.view.status:
            return False
        # It may have ended since the events were read; only what left no event is taken from the status.
        if not await self._read():
            self.view = self.view.with_status(status)
            self._revision += 1
        return True

    async def _read(self) -> bool:
        """Read the events that are new; whether there were any."""
        after = self.view.last_event_id if self.view is not None else 0
        events = await in_thread(self.source.events, self.arn, after)
        self.looked_at = time.monotonic()
        if not events and self.view is not None:
            return False
        self.view = await in_thread(reduce, events, self.view)
        self._revision += 1
        return True

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


@dataclass(eq=False)
class Watchers:
    """All watchers of one event loop, found by what they look at, and the hooks that they share."""

    hooks: dict[Any, Any] = field(default_factory=dict)
    budgets: dict[Any, Any] = field(default_factory=dict)
    _found: OrderedDict[Any, Any] = field(default_factory=OrderedDict)

    def get(self, key: Any, make: Callable[[], W]) -> W:
        """The watcher of *key*, made if there is none."""
        watcher: W | None = self._found.get(key)
        if watcher is None:
            watcher = self._found[key] = make()
        self._found.move_to_end(key)
        for old in [name for name, kept in self._found.items() if not kept._followers][:-KEPT]:
            del self._found[old]
        return watcher


_of_loop: dict[int, tuple[Any, Watchers]] = {}


def watchers() -> Watchers:
    """The watchers of the running event loop."""
    loop = asyncio.get_running_loop()
    known = _of_loop.get(id(loop))
    if known is None or known[0] is not loop:
        for key, (other, _) in list(_of_loop.items()):
            if other.is_closed():
                del _of_loop[key]
        known = _of_loop[id(loop)] = (loop, Watchers())
    return known[1]


def _over(view: ExecutionView) -> bool:
    return view.status != "RUNNING"


def _unknown(error: BaseException) -> bool:
    return code(error) == "ExecutionDoesNotExist"
