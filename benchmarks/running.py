"""Triggers in one event loop, as Airflow's triggerer runs them.

They are run by Airflow's own `TriggerRunner.run_trigger` (with greenback's portal, log context and spans) and talk to
Airflow through its own channel, which is the standard input of the process (`benchmarks.supervisor` is the other end).
What they log goes to a file, in the form in which they would send it to the supervisor.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow.executors.workloads.task import TaskInstanceDTO
from airflow.jobs.triggerer_job_runner import TriggerRunner


@dataclass
class Fired(deque[Any]):
    """Takes the place of the runner's queue of events: notes when the event of each trigger came, by its name."""

    at: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    def append(self, entry: Any) -> None:
        """An event of a trigger."""
        name = self.names[entry.trigger_id]
        self.at[name] = time.time()
        payload = entry.event.payload
        succeeded = isinstance(payload, dict) and payload.get("status") == "success"
        if not succeeded and type(entry.event).__name__ != "TaskSuccessEvent":
            self.wrong.append(f"{name}: {entry.event!r}")


class Triggers:
    """Runs triggers, and notes what they tell."""

    def __init__(self) -> None:
        self.runner = TriggerRunner()
        self.fired = Fired()
        self.runner.events = self.fired
        self.tasks: list[asyncio.Task[None]] = []

    async def connect(self) -> None:
        """Open the channel to the supervisor."""
        await self.runner.init_comms()

    def run(self, name: str, trigger: Any, run_id: str) -> None:
        """Run *trigger* for a task of the Dag run *run_id*; *name* is under which it is noted."""
        trigger.task_instance = TaskInstanceDTO(
            id=uuid.uuid4(),
            task_id="group.task",
            dag_id="benchmark",
            run_id=run_id,
            try_number=1,
            dag_version_id=uuid.UUID(int=1),
            pool_slots=1,
            priority_weight=1,
        )
        number = len(self.fired.names)
        self.fired.names[number] = name
        self.runner.triggers[number] = {"name": name, "events": 0, "is_watcher": False, "task": None}
        self.tasks.append(asyncio.get_running_loop().create_task(self.runner.run_trigger(number, trigger)))

    async def wait(self, timeout: float | None = None) -> None:
        """Wait until all triggers have ended.

        :raises Exception: what ended one of them.
        """
        done, _ = await asyncio.wait(self.tasks, timeout=timeout)
        for task in done:
            task.result()

    async def cancel(self) -> None:
        """End those that still run."""
        for task in self.tasks:
            task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*self.tasks, return_exceptions=True)


def run_logged(work: Coroutine[Any, Any, Any], log: Path) -> Any:
    """Run *work* in an event loop; what is logged goes to *log* as JSON."""
    from airflow.sdk.log import configure_logging, reset_logging

    reset_logging()
    with log.open("wb", buffering=0) as file:
        configure_logging(json_output=True, output=file, sending_to_supervisor=True)
        return asyncio.run(work)
