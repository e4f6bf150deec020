"""A batch transform job: start the model's containers, send them the input piece by piece, store what they answer.

https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform.html. Each object `x` of the input gives one object
`x.out` of the output. One process stands for all instances.
"""

from __future__ import annotations

import gzip
import http.client
import json
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local.jobs import model
from airflow_sfn_ml.local.jobs.batches import UnreadableRecordsError, assemble, requests
from airflow_sfn_ml.local.jobs.container import CannotStartError
from airflow_sfn_ml.local.jobs.contract import Host
from airflow_sfn_ml.local.jobs.filters import DataProcessing
from airflow_sfn_ml.local.jobs.logs import LogStream
from airflow_sfn_ml.local.jobs.model import Server
from airflow_sfn_ml.local.jobs.present import Presentation
from airflow_sfn_ml.local.jobs.process import Process
from airflow_sfn_ml.local.jobs.runner import Runner

_STRATEGIES = {"MULTI_RECORD": "MultiRecord", "SINGLE_RECORD": "SingleRecord"}


class InvocationError(Exception):
    """A container did not answer a request well; the message is the job's FailureReason."""


@dataclass(frozen=True)
class Plan:
    """How requests are made, from the job's request and from what its container asks for."""

    concurrent: int
    megabytes: int
    strategy: str
    timeout: int
    retries: int

    @classmethod
    def of(cls, request: dict[str, Any], wishes: dict[str, Any]) -> Plan:
        """The job's own settings go first, then those of GET /execution-parameters, then SageMaker's defaults."""
        strategy = request.get("BatchStrategy") or _STRATEGIES.get(wishes.get("BatchStrategy", ""), "MultiRecord")
        client = request.get("ModelClientConfig") or {}
        megabytes = request.get("MaxPayloadInMB", wishes.get("MaxPayloadInMB", 6))
        return cls(
            max(1, int(request.get("MaxConcurrentTransforms") or wishes.get("MaxConcurrentTransforms") or 1)),
            int(megabytes),
            strategy,
            int(client.get("InvocationsTimeoutInSeconds", 600)),
            int(client.get("InvocationsMaxRetries", 3)),
        )

    def environment(self) -> dict[str, str]:
        """What containers are told of it."""
        spelled = {value: key for key, value in _STRATEGIES.items()}
        return {
            "SAGEMAKER_BATCH": "true",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": str(self.megabytes),
            "SAGEMAKER_BATCH_STRATEGY": spelled[self.strategy],
            "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS": str(self.concurrent),
        }


