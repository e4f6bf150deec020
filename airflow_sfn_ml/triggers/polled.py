"""Something of AWS that is asked for until it is over, once for all that wait for it.

It serves what has one document to look at: a job, an endpoint, a pipeline's execution. The document is kept after the
last one who waited has left, so that the next need not ask again for what has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.triggers.interests import Interests
from airflow_sfn_ml.triggers.poll import Pace

log = logging.getLogger(__name__)

Document = Mapping[str, Any]
GRACE = 60.0
"""How long what was just made may be unknown to AWS, in seconds: reads are eventually consistent."""
FRESH = 2.0
"""How old the document of something that has ended may be before it is looked at once more."""


@dataclass(eq=False)
class Polled:
    """One document, kept current while someone waits for it.

    :param look: gives the document now.
    :param is_over: whether a document is the last one.
    :param is_passing: whether an error will pass by itself, and *is_unknown* whether it says that there is no such
        thing.
    :param interests: where to ask to be woken by events that tell of one of *names*.
    """

    name: str
    look: Callable[[], Awaitable[Document]]
    is_over: Callable[[Document], bool]
    is_passing: Callable[[BaseException], bool]
    is_unknown: Callable[[BaseException], bool]
    pace: Pace = field(default_factory=Pace)
    interests: Interests = field(default_factory=Interests)
    names: frozenset[str] = frozenset()
    document: Document | None = None
    looked_at: float = float("-inf")
    _failure: BaseException | None = None
    _followers: int = 0
    _revision: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _poll: asyncio.Task[None] | None = None

    async def snapshots(self) -> AsyncGenerator[Document, None]:
        """The document now, and again whenever it changed; ends after the last one.

        :raises Exception: what AWS answered, when looking again would not help.
        """
        self._followers += 1
        self.interests.register(self, self.names)
        asked, seen = time.monotonic(), -1
        try:
            while True:
                over = self.document is not None and self.is_over(self.document)
                current = self.document is not None and (not over or self.looked_at >= asked - FRESH)
                if self.document is not None and current:
                    if self._revision != seen:
                        seen = self._revision
                        yield self.document
                        continue
                    if over:
                        return
                self._ensure_polling()
                await self._changed.wait()
                if self._failure is not None:
                    raise self._failure
        finally:
            self._followers -= 1
            if not self._followers:
                self.interests.forget(self)
                if self._poll is not None:
                    self._poll.cancel()
                    self._poll = None

    @property
    def is_followed(self) -> bool:
        """Whether someone waits for it."""
        return self._followers > 0

    def wake(self) -> None:
        """Look at once, since an event tells that something happened."""
        self._woken.set()

    def _ensure_polling(self) -> None:
        if self._poll is None or self._poll.done():
            self._failure = None
            # An empty context: what the poll logs belongs to no single task.
            self._poll = asyncio.get_running_loop().create_task(self._run(), context=contextvars.Context())

    async def _run(self) -> None:
        began = changed_at = time.monotonic()
        errors = 0
        while True:
            try:
                document = await self.look()
                errors, self.looked_at = 0, time.monotonic()
                if document != self.document:
                    self.document, changed_at = document, time.monotonic()
                    self._revision += 1
            except Exception as error:
                waiting = self.is_unknown(error) and time.monotonic() - began < GRACE
                if not waiting and not self.is_passing(error):
                    self._failure = error
                    self._tell()
                    return
                errors += 1
                log.warning("Looking at %s failed (%s in a row), trying again: %s", self.name, errors, error)
            self._tell()
            if self.document is not None and self.is_over(self.document) and not errors:
                return
            await self._pause(self.pace.pause(time.monotonic() - changed_at, errors, random.random()))

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
