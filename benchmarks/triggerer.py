"""The process that runs the triggers of one case in one event loop, and measures itself.

``python -m benchmarks.triggerer CASE OUT`` with Airflow's channel as standard input is how `benchmarks.triggers` starts
it: CASE is its `Case` as JSON, OUT the file for the figures.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import time
import urllib.request
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from benchmarks.cases import MACHINE, WARM, Case
from benchmarks.measuring import Meter, resident
from benchmarks.running import Triggers, run_logged
from benchmarks.supervisor import EXECUTION, START_TASK

TRAIL = 2.0
"""Seconds after every execution was looked at for the first time that still count as the ramp's CPU."""
FOREVER = 1_000_000
NOTHING: dict[str, Any] = {"calls": {}, "rejected": {}, "seconds": 1.0, "peak": 0}


class Idle(BaseTrigger):
    """Sleeps: what the runner itself costs."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Not needed here."""
        return "", {"seconds": self.seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Sleep, then say so."""
        await asyncio.sleep(self.seconds)
        yield TriggerEvent({"status": "success"})


def trigger_of(case: Case, machine: str, name: str, state: int) -> BaseTrigger:
    """The trigger that *case* is about, for a state of the execution *name*."""
    connection = "warm" if machine == WARM else "measured"
    arn = f"{EXECUTION}{machine}:{name}"
    if case.who == "nobody":
        return Idle(0 if machine == WARM else FOREVER)
    if case.who == "peer":
        from airflow.providers.amazon.aws.triggers.step_function import StepFunctionsExecutionCompleteTrigger as Theirs

        return Theirs(execution_arn=arn, aws_conn_id=connection, waiter_delay=case.delay, waiter_max_attempts=FOREVER)
    if case.waits == "whole":
        from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger as Ours

        return Ours(arn, aws_conn_id=connection)
    from airflow_sfn_ml.triggers.state import StateTrigger

    return StateTrigger(state=f"t{state}", start_task_id=START_TASK, aws_conn_id=connection)


class Course:
    """One case, step by step."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.triggers = Triggers()
        self.meter = Meter()

    async def measure(self) -> dict[str, Any]:
        """Run the case; its figures."""
        await self.triggers.connect()
        await self.warm_up()
        case = self.case
        names = await self.ask(op="hold", machine=MACHINE, count=case.executions, states=case.states, age=case.age)
        gc.collect()
        before = resident()
        told = {"ramp": await self.ramp(names), "window": await self.window()}
        gc.collect()
        told["memory"] = resident() - before
        if case.who != "nobody":
            told["ends"] = await self.ends()
        self.meter.stop()
        await self.triggers.cancel()
        return told

    async def warm_up(self) -> None:
        """Run one trigger of the kind to its end, for another connection: what it imports is no cost of the case."""
        (name,) = await self.ask(op="hold", machine=WARM, count=1, states=1, age=60)
        await self.ask(op="end", machine=WARM, at=time.time(), spread=0, events=False)
        self.start(WARM, name, 0)
        await self.triggers.wait()
        if self.triggers.fired.wrong or not self.triggers.fired.at:
            raise RuntimeError(f"the first trigger did not succeed: {self.triggers.fired.wrong}")
        self.triggers.tasks.clear()

    def start(self, machine: str, name: str, state: int) -> None:
        """Start the trigger for a state of the execution *name*."""
        trigger = trigger_of(self.case, machine, name, state)
        self.triggers.run(f"{name}/{state}", trigger, f"{machine}:{name}")

    async def ramp(self, names: list[str]) -> dict[str, Any]:
        """Start all triggers; what it takes until each execution was looked at, and its history read if it has to
        be."""
        case = self.case
        await self.ask(op="reset", coverage=True)
        began = time.time()
        self.meter.start()
        for name in names:
            for state in range(case.states if case.waits == "states" else 1):
                self.start(MACHINE, name, state)
                await asyncio.sleep(0)  # as the runner does between two
        if case.who == "nobody":
            await asyncio.sleep(TRAIL)
            return {**asdict(self.meter.span()), "seen": None, "read": None, "counts": NOTHING}
        covered = await self.ask(op="covered", machine=MACHINE, timeout=case.patience)
        await asyncio.sleep(TRAIL)
        told: dict[str, Any] = asdict(self.meter.span())
        if case.waits == "states":
            covered = await self.ask(op="covered", machine=MACHINE, timeout=case.patience, histories=True)
        for kind in ("seen", "read"):
            whole = covered[kind] == case.executions
            told[kind] = covered[f"{kind}_at"] - began if whole else f"{covered[kind]} of {case.executions}"
        return {**told, "counts": await self.ask(op="counts")}

    async def window(self) -> dict[str, Any]:
        """What waiting costs while nothing happens."""
        await asyncio.sleep(self.case.settle)
        await self.ask(op="reset")
        self.meter.span()
        await asyncio.sleep(self.case.window)
        return {**asdict(self.meter.span()), "counts": await self.ask(op="counts")}

    async def ends(self) -> dict[str, Any]:
        """End everything; how long after each end the event came, sorted."""
        case, fired = self.case, self.triggers.fired
        await self.ask(op="reset")
        self.meter.span()
        at = time.time() + 0.5
        planned = await self.ask(op="end", machine=MACHINE, at=at, spread=case.spread, events=case.events)
        await self.triggers.wait(case.spread + case.patience)
        told = {**asdict(self.meter.span()), "counts": await self.ask(op="counts")}
        followed = list(fired.names.values())[1:]  # the first was the warm-up
        late = [fired.at[name] - planned[name] for name in followed if name in fired.at]
        return {**told, "late": sorted(late), "missing": len(followed) - len(late), "wrong": fired.wrong[:5]}

    async def ask(self, **asked: Any) -> Any:
        """`admin`, in a thread."""
        return await asyncio.to_thread(admin, self.case.url, **asked)


def admin(url: str, **asked: Any) -> Any:
    """Ask the fake AWS for something that AWS does not offer."""
    request = urllib.request.Request(f"{url}/_admin", json.dumps(asked).encode())
    with urllib.request.urlopen(request, timeout=900) as answer:
        return json.load(answer)


def main(case: str, out: str) -> None:
    """Run the case and write its figures to *out*."""
    course = Course(Case(**json.loads(case)))
    told = run_logged(course.measure(), Path(out).with_name("triggers.log"))
    Path(out).write_text(json.dumps(told))
    os._exit(0)  # threads of the peer's may wait for triggers that were cancelled


if __name__ == "__main__":
    main(*sys.argv[1:])
