"""`local`: the embedded AWS, as a process of its own that takes the place of this one."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from airflow_sfn_ml.cli.table import FAILED
from airflow_sfn_ml.cli.writing import write_json
from airflow_sfn_ml.exceptions import SfnMlError


def local(arguments: Any) -> int:
    """Run the embedded AWS until it is told to stop.

    :raises SfnMlError: what it needs is not installed.
    """
    if importlib.util.find_spec("moto") is None:
        raise SfnMlError("the embedded AWS is not installed: pip install 'airflow-sfn-ml[local]'")
    command = _command(arguments)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(_paths())}
    if arguments.output == "table":
        sys.stdout.flush()
        os.execve(command[0], command, environment)
    return _announced(command, environment)


def _command(arguments: Any) -> list[str]:
    command = [sys.executable, "-m", "airflow_sfn_ml.local", "--host", arguments.host, "--port", str(arguments.port)]
    if arguments.data_dir:
        command += ["--data-dir", arguments.data_dir]
    if arguments.faults:
        command += ["--faults", arguments.faults]
    for image in arguments.image:
        command += ["--image", image]
    return command


def _paths() -> list[str]:
    """Where Python finds this package, and what it was told before."""
    return [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]


def _announced(command: list[str], environment: dict[str, str]) -> int:
    """Run *command* as a child that ends with this process, and write as JSON where it listens."""
    child = subprocess.Popen(
        [*command, "--parent", str(os.getpid())], env=environment, stdout=subprocess.PIPE, text=True
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: child.terminate())
    assert child.stdout is not None
    with child, child.stdout:
        url, _, _ = child.stdout.readline().partition("  (data in ")
        if not url.startswith("http"):
            return child.wait() or FAILED
        write_json({"url": url, "environment": {"AWS_ENDPOINT_URL": url, **CREDENTIALS}})
        sys.stdout.flush()
        return child.wait()


CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}
