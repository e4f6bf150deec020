"""What the watch may ask of AWS: a share of each action's quota, the same for all that share a connection and region.

Who wants to call takes a token first and waits for it in the event loop, without blocking it. Urgent calls come first:
those that an event asked for, and those about what is known to have ended.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.triggers.bucket import Bucket
from airflow_sfn_ml.triggers.quotas import quota

SHARE = 0.5
"""The share of every quota that is used if nothing else is configured."""


@dataclass(eq=False)
class _Gate:
    bucket: Bucket
    waiting: list[tuple[bool, int, asyncio.Future[None]]] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None


class Budget:
    """The buckets of one connection and region. Not for use from threads, except for `observe`.

    :param region: decides the quotas; None until it is known, see `settle`.
    :param share: the share of each quota that may be used, above 0 and at most 1.
    """

    def __init__(
        self, region: str | None = None, share: float = SHARE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.region = region
        self.share = share
        self._clock = clock
        self._gates: dict[str, _Gate] = {}
        self._order = itertools.count()

    async def take(self, action: str, *, urgent: bool = False) -> None:
        """Wait until a call of *action* fits, as in ``GetExecutionHistory``."""
        gate, now = self._gate(action), self._clock()
        if not gate.waiting and not gate.bucket.wait(now):
            gate.bucket.take(now)
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(gate.waiting, (not urgent, next(self._order), turn))
        self._let_in(gate)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.give_back(action)
            raise

    def give_back(self, action: str) -> None:
        """Return a token of *action* that was not used."""
        gate = self._gate(action)
        gate.bucket.give_back(self._clock())
        self._let_in(gate)

    def rate(self, action: str) -> float:
        """How many calls of *action* a second fit for long."""
        return self._gate(action).bucket.rate

    def slow(self, action: str) -> None:
        """AWS refused *action*: ask for it less often for a while."""
        gate = self._gate(action)
        gate.bucket.slow(self._clock())
        self._let_in(gate)

    def settle(self, region: str | None) -> None:
        """Take the quotas of *region*, now that it is known."""
        if region == self.region:
            return
        self.region = region
        for action, gate in self._gates.items():
            gate.bucket.resize(*self._size(action))

    def observe(self, client: Any) -> None:
        """Learn from each answer that *client* gets, also those that boto3 hides by trying again."""
        from airflow_sfn_ml.hooks.errors import THROTTLED

        loop = asyncio.get_running_loop()

        def look(response: Any = None, operation: Any = None, attempts: int = 1, **_: Any) -> None:
            refusal = (response[1].get("Error") or {}).get("Code") if response else None
            if attempts > 1 or refusal in THROTTLED:
                with suppress(RuntimeError):  # the loop may be closed: then nobody asks any more
                    loop.call_soon_threadsafe(self._learn, operation.name, attempts > 1, refusal in THROTTLED)

        client.meta.events.register(f"needs-retry.{client.meta.service_model.service_id.hyphenize()}", look)

    def _learn(self, action: str, again: bool, refused: bool) -> None:
        if again:
            self._gate(action).bucket.take(self._clock())
        if refused:
            self.slow(action)

    def _gate(self, action: str) -> _Gate:
        gate = self._gates.get(action)
        if gate is None:
            gate = self._gates[action] = _Gate(Bucket(*self._size(action)))
        return gate

    def _size(self, action: str) -> tuple[float, float]:
        allowed = quota(action, self.region)
        return max(1.0, allowed.capacity * self.share), allowed.refill * self.share

    def _let_in(self, gate: _Gate) -> None:
        """Let in all for whom there is a token, and come back when there is another."""
        if gate.timer is not None:
            gate.timer.cancel()
            gate.timer = None
        now = self._clock()
        while gate.waiting:
            turn = gate.waiting[0][2]
            if turn.done():
                heapq.heappop(gate.waiting)
                continue
            wait = gate.bucket.wait(now)
            if wait:
                gate.timer = asyncio.get_running_loop().call_later(max(wait, 0.001), self._let_in, gate)
                return
            heapq.heappop(gate.waiting)
            gate.bucket.take(now)
            turn.set_result(None)
