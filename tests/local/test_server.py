"""Starting and stopping the server: ports, options, parents, and moto as it must be."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_sfn_ml.local import LocalAws, LocalAwsError
from airflow_sfn_ml.local.patching import MotoChangedError, Patches, _owner, check_version, original
from airflow_sfn_ml.local.server import bind

COMMAND = [sys.executable, "-m", "airflow_sfn_ml.local"]
SHAPES = Path(__file__).with_name("moto_shapes.json")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_health_is_answered(local_aws: LocalAws) -> None:
    with urllib.request.urlopen(f"{local_aws.url}/_health") as answer:
        assert answer.status == 200


def test_a_port_that_is_taken_is_said_and_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("--port", str(port))
        with pytest.raises(LocalAwsError, match="did not start"):
            LocalAws(port=port).start()
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stdout == ""


def test_nobody_is_let_in_before_the_server_can_answer() -> None:
    with bind("127.0.0.1", 0) as bound:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(bound.getsockname())
        bound.listen()
        socket.create_connection(bound.getsockname()).close()


def test_an_interpreter_that_is_not_there_is_said() -> None:
    ended = run("--image", "mine=/no/such/python")
    assert ended.returncode == 1
    assert "image mine=/no/such/python: there is no such interpreter" in ended.stderr
    assert run("--image", "mine").returncode == 2


def test_the_environment_points_any_client_at_the_server(local_aws: LocalAws) -> None:
    code = "import boto3; print(len(boto3.client('stepfunctions').list_state_machines()['stateMachines']) >= 0)"
    environment = {"PATH": os.environ["PATH"], **local_aws.env()}
    printed = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert printed.stdout == "True\n"


def test_it_has_no_url_before_the_start() -> None:
    with pytest.raises(LocalAwsError, match="not running"):
        _ = LocalAws().url


def test_sigterm_ends_the_server_and_its_temporary_data() -> None:
    aws = LocalAws()
    aws.start()
    pid = aws.pid
    assert pid is not None
    assert aws.data_dir.is_dir()
    aws.stop()
    assert not Path(f"/proc/{pid}").exists()
    assert not aws.data_dir.exists()
    assert aws.pid is None


def test_the_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from airflow_sfn_ml.local import LocalAws; aws = LocalAws(); aws.start(); "
        "print(aws.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and not _is_zombie(pid):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


@pytest.mark.parametrize("version", ["5.2.4", "5.3.0", "6.0.0", "4.2.14"])
def test_another_moto_is_refused(version: str) -> None:
    with pytest.raises(MotoChangedError, match=f"moto {version} is installed"):
        check_version(version)


def test_the_motos_that_are_known_are_accepted() -> None:
    for version in ("5.2.5", "5.2.6", "5.2.99"):
        check_version(version)


@pytest.mark.parametrize(
    ("module", "name", "parameters", "problem"),
    [
        ("responses", "StepFunctionResponse.gone", ("self",), "has no moto.stepfunctions.responses.StepFunctionRes"),
        ("gone", "anything", (), "has no moto.stepfunctions.gone.anything any more"),
        ("responses", "StepFunctionResponse.start_execution", ("self", "more"), r"takes \('self',\), not \('self', 'm"),
        ("responses", "StepFunctionResponse.stepfunction_backend", ("self",), "is not a function any more"),
    ],
)
def test_a_patch_point_that_moto_changed_is_named(
    module: str, name: str, parameters: tuple[str, ...], problem: str
) -> None:
    patches = Patches("moto.stepfunctions")
    patches.replaces(module, name, *parameters)(lambda: None)
    with pytest.raises(MotoChangedError, match=problem):
        patches.apply()


def extended() -> Iterator[Patches]:
    """Everything that changes moto."""
    from airflow_sfn_ml.local.jobs.engine import JobEngine
    from airflow_sfn_ml.local.jobs.images import Images
    from airflow_sfn_ml.local.jobs.runner import Settings
    from airflow_sfn_ml.local.sagemaker.api import JobApi, patches_for
    from airflow_sfn_ml.local.server import all_patches
    from airflow_sfn_ml.local.stepfunctions.clients import Clients

    client = Clients("http://127.0.0.1:1", ("a", "b"))
    api = JobApi(JobEngine(Settings(Path(), Images(), mount=False), client))
    assert patches_for(api).points
    yield from all_patches(api, client, {})


def points() -> Iterator[Any]:
    """Every function of moto that is replaced."""
    for patches in extended():
        yield from patches.points


def shape(point: Any) -> str:
    found = original(point)
    function = found.__func__ if isinstance(found, staticmethod) else found
    return hashlib.sha256(inspect.getsource(function).encode()).hexdigest()[:16]


def test_what_is_replaced_in_moto_is_what_was_read() -> None:
    """Fails when moto changes the text of a function that is replaced: read it again, then record its new shape.

    python -m tests.local.test_server records the shapes of the installed moto.
    """
    found = {point.label: shape(point) for point in points()}
    recorded = json.loads(SHAPES.read_text())
    changed = sorted(label for label in found.keys() | recorded.keys() if found.get(label) != recorded.get(label))
    assert not changed, f"moto {importlib.import_module('moto').__version__} changed {changed}"


def test_what_is_added_to_moto_is_still_missing_there() -> None:
    """Fails when moto brings a call of its own: read it, and perhaps drop ours."""
    additions = [addition for patches in extended() for addition in patches.additions]
    assert len(additions) == 11
    for addition in additions:
        owner, name = _owner(addition.module, addition.name)
        assert not hasattr(owner, name), name


if __name__ == "__main__":
    SHAPES.write_text(json.dumps({point.label: shape(point) for point in points()}, indent=1, sort_keys=True) + "\n")
