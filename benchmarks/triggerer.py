"""One process that runs triggers as Airflow's triggerer does, and measures itself.

Triggers are run by Airflow's own `TriggerRunner.run_trigger` (with greenback's portal, log context and spans), in one
event loop, and talk to Airflow through its own channel. What they log goes to a file, in the form in which they would
send it to the supervisor.

``python -m benchmarks.triggerer CASE OUT`` with the channel as standard input is how `benchmarks.triggers` starts it:
CASE is its `Case` as JSON, OUT the file for the figures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
import urllib.request
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.cases import MACHINE, WARM, Case
from benchmarks.measuring import Meter, resident
from benchmarks.supervisor import EXECUTION, START_TASK

TRAIL = 2.0
"""Seconds after every execution was looked at for the first time that still count as the ramp's CPU."""
FOREVER = 1_000_000


@dataclass
class Fired(deque[Any]):
    """Takes the place of the runner's queue of events: notes when each event came."""

    at: dict[str, float] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    names: dict[int, str] = field(default_factory=dict)

    def append(self, entry: Any) -> None:
        """An event of a trigger."""
        name = self.names[entry.trigger_id]
        self.at[name] = time.time()
        payload = entry.event.payload
        good = type(entry.event).__name__ == "TaskSuccessEvent" or (
            isinstance(payload, dict) and payload.get("status") in ("success", "SUCCEEDED")
        )
        if not good:
            self.wrong.append(f"{name}: {entry.event!r}")


class Triggerer:
    """Runs triggers.

    :param case: what to run.
    """

    def __init__(self, case: Case) -> None:
        from airflow.jobs.triggerer_job_runner import TriggerRunner

        self.case = case
        self.runner = TriggerRunner()
        self.fired = Fired()
        self.runner.events = self.fired  # type: ignore[assignment]
        self.tasks: list[asyncio.Task[None]] = []

    async def warm_up(self) -> None:
        """Run one trigger of the kind to its end, for another connection: what it imports is no cost of the case."""
        (name,) = await asyncio.to_thread(admin, self.case.url, op="hold", machine=WARM, count=1, states=1, age=60)
        await asyncio.to_thread(admin, self.case.url, op="end", machine=WARM, at=time.time(), spread=0, events=False)
        self.run(WARM, name, 0)
        await asyncio.wait(self.tasks)
        for task in self.tasks:
            task.result()
        if self.fired.wrong or not self.fired.at:
            raise RuntimeError(f"the first trigger did not succeed: {self.fired.wrong}")
        self.tasks.clear()

    def run(self, machine: str, name: str, state: int) -> None:
        """Run the trigger for a state of the execution *name*."""
        trigger = self._trigger(machine, name, state)
        trigger.task_instance = _task_instance(f"{machine}:{name}", state)
        number = len(self.fired.names)
        self.fired.names[number] = f"{name}/{state}"
        self.runner.triggers[number] = {"name": name, "events": 0, "is_watcher": False, "task": None}  # type: ignore[typeddict-item]
        self.tasks.append(asyncio.get_running_loop().create_task(self.runner.run_trigger(number, trigger)))

    def _trigger(self, machine: str, name: str, state: int) -> Any:
        case = self.case
        connection = "warm" if machine == WARM else "measured"
        arn = f"{EXECUTION}{machine}:{name}"
        if case.who == "peer":
            from airflow.providers.amazon.aws.triggers.step_function import StepFunctionsExecutionCompleteTrigger

            return StepFunctionsExecutionCompleteTrigger(
                execution_arn=arn, aws_conn_id=connection, waiter_delay=case.delay, waiter_max_attempts=FOREVER
            )
        if case.waits == "whole":
            from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger as Ours

            return Ours(arn, aws_conn_id=connection)
        from airflow_sfn_ml.triggers.state import StateTrigger

        return StateTrigger(state=f"t{state}", start_task_id=START_TASK, aws_conn_id=connection)


