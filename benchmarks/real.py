"""What many waiting tasks cost a real triggerer: Airflow's own share of it included.

A Dag run with many tasks that wait for one moment runs on a real Airflow in front of the embedded AWS: as members of
one group ("ours"), or as deferred operators of the Amazon provider, each with its execution ("peer"). Told are the
seconds from the first task that Airflow let go until the triggers of all tasks run, what the triggerer's two processes
(the one that claims triggers and the one that runs them) take for it, and the seconds from the moment until the last
task is a success in Airflow.

Run it with ``python -m benchmarks.real [ours|peer] [tasks]``; "peer" needs
``apache-airflow-providers-amazon[aiobotocore]``.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local import LocalAws
from demo.stack import AirflowStack

DAGS = Path(__file__).parent / "dags"
TICKS = os.sysconf("SC_CLK_TCK")
SECONDS = {"ours": 120, "peer": 900}
"""How long the tasks wait: all have to be there by then, and each of the peer's takes a worker first."""
HEAD = ("", "tasks", "all run after s", "claiming: CPU s", "MB", "running: CPU s", "MB", "done after s")


@dataclass(frozen=True)
class Usage:
    """CPU seconds so far and MB in RAM of a process."""

    cpu: float
    memory: float

    @classmethod
    def of(cls, pid: int) -> Usage:
        """Those of *pid*."""
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        memory = int(fields[21]) * os.sysconf("SC_PAGESIZE") / 1e6
        return cls((int(fields[11]) + int(fields[12])) / TICKS, memory)


def triggerer_processes(stack: AirflowStack) -> tuple[int, int]:
    """The process that claims triggers, and the one that runs them."""
    claiming = stack.servers["triggerer"].pid
    children = [int(pid) for pid in Path(f"/proc/{claiming}/task/{claiming}/children").read_text().split()]
    return claiming, max(children, key=lambda pid: Usage.of(pid).memory)


def running_since(stack: AirflowStack, dag_id: str) -> list[float]:
    """When the trigger of each task has begun to run, as the tasks' logs tell."""
    found = []
    for log in (stack.logs / f"dag_id={dag_id}").rglob("*.trigger.*.log"):
        for line in log.read_text(errors="replace").splitlines():
            if '"event":"trigger ' in line and ' starting"' in line:
                found.append(datetime.fromisoformat(json.loads(line)["timestamp"]).timestamp())
                break
    return sorted(found)


def measure(stack: AirflowStack, who: str, count: int) -> tuple[str, ...]:
    """A line of the table."""
    time.sleep(10)  # what a triggerer does when it starts is no cost of the tasks
    pids = triggerer_processes(stack)
    before = [Usage.of(pid) for pid in pids]
    until = datetime.now(UTC) + timedelta(seconds=SECONDS[who])
    run_id = stack.trigger(who, {"until": until.isoformat().replace("+00:00", "Z")})
    stack.until(lambda: len(running_since(stack, who)) >= count, SECONDS[who], "not all triggers run")
    took = running_since(stack, who)[-1] - let_go(stack, who, run_id)
    after = [Usage.of(pid) for pid in pids]
    if stack.wait(who, run_id, SECONDS[who] + 300) != "success":
        raise RuntimeError(f"{who}: {run_id} failed")
    costs = [
        text
        for first, last in zip(before, after, strict=True)
        for text in (f"{last.cpu - first.cpu:.1f}", f"{last.memory - first.memory:.0f}")
    ]
    ended = max(_time(task["end_date"]) for task in task_instances(stack, who, run_id))
    return who, str(count), f"{took:.1f}", *costs, f"{ended - until.timestamp():.1f}"


def let_go(stack: AirflowStack, who: str, run_id: str) -> float:
    """When Airflow let the first of the tasks go: for ours, that is when the start task had ended."""
    tasks = task_instances(stack, who, run_id)
    if who == "ours":
        return next(_time(task["end_date"]) for task in tasks if task["task_id"] == "group.start")
    return min(_time(task["start_date"]) for task in tasks)


def task_instances(stack: AirflowStack, who: str, run_id: str) -> list[dict[str, Any]]:
    """All tasks of the run; the API gives at most a hundred at once."""
    path, found = f"/dags/{who}/dagRuns/{run_id}/taskInstances", []
    while page := stack.api.get(path, limit=100, offset=len(found))["task_instances"]:
        found += page
    return found


def _time(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main(who: str, count: int) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as home, LocalAws() as aws:
        states = {"wait": {"Type": "Wait", "TimestampPath": "$.until", "End": True}}
        aws.client("stepfunctions").create_state_machine(
            name="waiting",
            definition=json.dumps({"StartAt": "wait", "States": states}),
            roleArn="arn:aws:iam::123456789012:role/states",
        )
        settings = {"BENCHMARK_TASKS": str(count), "AIRFLOW__LOGGING__JSON_LOGS": "true"}
        with AirflowStack(Path(home), DAGS, aws, settings) as stack:
            print("| " + " | ".join(measure(stack, who, count)) + " |", flush=True)


if __name__ == "__main__":
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|", flush=True)
    main(sys.argv[1] if len(sys.argv) > 1 else "ours", int(sys.argv[2]) if len(sys.argv) > 2 else 150)
