"""All jobs of the embedded AWS: create, find, list, stop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.local.jobs.job import (
    PROCESSING,
    TRAINING,
    TRANSFORM,
    TUNING,
    Job,
    Kind,
    describe_members,
    operation,
)
from airflow_sfn_ml.local.jobs.runner import Runner, Settings
from airflow_sfn_ml.local.jobs.transform import Transformer
from airflow_sfn_ml.local.jobs.tuning import Trial, Tuner

log = logging.getLogger(__name__)

REGION = "us-east-1"


class JobExistsError(Exception):
    """A job of that name was created before; names are used once."""


class NoSuchJobError(Exception):
    """There is no job of that name."""


class JobEngine:
    """The jobs of every account and region; its methods may be called from any thread."""

    def __init__(self, settings: Settings, client: Callable[[str, str], Any]) -> None:
        self._settings = settings
        self._client = client
        self._runners: dict[tuple[str, str, str, str], Runner | Tuner] = {}
        self._lock = threading.Lock()
        self.listeners: list[Callable[[Job], None]] = []

    def create(self, kind: Kind, request: dict[str, Any], account: str, region: str) -> Job:
        """Start a job; raises JobExistsError."""
        key = (account, region, kind.name, request[kind.name_key])
        with self._lock:
            if key in self._runners:
                raise JobExistsError(self._runners[key].job.arn)
            runner = self._runners[key] = self._new(Job(kind, request, account, region))
        for listener in self.listeners:
            listener(runner.job)
            runner.job.on_end(listener)
        threading.Thread(target=runner.run, daemon=True, name=f"job {runner.job.name}").start()
        return runner.job

    def _new(self, job: Job) -> Runner | Tuner:
        if job.kind is TUNING:
            return Tuner(
                job,
                train=lambda request: self.create(TRAINING, request, job.account, job.region),
                halt=lambda each: self.stop(each.kind, each.name, each.account, each.region),
            )
        return (Transformer if job.kind is TRANSFORM else Runner)(job, self._settings, self._client)

    def trials(self, name: str, account: str, region: str) -> tuple[Trial, ...]:
        """The training jobs of a tuning job, oldest first; raises NoSuchJobError."""
        runner = self._runner(TUNING, name, account, region)
        return runner.trials if isinstance(runner, Tuner) else ()

    def find(self, kind: Kind, name: str, account: str, region: str) -> Job:
        """The job of that name; raises NoSuchJobError."""
        return self._runner(kind, name, account, region).job

    def stop(self, kind: Kind, name: str, account: str, region: str) -> None:
        """Stop a job; one that has ended stays as it is."""
        self._runner(kind, name, account, region).stop()

    def jobs(self, kind: Kind, account: str, region: str) -> list[Job]:
        """All jobs of a kind, oldest first."""
        with self._lock:
            runners = list(self._runners.items())
        return [runner.job for key, runner in runners if key[:3] == (account, region, kind.name)]

    def by_arn(self, arn: str) -> Job | None:
        with self._lock:
            return next((runner.job for runner in self._runners.values() if runner.job.arn == arn), None)

    def warm_up(self) -> None:
        """Load what the first job would wait for: botocore's models and clients."""
        for kind in (PROCESSING, TRAINING):
            operation(f"Create{kind.name}Job")
            describe_members(kind)
        for service in ("s3", "logs"):
            self._client(service, REGION)

    def kill_all(self) -> None:
        """End every process of every job, because the server ends."""
        with self._lock:
            runners = list(self._runners.values())
        for runner in runners:
            if not runner.job.done:
                runner.kill()

    def _runner(self, kind: Kind, name: str, account: str, region: str) -> Runner | Tuner:
        with self._lock:
            runner = self._runners.get((account, region, kind.name, name))
        if runner is None:
            raise NoSuchJobError(name)
        return runner
