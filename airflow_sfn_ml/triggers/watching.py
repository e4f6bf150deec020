"""Watch an asset: fire when something that a trigger waits for has ended in AWS, each time once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Hashable
from datetime import UTC, datetime
from typing import Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_sfn_ml.triggers.changes import Change
from airflow_sfn_ml.triggers.sharing import Settings
from airflow_sfn_ml.triggers.sources import LOOKBACK, Source, queue

STORED = "airflow_sfn_ml_told"
"""Where Airflow's store for the state of an asset keeps since when is watched, and what was told lately."""
KEPT = 1000
"""How many changes the store keeps, so that none is told twice."""


class ChangeTrigger(BaseEventTrigger):
    """Fire with the payload of each change that fits.

    All triggers that look at the same place share one look. What has been told is kept with the asset, so that a
    triggerer that starts tells what ended while none ran, and nothing again.

    :param queue_url: an SQS queue that EventBridge fills, and that nobody else reads; without one, AWS is asked every
        *interval* seconds.
    :param aws_conn_id: the Airflow connection to AWS, with *region_name* and *verify* as in the Amazon provider.
    """

    path: ClassVar[str]
    own: ClassVar[tuple[str, ...]]
    """The arguments of the class itself."""

    def __init__(
        self,
        *,
        queue_url: str | None = None,
        interval: float = 30.0,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.queue_url = queue_url
        self.interval = interval
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self._told: dict[str, datetime] = {}
        self._since = datetime.now(UTC)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments that make this trigger again."""
        names = (*self.own, "queue_url", "interval", "aws_conn_id", "region_name", "verify")
        return self.path, {name: getattr(self, name) for name in names}

    @abstractmethod
    def fits(self, change: Change) -> bool:
        """Whether *change* is waited for."""

    @abstractmethod
    def place(self) -> tuple[Hashable, ...]:
        """Where is looked without a queue; the same for all that may share a look."""

    @abstractmethod
    def polled(self) -> Source:
        """What looks there."""

    @abstractmethod
    async def complete(self, change: Change) -> Change:
        """*change* with its result, where the source has told none."""

    def shared_stream_key(self) -> Hashable:
        """The place that is looked at."""
        place = ("queue", self.queue_url) if self.queue_url else (*self.place(), self.interval)
        return ("airflow_sfn_ml", *self.settings, *place)

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> Source:
        """What looks there, once for all triggers."""
        trigger = cls(**kwargs)
        return queue(trigger.settings, trigger.queue_url) if trigger.queue_url else trigger.polled()

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncGenerator[TriggerEvent, None]:
        """Fire for what fits and was not told before."""
        await self._remember()
        async for change in shared_stream:
            if change.ended < self._since or change.id in self._told or not self.fits(change):
                continue
            self._told[change.id] = change.ended
            whole = await self.complete(change)
            yield TriggerEvent(whole.payload())  # type: ignore[no-untyped-call]
            await self._store()

    async def run(self) -> AsyncGenerator[TriggerEvent, None]:
        """The same alone, where Airflow shares no streams."""
        source = self.create_shared_stream_producer(self.serialize()[1])

        async def changes() -> AsyncGenerator[Change, None]:
            async for change, receipt in source.open_stream():
                yield change
                if source.done is not None:
                    await source.done(receipt)

        async for event in self.filter_shared_stream(changes()):
            yield event

    async def _remember(self) -> None:
        """What triggers of earlier triggerers have told; if there was none, nothing older than this one counts."""
        stored = await self._accessor("aget", STORED)
        if isinstance(stored, dict):
            self._since = datetime.fromisoformat(stored["since"])
            self._told = dict.fromkeys(stored["told"], datetime.now(UTC))
        else:
            await self._store()

    async def _store(self) -> None:
        no_longer_listed = datetime.now(UTC) - 2 * LOOKBACK
        self._told = {id_: ended for id_, ended in self._told.items() if ended > no_longer_listed}
        told = {"since": self._since.isoformat(), "told": list(self._told)[-KEPT:]}
        await self._accessor("aset", STORED, told)

    async def _accessor(self, method: str, *args: Any) -> Any:
        """Airflow's store for the state of the asset; one trigger that several assets share keeps nothing."""
        if self.asset_state_store is None:
            return None
        try:
            return await getattr(self.asset_state_store, method)(*args)
        except ValueError:
            return None

    @property
    def settings(self) -> Settings:
        """What tells its connection from others."""
        return self.aws_conn_id, self.region_name, self.verify
