"""How soon a trigger fires after its execution has ended, when events wake it.

Executions of a machine that only waits end one after another in the embedded AWS. Its EventBridge puts an event of
each into an SQS queue, as ``airflow sfn-ml events setup`` has arranged it, and one or two processes that share the
queue run the triggers. The latency is that from the execution's ``stopDate`` to the trigger's event; a trigger that
no event wakes would look minutes later.

Run it with ``python -m benchmarks.events [executions]``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_sfn_ml.deploy.event_setup import set_up
from airflow_sfn_ml.local import LocalAws
from benchmarks.cases import Case
from benchmarks.running import Triggers, run_logged
from benchmarks.supervisor import START_TASK, Supervisor
from benchmarks.triggers import complaints, environment

GAP = 0.3
"""Seconds between two ends."""
AHEAD = 20.0
"""Seconds from the start of the executions to the first end; by then every trigger waits."""
PATIENCE = 60.0
STATE = "wait"
DEFINITION = {"StartAt": STATE, "States": {STATE: {"Type": "Wait", "TimestampPath": "$.until", "End": True}}}


def main(count: int) -> None:
    """Print the table."""
    print("| | processes | events | p50 s | p95 s | max s |\n|---|---|---|---|---|---|", flush=True)
    with LocalAws() as aws:
        queue = set_up(aws.client("sqs"), aws.client("events"), "benchmark").queue_url
        for waits in ("whole", "states"):
            for processes in (1, 2):
                late = sorted(latencies(aws, queue, waits, count, processes))
                told = " | ".join(f"{late[int(share * (len(late) - 1))]:.2f}" for share in (0.5, 0.95, 1))
                name = {"whole": "executions", "states": "followers"}[waits]
                print(f"| {name} | {processes} | {len(late)} of {count} | {told} |", flush=True)


def latencies(aws: LocalAws, queue: str, waits: str, count: int, processes: int) -> list[float]:
    """Seconds from the end of each of *count* executions to the event of its trigger."""
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name=f"{waits}-{processes}", definition=json.dumps(DEFINITION), roleArn="arn:aws:iam::123456789012:role/r"
    )["stateMachineArn"]
    with contextlib.ExitStack() as stack:
        followers = [stack.enter_context(Follower(aws, queue, waits)) for _ in range(processes)]
        for each in followers:
            each.wait_until_ready()
        arns = started(client, machine, count)
        for number, each in enumerate(followers):
            each.follow(arns[number::processes])
        fired = {arn: at for each in followers for arn, at in each.fired().items()}
    ended = {arn: client.describe_execution(executionArn=arn)["stopDate"].timestamp() for arn in fired}
    return [at - ended[arn] for arn, at in fired.items()]


def started(client: Any, machine: str, count: int) -> list[str]:
    """The ARNs of *count* executions that end one after another."""
    first, arns = datetime.now(UTC) + timedelta(seconds=AHEAD), []
    for number in range(count):
        until = (first + timedelta(seconds=GAP * number)).isoformat().replace("+00:00", "Z")
        asked = {"stateMachineArn": machine, "name": f"e{number}", "input": json.dumps({"until": until})}
        arns.append(client.start_execution(**asked)["executionArn"])
    return arns


class Follower:
    """A process that waits for executions, and says when their triggers fired."""

    def __init__(self, aws: LocalAws, queue: str, waits: str) -> None:
        self.aws, self.queue, self.waits = aws, queue, waits

    def __enter__(self) -> Follower:
        self._home = tempfile.TemporaryDirectory()
        self.home = Path(self._home.name)
        supervisor = Supervisor()
        supervisor.start()
        settings = environment(Case("ours", self.waits, url=self.aws.url), self._home.name)
        env = settings | {"AIRFLOW__SFN_ML__EVENTS_QUEUE_URL": self.queue}
        command = [sys.executable, "-m", "benchmarks.events", self.waits, self._home.name]
        with supervisor.theirs, (self.home / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=supervisor.theirs, stdout=log, stderr=log, env=env)
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._home.cleanup()

    def wait_until_ready(self) -> None:
        """Wait until it has imported everything."""
        while not (self.home / "ready").exists():
            if self._process.poll() is not None:
                raise RuntimeError((self.home / "log").read_text()[-4000:])
            time.sleep(0.1)

    def follow(self, arns: list[str]) -> None:
        """Let it wait for *arns*."""
        (self.home / "arns.part").write_text(json.dumps(arns))
        (self.home / "arns.part").rename(self.home / "arns")

    def fired(self) -> dict[str, float]:
        """When the trigger of each execution fired, once all have."""
        if self._process.wait():
            raise RuntimeError(complaints(self.home / "triggers.log") + (self.home / "log").read_text()[-4000:])
        return dict(json.loads((self.home / "fired").read_text()))


async def fire(waits: str, home: Path) -> None:
    """Wait for the executions that are told in *home*; leave there when each trigger fired."""
    from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger
    from airflow_sfn_ml.triggers.state import StateTrigger

    triggers = Triggers()
    await triggers.connect()
    (home / "ready").touch()
    while not (home / "arns").exists():
        await asyncio.sleep(0.1)
    arns = json.loads((home / "arns").read_text())
    for arn in arns:
        trigger: Any = (
            StepFunctionsExecutionCompleteTrigger(arn, aws_conn_id="measured")
            if waits == "whole"
            else StateTrigger(state=STATE, start_task_id=START_TASK, aws_conn_id="measured")
        )
        triggers.run(arn, trigger, ":".join(arn.split(":")[6:]))
    await triggers.wait(AHEAD + GAP * 2 * len(arns) + PATIENCE)
    await triggers.cancel()
    if triggers.fired.wrong:
        raise RuntimeError(f"triggers told another end than happened: {triggers.fired.wrong[:5]}")
    (home / "fired").write_text(json.dumps(triggers.fired.at))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        folder = Path(sys.argv[2])
        run_logged(fire(sys.argv[1], folder), folder / "triggers.log")
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 120)
