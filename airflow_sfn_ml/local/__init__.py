"""The embedded AWS: moto's server with Step Functions extended and SageMaker jobs run as processes; no Airflow inside.

    python -m airflow_sfn_ml.local

or, from Python, as a child process that ends with this one:

    with LocalAws() as aws:
        aws.client("s3").create_bucket(Bucket="data")
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from airflow_sfn_ml.local.errors import LocalAwsError

__all__ = ["LocalAws", "LocalAwsError"]


class LocalAws:
    """The embedded AWS in a child process on a free port.

    :param data_dir: where job folders and logs are kept; a temporary directory by default.
    :param images: the interpreter for each image, by repository name or URI, wildcards allowed.
    :param port: the port; 0 takes a free one.
    :param opt_ml: "auto", "mount" or "rewrite": how jobs see /opt/ml.
    :param grace_seconds: between SIGTERM and SIGKILL when a job is stopped.
    :param faults: what goes wrong from the start, as `--faults` takes it.
    """

    def __init__(
        self,
        data_dir: str | os.PathLike[str] | None = None,
        images: Mapping[str, str] | None = None,
        *,
        port: int = 0,
        opt_ml: str = "auto",
        grace_seconds: float = 120,
        faults: str = "",
    ) -> None:
        options = ["--port", str(port), "--opt-ml", opt_ml, "--grace-seconds", str(grace_seconds)]
        options += ["--faults", faults]
        if data_dir is not None:
            options += ["--data-dir", os.fspath(data_dir)]
        for repository, python in (images or {}).items():
            options += ["--image", f"{repository}={python}"]
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        self._url = ""
        self._data_dir = Path()

    def __enter__(self) -> LocalAws:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        if not self._url:
            raise LocalAwsError("the embedded AWS is not running; call start(), or use it in a with statement")
        return self._url

    @property
    def data_dir(self) -> Path:
        """Where the folders and logs of its jobs are."""
        return self._data_dir

    @property
    def pid(self) -> int | None:
        """The process id of the server."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the server and wait until it answers; raises LocalAwsError with what it wrote when it does not."""
        command = [sys.executable, "-m", "airflow_sfn_ml.local", *self._options, "--parent", str(os.getpid())]
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(part for part in (root, os.environ.get("PYTHONPATH")) if part)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("http"):
            code = self._process.wait()
            self._process.stdout.close()
            self._process = None
            raise LocalAwsError(f"the embedded AWS did not start (exit status {code}); what it wrote is above")
        self._url, _, rest = line.partition("  (data in ")
        self._data_dir = Path(rest.partition("; ctrl-C")[0])

    def stop(self) -> None:
        """Stop the server and every job of it."""
        process, self._process, self._url = self._process, None, ""
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()

    def faults(self, text: str = "") -> None:
        """Let what *text* says go wrong from now on (`throttle=0.5,lag=3s`); nothing, when it is empty.

        :raises LocalAwsError: it makes no sense.
        """
        self._ask_faults(urllib.request.Request(f"{self.url}/_faults", text.encode(), method="PUT"))

    def disturbed(self) -> dict[str, dict[str, int]]:
        """How often calls went wrong since `faults` was last called: by kind ("throttle") and action."""
        done: dict[str, dict[str, int]] = self._ask_faults(urllib.request.Request(f"{self.url}/_faults"))["done"]
        return done

    def _ask_faults(self, request: urllib.request.Request) -> dict[str, Any]:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(request) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                raise LocalAwsError(json.load(error)["message"]) from error

    def env(self) -> dict[str, str]:
        """The AWS_* variables that point any AWS client of a process at this server."""
        from airflow_sfn_ml.local.server import environment

        return environment(self.url)

    def client(self, service: str, region: str = "us-east-1") -> Any:
        """A boto3 client of `service`."""
        import boto3

        variables = self.env()
        return boto3.session.Session().client(
            service,
            region_name=region,
            endpoint_url=self.url,
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        )
