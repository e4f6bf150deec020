"""The containers of a model as processes: what they find when they start, and how requests go through them.

https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-batch-code.html. An image's `serve` is not here, so one
of these takes its place: the user's script with the functions of the inference toolkit (`SAGEMAKER_PROGRAM` and
`SAGEMAKER_SUBMIT_DIRECTORY`, or `code/inference.py` in the model's archive), or a program `serve` beside the
interpreter that stands for the image, as in an environment of one's own. It must listen on `SAGEMAKER_BIND_TO_PORT`:
here no container has port 8080 for itself.
"""

from __future__ import annotations

import http.client
import socket
import tarfile
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_sfn_ml.local.jobs import toolkit
from airflow_sfn_ml.local.jobs.container import CannotStartError
from airflow_sfn_ml.local.jobs.contract import Container, Host
from airflow_sfn_ml.local.jobs.process import Process
from airflow_sfn_ml.local.jobs.storage import Storage

MODEL = "/opt/ml/model"
SERVING = Path(__file__).with_name("serving.py")
_STARTING_SECONDS = 240
_PING_SECONDS = 0.05


@dataclass(frozen=True)
class Answer:
    """What a container answered."""

    status: int
    body: bytes
    kind: str | None


@dataclass(frozen=True)
class Server:
    """A running container, which listens on a port."""

    port: int
    process: Process

    def wait_until_ready(self) -> None:
        """Wait until it answers /ping with 200; raises CannotStartError."""
        deadline = time.monotonic() + _STARTING_SECONDS
        while time.monotonic() < deadline:
            if self.process.ended:
                raise CannotStartError("AlgorithmError: See job logs for more information")
            if self._pinged():
                return
            time.sleep(_PING_SECONDS)
        raise CannotStartError(
            "ClientError: the primary container did not pass the ping health check in time; see job logs"
        )

    def _pinged(self) -> bool:
        try:
            return self.call("GET", "/ping", b"", {}, 2).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def call(self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> Answer:
        """One request; raises OSError and HTTPException."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)
        try:
            connection.request(method, path, body or None, dict(headers))
            answer = connection.getresponse()
            return Answer(answer.status, answer.read(), answer.getheader("Content-Type"))
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return int(any_socket.getsockname()[1])


def prepare(
    host: Host, storage: Storage, definition: Mapping[str, Any], environment: Mapping[str, str], port: int, python: str
) -> Container:
    """Fill the host's /opt/ml with the model; raises NoDataError and CannotStartError."""
    host.make(MODEL, toolkit.CODE)
    _download(storage, definition, host.shown.real(MODEL))
    variables = {**(definition.get("Environment") or {}), **environment, "SAGEMAKER_BIND_TO_PORT": str(port)}
    code, program = _script(host, storage, variables)
    if program:
        command = ["python", str(SERVING), MODEL, code, program, str(port)]
        return Container(command, code, {**variables, "PYTHONPATH": code})
    serve = Path(python).with_name("serve")
    if serve.is_file():
        return Container([str(serve), "serve"], "/", variables)
    raise CannotStartError(
        f"ClientError: the entrypoint of the image {definition.get('Image')} is not available here; give the model "
        "SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY, or code/inference.py in its archive, or put a program "
        f"`serve` beside {python}"
    )


def _script(host: Host, storage: Storage, variables: Mapping[str, str]) -> tuple[str, str | None]:
    """The folder and the name of the user's script, if the model has one."""
    program, source = variables.get("SAGEMAKER_PROGRAM"), variables.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
    if program is None:
        packed = host.shown.real(f"{MODEL}/code/inference.py").is_file()
        return f"{MODEL}/code", "inference.py" if packed else None
    code = toolkit.CODE
    if source.startswith("s3://"):
        toolkit.unpack(storage, source, host.shown.real(code))
    else:
        code = source if source.startswith(MODEL) else f"{MODEL}/code"
    if not host.shown.real(f"{code}/{program}").is_file():
        raise CannotStartError(f"AlgorithmError: the script {program} (SAGEMAKER_PROGRAM) is not in {source or code}")
    return code, program


def _download(storage: Storage, definition: Mapping[str, Any], directory: Path) -> None:
    source = (definition.get("ModelDataSource") or {}).get("S3DataSource") or {}
    uri = definition.get("ModelDataUrl") or source.get("S3Uri")
    if not uri:
        return
    if source.get("CompressionType") == "None":
        storage.download(uri, directory)
        return
    with tempfile.TemporaryDirectory() as temporary:
        storage.download(uri, Path(temporary))
        for archive in Path(temporary).iterdir():
            try:
                with tarfile.open(archive) as tar:
                    tar.extractall(directory, filter="data")
            except tarfile.TarError as error:
                raise CannotStartError(f"ClientError: the model {uri} is not a tar.gz: {error}") from error
