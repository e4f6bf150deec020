"""Running one job from its first download to its last upload."""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local.jobs import container, contract
from airflow_sfn_ml.local.jobs.contract import Container, Host
from airflow_sfn_ml.local.jobs.ending import Ending
from airflow_sfn_ml.local.jobs.images import Images, UnknownImageError
from airflow_sfn_ml.local.jobs.job import TRAINING, Job
from airflow_sfn_ml.local.jobs.logs import LogStream
from airflow_sfn_ml.local.jobs.present import OPT_ML, Presentation
from airflow_sfn_ml.local.jobs.process import Launch, Process
from airflow_sfn_ml.local.jobs.storage import Storage, StorageError

log = logging.getLogger(__name__)

_DAY = 86400


@dataclass(frozen=True)
class Settings:
    """How jobs run here."""

    data_dir: Path
    images: Images
    mount: bool
    grace_seconds: float = 120
    environment: dict[str, str] | None = None


class Runner:
    """The life of one job; `run` is its thread, `stop` may come from any other."""

    def __init__(self, job: Job, settings: Settings, client: Any) -> None:
        self.job = job
        self._settings = settings
        self._client = client
        self._storage = Storage(client("s3", job.region), job.region, job.request.get("RoleArn", ""))
        self._processes: list[Process] = []
        self._lock = threading.Lock()
        self._stopping = False
        self._ran_too_long = False
        self._folder = _folder(settings.data_dir / "jobs", job)

    def run(self) -> None:
        """Run the job to its end, whatever that is."""
        try:
            self._run()
        except (StorageError, container.CannotStartError) as error:
            self.job.finish("Failed", str(error))
        except UnknownImageError as error:
            self.job.finish("Failed", f"ClientError: {error}")
        except Exception as error:
            log.exception("job %s", self.job.name)
            self.job.finish("Failed", f"InternalServerError: {type(error).__name__}: {error}")

    def stop(self) -> None:
        """Stop as SageMaker does: SIGTERM, the grace period, SIGKILL."""
        if self.job.begin_stopping():
            self._end_processes(self._settings.grace_seconds)

    def kill(self) -> None:
        """End the processes now, because the server ends."""
        self._end_processes(0)

    def _end_processes(self, grace: float) -> None:
        with self._lock:
            self._stopping = True
            processes = list(self._processes)
        for process in processes:
            process.stop(grace) if grace > 0 else process.kill()

    def _run(self) -> None:
        job = self.job
        python = self._settings.images.interpreter(_image(job))
        count = int(contract.cluster(job).get("InstanceCount") or 1)
        hosts = [self._host(index, count) for index in range(count)]
        if job.kind is TRAINING:
            job.enter("Downloading")
        containers = [contract.prepare(host, self._storage) for host in hosts]
        for host in hosts:
            host.shown.adapt()
        job.start()
        if job.kind is TRAINING:
            job.enter("Training")
        began = int(time.time())
        streams = [self._log(host, began) for host in hosts]
        real = Path(OPT_ML).exists()
        launches = [self._launch(*each, python) for each in zip(hosts, containers, strict=True)]
        codes = self._wait(hosts, launches, streams)
        if not self._settings.mount and not real and Path(OPT_ML).exists():
            streams[0].write([f"[local] a path escaped the rewriting: the job wrote to the {OPT_ML} of this machine."])
        Ending(job, self._storage, hosts, containers, streams, codes, self._ran_too_long).settle()

    def _host(self, index: int, count: int) -> Host:
        root = self._folder / f"algo-{index + 1}" / "ml"
        root.mkdir(parents=True)
        return Host(self.job, index, count, Presentation(root, self._settings.mount))

    def _log(self, host: Host, began: int) -> LogStream:
        stream = LogStream(
            self._client("logs", self.job.region),
            self.job.kind.log_group,
            f"{self.job.name}/{host.name}-{began}",
            self._folder / f"{host.name}.log",
        )
        notice = host.shown.notice()
        if notice and contract.is_isolated(self.job):
            notice.append("[local] EnableNetworkIsolation is not kept on this machine: the job has a network.")
        if notice:
            stream.write(notice)
        return stream

    def _launch(self, host: Host, run: Container, python: str) -> Launch:
        programs = container.install_programs(host.shown.root.parent / "programs", python)
        command = container.resolve(run.command, python, host.shown)
        home = host.shown.root.parent / "home"
        home.mkdir()
        path = [str(programs / "bin"), str(Path(python).parent), os.environ.get("PATH", os.defpath)]
        environment = {
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "PYTHONUNBUFFERED": "1",
            **(self._settings.environment or {}),
            "AWS_REGION": self.job.region,
            "AWS_DEFAULT_REGION": self.job.region,
            **run.environment,
        }
        environment = host.shown.environment(environment)
        environment["PATH"] = ":".join(path)
        modules = [environment.get("PYTHONPATH", ""), str(programs / "site")]
        environment["PYTHONPATH"] = ":".join(part for part in modules if part)
        return Launch(
            command,
            environment,
            host.shown.seen(run.directory),
            host.shown.root,
            mount=self._settings.mount,
            isolate=self._settings.mount and contract.is_isolated(self.job),
        )

    def _wait(self, hosts: list[Host], launches: list[Launch], streams: list[LogStream]) -> list[int]:
        with self._lock:
            if self._stopping:
                return [-15] * len(hosts)
            for host, launch, stream in zip(hosts, launches, streams, strict=True):
                self._processes.append(Process(launch, host.shown.root.parent / "launch.json", stream.write))
        limit = int((self.job.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or _DAY)
        timer = threading.Timer(limit, self._too_long)
        timer.daemon = True
        timer.start()
        try:
            return [process.wait() for process in self._processes]
        finally:
            timer.cancel()

    def _too_long(self) -> None:
        self._ran_too_long = True
        self._end_processes(self._settings.grace_seconds)


def _image(job: Job) -> str:
    if job.kind is TRAINING:
        specification = job.request["AlgorithmSpecification"]
        return str(specification.get("TrainingImage") or specification.get("AlgorithmName"))
    return str(job.request["AppSpecification"]["ImageUri"])


def _folder(parent: Path, job: Job) -> Path:
    """A new folder for the job; a number is appended when an earlier server left one of that name."""
    parent.mkdir(parents=True, exist_ok=True)
    candidates = (job.name if number == 1 else f"{job.name}.{number}" for number in range(1, 1_000_000))
    for name in candidates:
        try:
            (parent / name).mkdir()
        except FileExistsError:
            continue
        return parent / name
    raise RuntimeError(f"there is no free folder for {job.name} in {parent}")
