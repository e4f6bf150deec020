"""The course of the chaos test: start everything, let it happen, look at what is left, tell, stop everything."""

from __future__ import annotations

import secrets
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from airflow_sfn_ml.local import LocalAws
from benchmarks.chaos_checks import QUEUE, look, strays, violations
from benchmarks.chaos_database import Database
from benchmarks.chaos_monkey import Monkey, Say
from benchmarks.chaos_person import BUCKET, Life, Person
from benchmarks.chaos_plan import DAGS, plans
from benchmarks.chaos_report import report
from benchmarks.chaos_victims import end_all
from demo.stack import AirflowStack

FOLDER = Path(__file__).parent / "chaos_dags"
PATIENCE = 240.0
"""After so many seconds without any change, a Dag run is given up."""
CALM = 60.0
"""So many seconds after the last Dag run may be triggered, nothing goes wrong any more: what is left may end."""
RECOVERY = {
    # what Airflow takes minutes for, so that it notices within seconds what was killed
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "30",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT_CHECK_INTERVAL": "10",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
    "AIRFLOW__WORKERS__EXECUTION_API_RETRY_WAIT_MAX": "5",
    "AIRFLOW__WORKERS__SOCKET_CLEANUP_TIMEOUT": "10",
}


@dataclass(frozen=True)
class Settings:
    """The options of the command."""

    runs: int
    seed: int | None
    minutes: float
    at_once: int
    keep: bool
    quiet: bool
    share: float
    every: float


def run(settings: Settings) -> int:
    """Run the test; 0 if everything holds."""
    seed = secrets.randbelow(1_000_000) if settings.seed is None else settings.seed
    home = Path(tempfile.mkdtemp(prefix="chaos-")).resolve()
    print(f"seed {seed}, {settings.runs} runs, logs in {home}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then too
    try:
        told = _run(settings, seed, home)
    finally:
        if left := end_all(home / "airflow"):
            print(f"cannot be ended: {left}")
    if told or settings.keep:
        print(f"logs: {home}/airflow/logs, jobs: {home}/aws, database: {home}/airflow/airflow.db")
    else:
        shutil.rmtree(home, ignore_errors=True)
    return 1 if told else 0


def _run(settings: Settings, seed: int, home: Path) -> list[str]:
    began = time.monotonic()

    def say(text: str) -> None:
        if not settings.quiet:
            print(f"{time.monotonic() - began:7.1f} s  {text}", flush=True)

    with LocalAws(home / "aws", grace_seconds=1) as aws:
        aws.client("s3").create_bucket(Bucket=BUCKET)
        aws.client("sqs").create_queue(QueueName=QUEUE)
        with AirflowStack(home / "airflow", FOLDER, aws, RECOVERY) as stack:
            for dag_id in DAGS:
                stack.unpause(dag_id)
            say("Airflow is up")
            monkey = Monkey(stack, aws, seed, settings.share, settings.every, say)
            began_runs = time.monotonic()
            lives = _live(settings, seed, stack, aws, monkey, say)
            lasted = time.monotonic() - began_runs
            say("all Dag runs have ended; looking")
            database = Database(stack.home)
            found = look(database, aws)
            told = [*violations(lives, found), *strays(lives, stack.home)]
            print("\n".join(report(seed, lasted, lives, monkey, database, found)))
    print("\n".join([f"{len(told)} violations", *told]), flush=True)
    return told


def _live(settings: Settings, seed: int, stack: AirflowStack, aws: LocalAws, monkey: Monkey, say: Say) -> list[Life]:
    """Let Dag runs run, a few at a time, while things go wrong; those that were triggered."""
    database, person = Database(stack.home), Person(stack, aws, PATIENCE)
    waiting = [Life.of(plan) for plan in plans(settings.runs, seed)]
    begun: list[Life] = []
    last_trigger = time.monotonic() + settings.minutes * 60
    calm = last_trigger + CALM
    while True:
        alive = [life for life in begun if not life.ended]
        if time.monotonic() > last_trigger:
            waiting.clear()
        if not alive and not waiting:
            break
        if time.monotonic() < calm:
            monkey.tick()
        else:
            monkey.end()
        if waiting and len(alive) < settings.at_once and person.trigger(waiting[0]):
            begun.append(waiting.pop(0))
        runs, tasks = database.runs(), database.tasks(life.plan.run_id for life in alive)
        for life in alive:
            if (run_id := life.plan.run_id) in tasks:
                person.look(life, runs[run_id], tasks[run_id])
                if life.ended:
                    say(f"{run_id} ended: {life.stuck or runs[run_id]} ({sum(each.ended for each in begun)} so far)")
        time.sleep(0.3)
    monkey.end()
    return begun
