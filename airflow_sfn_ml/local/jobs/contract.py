"""What a container finds when it starts: files below /opt/ml and environment variables, for both kinds of jobs.

Training: https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
Processing: https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local.jobs import toolkit
from airflow_sfn_ml.local.jobs.container import CannotStartError
from airflow_sfn_ml.local.jobs.job import TRAINING, Job
from airflow_sfn_ml.local.jobs.present import Presentation
from airflow_sfn_ml.local.jobs.storage import Storage

GROUP = "homogeneousCluster"


@dataclass(frozen=True)
class Host:
    """One host of a job: algo-1, algo-2, ..."""

    job: Job
    index: int
    count: int
    shown: Presentation

    @property
    def name(self) -> str:
        return f"algo-{self.index + 1}"

    @property
    def names(self) -> list[str]:
        return sorted(f"algo-{number + 1}" for number in range(self.count))

    def write(self, path: str, document: Any) -> None:
        """Write a JSON file that the container reads."""
        real = self.shown.real(path)
        real.parent.mkdir(parents=True, exist_ok=True)
        real.write_text(self.shown.seen(json.dumps(document)))

    def make(self, *paths: str) -> None:
        for path in paths:
            self.shown.real(path).mkdir(parents=True, exist_ok=True)

    def resources(self) -> dict[str, Any]:
        """The content of resourceconfig.json."""
        instance = cluster(self.job).get("InstanceType", "local")
        return {
            "current_host": self.name,
            "current_instance_type": instance,
            "current_group_name": GROUP,
            "hosts": self.names,
            "instance_groups": [{"instance_group_name": GROUP, "instance_type": instance, "hosts": self.names}],
            "network_interface_name": "eth0",
        }


@dataclass(frozen=True)
class Container:
    """What runs on one host, in the container's own spelling of paths."""

    command: list[str]
    directory: str = "/"
    environment: dict[str, str] = field(default_factory=dict)
    failure: Callable[[int, list[str]], str] | None = None


def is_isolated(job: Job) -> bool:
    """Whether the request asks for containers without a network."""
    if job.kind is TRAINING:
        return bool(job.request.get("EnableNetworkIsolation"))
    return bool((job.request.get("NetworkConfig") or {}).get("EnableNetworkIsolation"))


def cluster(job: Job) -> dict[str, Any]:
    """The part of the request that says how many machines of which type."""
    if job.kind is TRAINING:
        return dict(job.request.get("ResourceConfig") or {})
    return dict((job.request.get("ProcessingResources") or {}).get("ClusterConfig") or {})


def prepare(host: Host, storage: Storage) -> Container:
    """Fill the host's /opt/ml; raises NoDataError and CannotStartError."""
    return _training(host, storage) if host.job.kind is TRAINING else _processing(host, storage)


def _training(host: Host, storage: Storage) -> Container:
    request = host.job.request
    host.make("/opt/ml/input/config", "/opt/ml/input/data", "/opt/ml/model", "/opt/ml/output/data", toolkit.CODE)
    parameters = {name: str(value) for name, value in (request.get("HyperParameters") or {}).items()}
    algorithm = request["AlgorithmSpecification"]
    channels = {}
    for channel in request.get("InputDataConfig") or ():
        _download_channel(host, storage, channel)
        channels[channel["ChannelName"]] = _described(channel, algorithm)
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        _restore_checkpoints(host, storage, checkpoints)
    host.write("/opt/ml/input/config/hyperparameters.json", parameters)
    host.write("/opt/ml/input/config/inputdataconfig.json", channels)
    host.write("/opt/ml/input/config/resourceconfig.json", host.resources())
    environment = {
        **(request.get("Environment") or {}),
        "TRAINING_JOB_NAME": host.job.name,
        "TRAINING_JOB_ARN": host.job.arn,
    }
    if algorithm.get("ContainerEntrypoint") or "sagemaker_program" not in parameters:
        words = [*(algorithm.get("ContainerEntrypoint") or ()), *(algorithm.get("ContainerArguments") or ())]
        return Container(words if algorithm.get("ContainerEntrypoint") else [], "/", environment)
    return _script_mode(host, storage, toolkit.decode(parameters), channels, environment)