class Transformer(Runner):
    """The life of one transform job."""

    def _run(self) -> None:
        began = int(time.time())
        reason = None
        try:
            self._transform(self._start(began), began)
        except (CannotStartError, InvocationError, UnreadableRecordsError) as error:
            reason = str(error)
        finally:
            self._end_and_wait()
        if self._stopping:
            self.job.finish("Stopped")
        else:
            self.job.finish("Failed" if reason else "Completed", reason)

    def _start(self, began: int) -> list[Server]:
        """Start the model's containers, one behind the other, and wait until they are ready."""
        request = self.job.request
        described = self._client("sagemaker", self.job.region).describe_model(ModelName=request["ModelName"])
        definitions = described.get("Containers") or [described["PrimaryContainer"]]
        environment = {**Plan.of(request, {}).environment(), **(request.get("Environment") or {})}
        self.job.start()
        servers = [
            self._serve(index, len(definitions), definition, environment, began)
            for index, definition in enumerate(definitions)
        ]
        for server in servers:
            server.wait_until_ready()
        return servers

    def _serve(
        self, index: int, count: int, definition: dict[str, Any], environment: dict[str, str], began: int
    ) -> Server:
        python = self._settings.images.interpreter(definition["Image"])
        root = self._folder / f"container-{index + 1}" / "ml"
        root.mkdir(parents=True)
        host = Host(self.job, index, count, Presentation(root, self._settings.mount))
        port = model.free_port()
        container = model.prepare(host, self._storage, definition, environment, port, python)
        host.shown.adapt()
        stream = self._log(host, began)
        launch = self._launch(host, container, python)
        with self._lock:
            if self._stopping:
                raise CannotStartError("stopped")
            process = Process(launch, root.parent / "launch.json", stream.write)
            self._processes.append(process)
        return Server(port, process)

    def _transform(self, servers: list[Server], began: int) -> None:
        request = self.job.request
        plan = Plan.of(request, _wishes(servers[0]))
        data_log = self._data_log(began)
        data_log.write(
            [
                f"[sagemaker logs]: MaxConcurrentTransforms={plan.concurrent}, MaxPayloadInMB={plan.megabytes}, "
                f"BatchStrategy={plan.environment()['SAGEMAKER_BATCH_STRATEGY']}"
            ]
        )
        source, output = request["TransformInput"], request["TransformOutput"]
        processing = DataProcessing.of(request)
        for name, path in self._inputs(source):
            data = _uncompressed(path, source.get("CompressionType", "None"))
            try:
                sent = processing.before(data)
                pieces = requests(sent, source.get("SplitType", "None"), plan.strategy, plan.megabytes)
                with ThreadPoolExecutor(plan.concurrent) as pool:
                    answers = list(pool.map(lambda piece: self._invoke(servers, piece, plan), pieces))
                result = processing.after(data, assemble(answers, output.get("AssembleWith", "None")))
            except (InvocationError, UnreadableRecordsError) as error:
                data_log.write([f"[sagemaker logs]: {name}: {error.__cause__ or error}"])
                raise
            self._storage.put(f"{output['S3OutputPath'].rstrip('/')}/{name}.out", result)

    def _inputs(self, source: dict[str, Any]) -> Iterator[tuple[str, Path]]:
        """The objects of the input, by the names that they have below its prefix."""
        directory = self._folder / "input"
        place = source["DataSource"]["S3DataSource"]
        if place["S3DataType"] == "ManifestFile":
            self._storage.download_manifest(place["S3Uri"], directory)
        else:
            self._storage.download(place["S3Uri"], directory)
        for path in sorted(path for path in directory.rglob("*") if path.is_file()):
            yield path.relative_to(directory).as_posix(), path

    def _invoke(self, servers: list[Server], piece: bytes, plan: Plan) -> bytes:
        """Send a request through all containers; each gets what the one before answered."""
        kind = self.job.request["TransformInput"].get("ContentType")
        accept = self.job.request["TransformOutput"].get("Accept")
        for server in servers:
            headers = {"Content-Type": kind, "Accept": accept if server is servers[-1] else None}
            given = {name: value for name, value in headers.items() if value}
            answer = _answer(server, piece, given, plan)
            piece, kind = answer.body, answer.kind
        return piece

    def _data_log(self, began: int) -> LogStream:
        name = f"{self.job.name}/algo-1-{began}/data-log"
        group = self.job.kind.log_group
        return LogStream(self._client("logs", self.job.region), group, name, self._folder / "data.log")

    def _end_and_wait(self) -> None:
        """End the containers; a job is over when they are."""
        with self._lock:
            processes = list(self._processes)
        for process in processes:
            process.stop(self._settings.grace_seconds)
        for process in processes:
            process.wait()


def _answer(server: Server, piece: bytes, headers: dict[str, str], plan: Plan) -> model.Answer:
    """The answer to one request, tried again while the container fails."""
    for attempt in range(plan.retries + 1):
        try:
            answer = server.call("POST", "/invocations", piece, headers, plan.timeout)
        except (OSError, http.client.HTTPException) as error:
            if attempt == plan.retries or server.process.ended:
                raise InvocationError("AlgorithmError: See job logs for more information") from error
            continue
        if answer.status == 200:
            return answer
        told = f"{answer.status} {answer.body[:500].decode(errors='replace')}"
        if answer.status < 500 or attempt == plan.retries:
            whose = "ClientError" if answer.status < 500 else "AlgorithmError"
            raise InvocationError(f"{whose}: See job logs for more information") from InvocationError(told)
    raise AssertionError("unreachable")


def _wishes(server: Server) -> dict[str, Any]:
    """What the container answers to GET /execution-parameters, which it need not know."""
    try:
        answer = server.call("GET", "/execution-parameters", b"", {}, 2)
        wishes = json.loads(answer.body) if answer.status == 200 else {}
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    return wishes if isinstance(wishes, dict) else {}


def _uncompressed(path: Path, compression: str) -> bytes:
    data = path.read_bytes()
    if compression != "Gzip":
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise UnreadableRecordsError(f"ClientError: {path.name} is not compressed with gzip") from error


def refused(request: dict[str, Any]) -> str | None:
    """Why a request cannot be run; None if it can."""
    kind = request["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
    if kind not in ("S3Prefix", "ManifestFile"):
        return f"the embedded AWS has no S3DataType {kind}; test this job on AWS"
    return DataProcessing.of(request).refused(request)