async def measure(case: Case) -> dict[str, Any]:
    """Run *case*; its figures."""
    triggerer, meter = Triggerer(case), Meter()
    await triggerer.runner.init_comms()
    await triggerer.warm_up()
    names = await asyncio.to_thread(
        admin, case.url, op="hold", machine=MACHINE, count=case.executions, states=case.states, age=case.age
    )
    gc.collect()
    before = resident()
    told: dict[str, Any] = {}

    await asyncio.to_thread(admin, case.url, op="reset", coverage=True)
    began = time.time()
    meter.start()
    for name in names:
        for state in range(case.states if case.waits == "states" else 1):
            triggerer.run(MACHINE, name, state)
    covered = await asyncio.to_thread(admin, case.url, op="covered", machine=MACHINE, timeout=case.patience)
    await asyncio.sleep(TRAIL)
    whole = covered["seen"] == case.executions
    told["ramp"] = {**asdict(meter.span()), "until": covered["at"] - began if whole else None, **covered}
    told["ramp"]["counts"] = await asyncio.to_thread(admin, case.url, op="counts")

    await asyncio.sleep(case.settle)
    await asyncio.to_thread(admin, case.url, op="reset")
    meter.span()
    await asyncio.sleep(case.window)
    told["window"] = asdict(meter.span())
    told["window"]["counts"] = await asyncio.to_thread(admin, case.url, op="counts")
    covered = await asyncio.to_thread(admin, case.url, op="covered", machine=MACHINE, timeout=0)
    told["read"] = covered["read"]
    told["read_until"] = covered["read_at"] - began if covered["read"] == case.executions else None

    gc.collect()
    told["memory"] = resident() - before
    told["latency"] = await latencies(triggerer, meter)
    told["memory_after"] = resident() - before
    meter.stop()
    for task in triggerer.tasks:
        task.cancel()
    return told


async def latencies(triggerer: Triggerer, meter: Meter) -> dict[str, Any]:
    """End everything; how long after each end the event came, sorted."""
    case = triggerer.case
    await asyncio.to_thread(admin, case.url, op="reset")
    meter.span()
    at = time.time() + 0.5
    ends = await asyncio.to_thread(
        admin, case.url, op="end", machine=MACHINE, at=at, spread=case.spread, events=case.events
    )
    await asyncio.wait(triggerer.tasks, timeout=case.spread + case.patience)
    fired, told = triggerer.fired, asdict(meter.span())
    told["counts"] = await asyncio.to_thread(admin, case.url, op="counts")
    followed = list(fired.names.values())[1:]  # the first was the warm-up
    if case.waits == "whole":
        ends = {f"{name.rpartition('/')[0]}/0": end for name, end in ends.items()}  # the last end of each counts
    told["seconds_late"] = sorted(round(fired.at[name] - ends[name], 3) for name in followed if name in fired.at)
    told["missing"] = sum(name not in fired.at for name in followed)
    told["wrong"] = fired.wrong[:5]
    return told


def admin(url: str, **asked: Any) -> Any:
    """Ask the fake AWS for something that AWS does not offer."""
    request = urllib.request.Request(f"{url}/_admin", json.dumps(asked).encode())
    with urllib.request.urlopen(request, timeout=900) as answer:
        return json.load(answer)


def _task_instance(run_id: str, state: int) -> Any:
    from airflow.executors.workloads.task import TaskInstanceDTO

    return TaskInstanceDTO(
        id=uuid.uuid4(),
        task_id=f"group.t{state}",
        dag_id="benchmark",
        run_id=run_id,
        try_number=1,
        dag_version_id=uuid.UUID(int=1),
        pool_slots=1,
        priority_weight=1,
    )


def main(case: str, out: str) -> None:
    """Run the case and write its figures to *out*."""
    from airflow.sdk.log import configure_logging, reset_logging

    reset_logging()
    with Path(out).with_name("triggers.log").open("wb", buffering=0) as log:
        configure_logging(json_output=True, output=log, sending_to_supervisor=True)
        told = asyncio.run(measure(Case(**json.loads(case))))
        Path(out).write_text(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
