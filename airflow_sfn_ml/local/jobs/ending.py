"""What follows the end of a job's processes: messages, metrics, uploads, the final status and its reason."""

from __future__ import annotations

import contextlib
import datetime
import re
from dataclasses import dataclass

from airflow_sfn_ml.local.jobs import container, contract
from airflow_sfn_ml.local.jobs.contract import Container, Host
from airflow_sfn_ml.local.jobs.job import TRAINING, Job
from airflow_sfn_ml.local.jobs.logs import LogStream
from airflow_sfn_ml.local.jobs.storage import Storage


@dataclass(frozen=True)
class Ending:
    """What follows the end of a job's processes: messages, uploads, the final status."""

    job: Job
    storage: Storage
    hosts: list[Host]
    containers: list[Container]
    streams: list[LogStream]
    codes: list[int]
    ran_too_long: bool

    def settle(self) -> None:
        """Upload what the job leaves and give it its terminal status."""
        if self.job.kind is TRAINING:
            self._settle_training()
        else:
            self._settle_processing()

    def _stopped(self) -> bool:
        return self.ran_too_long or self.job.status == "Stopping"

    def _settle_processing(self) -> None:
        job = self.job
        text = "".join(contract.message(host.shown.real("/opt/ml/output/message")) for host in self.hosts)
        if text:
            job.note(ExitMessage=text[:1024])
        complete = not any(self.codes)
        for output in contract.outputs(job):
            if (complete and not self._stopped()) or output.get("S3UploadMode") == "Continuous":
                for host in self.hosts:
                    self.storage.upload_tree(host.shown.real(output["LocalPath"]), output["S3Uri"])
        if self._stopped():
            job.finish("Stopped", self._limit_reason())
        elif complete:
            job.finish("Completed")
        else:
            job.finish("Failed", self._reason())

    def _settle_training(self) -> None:
        job = self.job
        self._note_metrics()
        checkpoints = job.request.get("CheckpointConfig")
        if checkpoints:
            for host in self.hosts:
                local = host.shown.real(checkpoints.get("LocalPath", "/opt/ml/checkpoints"))
                self.storage.upload_tree(local, checkpoints["S3Uri"])
        if self._stopped():
            self._upload_model()
            secondary = "MaxRuntimeExceeded" if self.ran_too_long else "Stopped"
            job.finish("Stopped", self._limit_reason(), secondary)
        elif any(self.codes):
            job.finish("Failed", self._reason())
        else:
            job.enter("Uploading")
            self._upload_model()
            job.finish("Completed")

    def _upload_model(self) -> None:
        job, storage = self.job, self.storage
        config = job.request["OutputDataConfig"]
        base = f"{config['S3OutputPath'].rstrip('/')}/{job.name}/output"
        first = self.hosts[0].shown
        if config.get("CompressionType") == "NONE":
            artifacts = f"{base}/model/"
            storage.upload_tree(first.real("/opt/ml/model"), artifacts)
        else:
            artifacts = f"{base}/model.tar.gz"
            storage.upload_archive(first.real("/opt/ml/model"), artifacts)
        if any(first.real("/opt/ml/output/data").iterdir()):
            storage.upload_archive(first.real("/opt/ml/output/data"), f"{base}/output.tar.gz")
        job.note(ModelArtifacts={"S3ModelArtifacts": artifacts})

    def _note_metrics(self) -> None:
        definitions = self.job.request["AlgorithmSpecification"].get("MetricDefinitions") or ()
        text = "\n".join(path.read_text(errors="replace") for path in (stream.file for stream in self.streams))
        metrics = []
        for definition in definitions:
            value = _last_number(definition["Regex"], text)
            if value is not None:
                now = datetime.datetime.now(datetime.UTC)
                metrics.append({"MetricName": definition["Name"], "Value": value, "Timestamp": now})
        if metrics:
            self.job.note(FinalMetricDataList=metrics)

    def _limit_reason(self) -> str | None:
        if not self.ran_too_long:
            return None
        limit = self.job.request["StoppingCondition"]["MaxRuntimeInSeconds"]
        return f"MaxRuntimeExceeded: the job ran longer than MaxRuntimeInSeconds, {limit} s"

    def _reason(self) -> str:
        """The FailureReason of the first host that failed."""
        index, code = next((index, code) for index, code in enumerate(self.codes) if code)
        host, run = self.hosts[index], self.containers[index]
        status = container.exit_code(code)
        text = contract.message(host.shown.real("/opt/ml/output/failure"), limit=900)
        if not text:
            text = container.ending(code)
        if not text and run.failure:
            text = run.failure(status, self.streams[index].tail)[:900]
        if not text:
            text = "See job logs for more information" if self.job.kind is not TRAINING else ""
        return f"AlgorithmError: {text}, exit code: {status}"


def _last_number(pattern: str, text: str) -> float | None:
    """The number that the first group of `pattern` found last in a job's output."""
    value = None
    for match in re.finditer(pattern, text):
        with contextlib.suppress(ValueError):
            value = float(match.group(1) if match.re.groups else match.group())
    return value
