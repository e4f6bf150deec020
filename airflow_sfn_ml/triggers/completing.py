"""End a task when what it waits for has ended: without a worker, unless the task needs one."""

from __future__ import annotations

import asyncio
import json
import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.triggers.member import RETURN_VALUE, Member
from airflow_sfn_ml.triggers.outcome import SETTLED
from airflow_sfn_ml.triggers.sharing import Settings


@dataclass(frozen=True)
class Ended:
    """How it has ended.

    :param value: what becomes the task's XCom.
    :param failure: what is told of it if it did not end well.
    """

    value: Any = None
    failure: tuple[str, ...] = ()


class CompletionTrigger(BaseTrigger):
    """Wait, then end the task.

    :param aws_conn_id: the Airflow connection to AWS, with *region_name*, *verify* and *botocore_config* as in the
        Amazon provider.
    :param push: whether what it gave becomes the task's XCom.
    :param mapped_over: whether other tasks are mapped over that, so that Airflow has to know its length.
    :param ends_on_worker: whether the task has something to do when it succeeds that only a worker does (outlets,
        success callbacks); it then resumes there.
    :param soft_fail: whether the task is skipped where it would fail.
    :param deadline: when the task's time is over, in seconds since 1970; None if it has as long as it takes.
    """

    path: ClassVar[str]
    own: ClassVar[tuple[str, ...]]
    """The arguments of the class itself."""

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        push: bool = True,
        mapped_over: bool = False,
        ends_on_worker: bool = False,
        soft_fail: bool = False,
        deadline: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self.push = push
        self.mapped_over = mapped_over
        self.ends_on_worker = ends_on_worker
        self.soft_fail = soft_fail
        self.deadline = deadline

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments that make this trigger again."""
        common = ("aws_conn_id", "region_name", "verify", "botocore_config", "push", "mapped_over", "ends_on_worker")
        names = (*self.own, *common, "soft_fail", "deadline")
        return self.path, {name: getattr(self, name) for name in names}

    @property
    @abstractmethod
    def subject(self) -> str:
        """What is waited for."""

    @abstractmethod
    async def ended(self) -> Ended:
        """Wait for the end."""

    async def out_of_time(self) -> bool:
        """Do what is to be done when the time is over; whether the task ends here, and not on a worker."""
        return False

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, tell how it has ended, and end the task."""
        began = time.monotonic()
        limit = None if self.deadline is None else max(0.0, self.deadline - time.time())
        try:
            async with asyncio.timeout(limit):
                ended = await self.ended()
            yield await self._event(ended, began)
        except TimeoutError:
            self.log.error("%s did not end within this task's time limit", self.subject)
            if await self.out_of_time():
                yield self._failed()
            else:
                yield await self._on_worker({"timed_out": self.subject}, began)
        except SfnMlError as error:
            self.log.error("%s", error)
            yield self._failed()
        except Exception:
            self.log.exception("Cannot wait for %s any longer", self.subject)
            yield self._failed()

    async def _event(self, ended: Ended, began: float) -> TriggerEvent:
        if ended.failure:
            for line in ended.failure:
                self.log.error("%s", line)
            return self._failed()
        if self.ends_on_worker:
            return await self._on_worker({"ended": self.subject}, began)
        if self.push and ended.value is not None:
            await self.member.push(RETURN_VALUE, ended.value, length=self._length(ended.value))
        return TaskSuccessEvent()

    async def _on_worker(self, told: dict[str, Any], began: float) -> TriggerEvent:
        """Hand the task to a worker, once Airflow has noticed that the one before has left."""
        await asyncio.sleep(max(0.0, SETTLED - (time.monotonic() - began)))
        return TriggerEvent(told)  # type: ignore[no-untyped-call]

    def _length(self, value: Any) -> int | None:
        if not self.mapped_over:
            return None
        if not isinstance(value, (list, dict)):
            kind = type(value).__name__
            raise SfnMlError(f"{self.subject} gave {kind}, not a list, but other tasks are mapped over it")
        return len(value)

    def _failed(self) -> TriggerEvent:
        return TaskSkippedEvent() if self.soft_fail else TaskFailedEvent()

    @property
    def member(self) -> Member:
        """The task as Airflow knows it."""
        return Member(self.task_instance, "")

    @property
    def settings(self) -> Settings:
        """What tells its connection from others."""
        connection = (self.aws_conn_id, self.region_name, self.verify)
        if not self.botocore_config:
            return connection
        return (*connection, json.dumps(self.botocore_config, sort_keys=True))
