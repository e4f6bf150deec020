"""Where changes come from: lists that are asked for again and again, or a queue that EventBridge fills.

A source never ends and never fails: a watcher of an asset that has failed would be silent. What passes by itself is
waited out; what does not, as a missing permission, is told in the triggerer's log each time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.triggers.shared_stream import AdvanceItem, SharedStreamProducer

from airflow_sfn_ml.triggers.changes import ENDS, Change, of_execution, of_job, of_message
from airflow_sfn_ml.triggers.sharing import Settings, shared_budget, shared_hook
from airflow_sfn_ml.triggers.threads import in_thread

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.sagemaker import Kind

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=2)
"""How far each list looks back behind the one before: what is read lags behind, and so do clocks."""
LOOKBACK = timedelta(hours=1)
"""How far the first lists look back: what ended while no triggerer ran."""
NEWEST = 1000
"""How many executions the first lists look at."""
GATHERING = 5.0
"""How long to wait for more triggers before the first message is taken from a queue, in seconds."""
TROUBLE = 60.0
"""How long to wait after an error, in seconds."""
BATCH = 10
WAIT = 20
"""The most messages, and the longest time in seconds, that one call of ReceiveMessage takes."""

Told = tuple[Change, Any]
"""A change, and what the source needs to know that everybody has seen it."""


@dataclass(eq=False)
class Source(SharedStreamProducer):
    """One stream for all triggers that want changes from the same place.

    :param look: gives what changed since it was asked last; waits itself if it has to.
    :param interval: the pause between two looks, in seconds.
    :param done: is told what everybody has seen.
    :param gathering: how long to wait at first for triggers that want the same.
    """

    look: Callable[[], Awaitable[Sequence[Told]]]
    interval: float
    done: Callable[[Any], Awaitable[None]] | None = None
    gathering: float = 0.0

    async def open_stream(self) -> AsyncGenerator[Told, None]:
        """What changed, for ever."""
        await asyncio.sleep(self.gathering)
        while True:
            try:
                found = await self.look()
            except Exception as error:
                log.error("Cannot look for what has ended in AWS, trying again in %.0f s: %s", TROUBLE, error)
                await asyncio.sleep(TROUBLE)
                continue
            for told in found:
                yield told
                await asyncio.sleep(0)  # whoever listens has a queue of limited length
            await asyncio.sleep(self.interval)

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Every trigger has seen the changes of *batch*, and Airflow has stored what they made of them."""
        if self.done is None:
            return
        for item in batch:
            if item.outcome.failed:
                continue  # somebody has not: a queue will give it again
            try:
                await self.done(item.broker_payload)
            except Exception as error:
                log.warning("Cannot tell that an event was handled; it will come again: %s", error)


def queue(settings: Settings, url: str) -> Source:
    """Changes that EventBridge puts into the SQS queue at *url*, which must not have another reader."""

    async def look() -> list[Told]:
        client = await _client(settings, "sqs")
        receive = partial(client.receive_message, QueueUrl=url, MaxNumberOfMessages=BATCH, WaitTimeSeconds=WAIT)
        messages = (await asyncio.to_thread(receive)).get("Messages", [])
        found = [(of_message(message["Body"]), message["ReceiptHandle"]) for message in messages]
        for change, receipt in found:
            if change is None:
                await done(receipt)
        return [(change, receipt) for change, receipt in found if change is not None]

    async def done(receipt: str) -> None:
        client = await _client(settings, "sqs")
        await asyncio.to_thread(partial(client.delete_message, QueueUrl=url, ReceiptHandle=receipt))

    return Source(look, 0.0, done, GATHERING)


def jobs(settings: Settings, kind: Kind, interval: float) -> Source:
    """Changes of the jobs of *kind*, by lists of what was modified lately."""
    return Source(_Jobs(settings, kind), interval)


def executions(settings: Settings, machine_arn: str, interval: float) -> Source:
    """Changes of the executions of a machine, by lists of what runs and of what was started lately."""
    return Source(_Executions(settings, machine_arn), interval)


@dataclass
class _Jobs:
    settings: Settings
    kind: Kind
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    looked: datetime | None = None

    async def __call__(self) -> list[Told]:
        from airflow_sfn_ml.hooks.sagemaker import listed

        now = datetime.now(UTC)
        hook, kind = await shared_hook(self.settings), self.kind
        await shared_budget(self.settings).take(f"List{kind.noun}s")
        found = await in_thread(partial(listed, hook, kind, LastModifiedTimeAfter=_since(self.began, self.looked)))
        self.looked = now
        return [(of_job(kind.name, kind.noun, item), None) for item in reversed(found) if kind.is_over(item)]


@dataclass
class _Executions:
    """Lists are sorted by when an execution started, so what ends now may stand anywhere in them. What ran at one look
    and does not run at the next has ended; what started and ended between the two is among the newest."""

    settings: Settings
    machine_arn: str
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    looked: datetime | None = None
    running: frozenset[str] = frozenset()

    async def __call__(self) -> list[Told]:
        now = datetime.now(UTC)
        since = _since(self.began, self.looked)
        settled = since > self.began
        newest = await self._list(None if settled else NEWEST, since=since if settled else None)
        running = frozenset(item["executionArn"] for item in await self._list(None, status="RUNNING"))
        ended = {item["executionArn"]: item for item in newest if item["status"] in ENDS and item["stopDate"] > since}
        for arn in self.running - running - set(ended):
            ended[arn] = await self._described(arn)
        self.looked, self.running = now, running
        over = [of_execution(item) for item in ended.values() if item["status"] in ENDS]
        return [(change, None) for change in sorted(over, key=lambda change: change.ended)]

    async def _list(self, limit: int | None, **query: Any) -> list[Mapping[str, Any]]:
        hook = await shared_hook(self.settings)
        await shared_budget(self.settings).take("ListExecutions")
        found: list[Mapping[str, Any]] = await in_thread(
            lambda: list(islice(hook.executions(self.machine_arn, **query), limit))
        )
        return found

    async def _described(self, arn: str) -> Mapping[str, Any]:
        hook = await shared_hook(self.settings)
        await shared_budget(self.settings).take("DescribeExecution")
        described: Mapping[str, Any] = await in_thread(hook.describe, arn)
        return described


def _since(began: datetime, looked: datetime | None) -> datetime:
    """How far to look back: for some minutes as far as at first, for triggers that come later than others."""
    return began - LOOKBACK if looked is None or looked - MARGIN < began else looked - MARGIN


async def _client(settings: Settings, service: str) -> Any:
    """A client of *service* with the connection of *settings*, made once."""
    hook = await shared_hook(settings)
    clients = hook.__dict__.setdefault("_clients", {})
    if service not in clients:
        clients[service] = await in_thread(hook.client_of, service)
    return clients[service]