def _script_mode(
    host: Host, storage: Storage, parameters: dict[str, Any], channels: dict[str, Any], environment: dict[str, str]
) -> Container:
    source = parameters.get("sagemaker_submit_directory")
    if not source or not str(source).startswith("s3://"):
        raise CannotStartError(
            "ClientError: the hyperparameter sagemaker_program needs sagemaker_submit_directory, the S3 URI of a "
            f"tar.gz with the script; it is {source!r}"
        )
    toolkit.unpack(storage, str(source), host.shown.real(toolkit.CODE))
    program = str(parameters["sagemaker_program"])
    if not host.shown.real(f"{toolkit.CODE}/{program}").exists():
        raise CannotStartError(
            f"AlgorithmError: the script {program} (sagemaker_program) is not in {source}, exit code: 1"
        )
    words = toolkit.command(parameters)
    variables = toolkit.environment(parameters, channels, host.resources(), host.job.name)
    return Container(
        words,
        toolkit.CODE,
        {**environment, **variables},
        failure=lambda code, output: toolkit.failure(code, output, words),
    )


def _download_channel(host: Host, storage: Storage, channel: dict[str, Any]) -> None:
    name, source = channel["ChannelName"], channel.get("DataSource", {}).get("S3DataSource")
    if not source:
        raise CannotStartError(f"ClientError: channel {name}: only S3DataSource is available here")
    directory = host.shown.real(f"/opt/ml/input/data/{name}")
    sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
    shard = (host.index, host.count) if sharded else (0, 1)
    if source["S3DataType"] == "S3Prefix":
        storage.download(source["S3Uri"], directory, shard)
    elif source["S3DataType"] == "ManifestFile":
        storage.download_manifest(source["S3Uri"], directory, shard)
    else:
        raise CannotStartError(f"ClientError: channel {name}: S3DataType {source['S3DataType']} is not available here")


def _described(channel: dict[str, Any], algorithm: dict[str, Any]) -> dict[str, Any]:
    source = channel["DataSource"]["S3DataSource"]
    content = {"ContentType": channel["ContentType"]} if "ContentType" in channel else {}
    return {
        **content,
        "TrainingInputMode": channel.get("InputMode") or algorithm.get("TrainingInputMode", "File"),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }


def _restore_checkpoints(host: Host, storage: Storage, checkpoints: dict[str, Any]) -> None:
    directory = host.shown.real(checkpoints.get("LocalPath", "/opt/ml/checkpoints"))
    directory.mkdir(parents=True, exist_ok=True)
    storage.download_if_any(checkpoints["S3Uri"], directory)


def _processing(host: Host, storage: Storage) -> Container:
    request = host.job.request
    host.make("/opt/ml/config", "/opt/ml/output", "/opt/ml/processing")
    for each in request.get("ProcessingInputs") or ():
        _download_input(host, storage, each)
    for output in outputs(host.job):
        host.make(output["LocalPath"])
    host.write(
        "/opt/ml/config/processingjobconfig.json",
        {"ProcessingJobArn": host.job.arn, **{k: v for k, v in request.items() if k != "Tags"}},
    )
    host.write("/opt/ml/config/resourceconfig.json", host.resources())
    application = request["AppSpecification"]
    entrypoint = application.get("ContainerEntrypoint") or []
    words = [*entrypoint, *(application.get("ContainerArguments") or ())] if entrypoint else []
    environment = {
        **(request.get("Environment") or {}),
        "PROCESSING_JOB_NAME": host.job.name,
        "PROCESSING_JOB_ARN": host.job.arn,
    }
    return Container(words, "/", environment)


def _download_input(host: Host, storage: Storage, each: dict[str, Any]) -> None:
    source = each.get("S3Input")
    if not source:
        raise CannotStartError(f"ClientError: input {each['InputName']}: only S3Input is available here")
    path = source.get("LocalPath") or ""
    if not path.startswith("/opt/ml/processing"):
        raise CannotStartError(
            f"ClientError: input {each['InputName']}: LocalPath {path!r} must be below /opt/ml/processing"
        )
    sharded = source.get("S3DataDistributionType") == "ShardedByS3Key"
    shard = (host.index, host.count) if sharded else (0, 1)
    if source.get("S3DataType") == "ManifestFile":
        storage.download_manifest(source["S3Uri"], host.shown.real(path), shard)
    else:
        storage.download(source["S3Uri"], host.shown.real(path), shard)


def outputs(job: Job) -> list[dict[str, Any]]:
    """The S3 outputs of a processing job."""
    configured = (job.request.get("ProcessingOutputConfig") or {}).get("Outputs") or ()
    return [output["S3Output"] for output in configured if "S3Output" in output]


def message(path: Path, limit: int = 1024) -> str:
    """The text that a container left in a file, cut as SageMaker cuts it; empty when there is none."""
    return path.read_text(errors="replace")[:limit].strip() if path.is_file() else ""
