"""What a benchmark may ask of the fake AWS beside what AWS offers: what to hold, when what ends, what was called."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from benchmarks.fake_aws_executions import ACCOUNT, REGION, Execution, training_job

if TYPE_CHECKING:
    from benchmarks.fake_aws import FakeAws


class Administration:
    """Each operation is a method; the service is changed in place."""

    def __init__(self, service: FakeAws) -> None:
        self.service = service
        self._emitting: list[asyncio.Task[None]] = []

    async def do(self, op: str, **options: Any) -> Any:
        """Do what is asked for."""
        return await getattr(self, f"do_{op}")(**options)

    async def do_hold(self, machine: str, count: int, states: int, age: float) -> list[str]:
        """Hold *count* running executions that have started during the last *age* seconds; answers their names."""
        began = time.time() - age
        held = [Execution(machine, f"run-{i:05}", began + age * i / count, states) for i in range(count)]
        self.service.executions |= {execution.arn: execution for execution in held}
        return [execution.name for execution in held]

    async def do_end(self, machine: str, at: float, spread: float, events: bool) -> dict[str, float]:
        """End all states of the executions of *machine* one by one, from *at* on; answers when, by ``name/state``.

        :param events: whether EventBridge would tell of it.
        """
        held = self._held(machine)
        total = len(held) * held[0].states
        for place, execution in enumerate(held):
            turns = range(place, total, len(held))
            execution.ends = tuple(at + spread * turn / total for turn in turns)
        if events:
            self._emitting.append(asyncio.create_task(self._emit(held)))
        return {f"{execution.name}/{state}": end for execution in held for state, end in enumerate(execution.ends)}

    async def do_reset(self, coverage: bool = False) -> dict[str, Any]:
        """Count calls from now on; with *coverage* also forget which executions were looked at."""
        self.service.quotas.reset()
        if coverage:
            self.service.seen.clear()
            self.service.read.clear()
        return {}

    async def do_counts(self) -> dict[str, Any]:
        """What was called since the last reset."""
        counts = self.service.quotas.counts
        return {
            "seconds": time.time() - counts.since,
            "calls": counts.calls,
            "rejected": counts.rejected,
            "peak": max(counts.seconds.values(), default=0),
        }

    async def do_covered(self, machine: str, timeout: float, histories: bool = False) -> dict[str, Any]:
        """Wait until all executions of *machine* were looked at, or with *histories* until all histories were read.

        :returns: how many were, when the last one was, and the same for those whose histories were read.
        """
        arns = [execution.arn for execution in self._held(machine)]
        seen, read = self.service.seen, self.service.read
        awaited = read if histories else seen
        deadline = time.monotonic() + timeout
        while any(arn not in awaited for arn in arns) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        told: dict[str, Any] = {}
        for name, times in (("seen", seen), ("read", read)):
            known = [times[arn] for arn in arns if arn in times]
            told |= {name: len(known), f"{name}_at": max(known, default=0.0)}
        return told

    def _held(self, machine: str) -> list[Execution]:
        return [execution for execution in self.service.executions.values() if execution.machine == machine]

    async def _emit(self, held: list[Execution]) -> None:
        """Put the events of what ends into the queue, each when it happens."""
        ends = sorted((end, e.started, number, e) for e in held for number, end in enumerate(e.ends))
        for end, _, number, execution in ends:
            await asyncio.sleep(max(0.0, end - time.time()))
            job = execution.job(number)
            detail = {"TrainingJobName": job, "TrainingJobArn": training_job(job), "TrainingJobStatus": "Completed"}
            self._event("aws.sagemaker", "SageMaker Training Job State Change", training_job(job), detail)
            if end == execution.stopped:
                times = {"startDate": int(execution.started * 1000), "stopDate": int(end * 1000)}
                detail = execution.description(time.time(), data=True) | times
                self._event("aws.states", "Step Functions Execution Status Change", execution.arn, detail)

    def _event(self, source: str, kind: str, resource: str, detail: dict[str, Any]) -> None:
        envelope = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": kind,
            "source": source,
            "account": ACCOUNT,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "region": REGION,
            "resources": [resource],
            "detail": detail,
        }
        self.service.queue.send(json.dumps(envelope))
