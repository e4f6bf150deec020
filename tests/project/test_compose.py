"""docker-compose.yaml, as far as it can be proved without an engine."""

from __future__ import annotations

import copy
import importlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.servers import Server, free_ports
from demo.stack import AirflowStack
from tests.project.compose import problems, resolved

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yaml"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


@pytest.fixture(scope="module")
def options() -> dict[str, set[str]]:
    """The options of Airflow and of all its providers, this one among them."""
    from airflow.configuration import conf
    from airflow.providers_manager import ProvidersManager

    sections = {name: set(section["options"]) for name, section in conf.configuration_description.items()}
    for provider, section in ProvidersManager().provider_configs:
        for name, description in section.items():
            assert description["options"], provider
            sections.setdefault(name, set()).update(description["options"])
    return {name: {option.lower() for option in known} for name, known in sections.items()}


def schema_check(path: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_file_keeps_to_the_compose_specification(tmp_path: Path):
    assert schema_check(FILE).returncode == 0
    broken = tmp_path / "docker-compose.yaml"
    broken.write_text(FILE.read_text().replace("healthcheck:", "heathcheck:", 1))
    assert schema_check(broken).returncode != 0


def test_every_name_in_the_file_is_one_of_something(document: dict[str, Any], options: dict[str, set[str]]):
    assert problems(document, ROOT, options) == []


@pytest.mark.parametrize(
    ("service", "key", "value", "problem"),
    [
        ("airflow-triggerer", "depends_on", {"postgress": {"condition": "service_started"}}, "postgress, which is no"),
        ("redis", "depends_on", {"airflow-init": {"condition": "service_healthy"}}, "has no healthcheck"),
        ("redis", "depends_on", {"postgres": {"condition": "service_completed_successfully"}}, "restarted when it"),
        ("airflow-scheduler", "depends_on", {"redis": {"condition": "service_healthy"}}, "only its profile starts"),
        ("airflow-scheduler", "volumes", ["./dagz:/opt/airflow/dags"], "./dagz, which does not exist"),
        ("airflow-scheduler", "volumes", ["logs:/opt/airflow/logs"], "volume logs, which is not declared"),
        ("airflow-scheduler", "environment", {"AIRFLOW__CORE__EXECUTORS": "x"}, "is no option of Airflow"),
        ("airflow-scheduler", "environment", {"AIRFLOW__SFN_ML__POLL": "1"}, "is no option of Airflow"),
        ("airflow-scheduler", "environment", {"X": "http://airflow-api:8080/"}, "airflow-api, which is no service"),
        ("airflow-scheduler", "environment", {"X": "${SECRET}"}, "${SECRET} has no default"),
        ("airflow-apiserver", "ports", ["8080:8080"], "open to the network"),
        ("airflow-init", "build", {"context": ".", "dockerfile": "Dockerfile"}, "there is no Dockerfile"),
    ],
)
def test_a_wrong_name_is_found(
    document: dict[str, Any], options: dict[str, set[str]], service: str, key: str, value: Any, problem: str
):
    faulty = copy.deepcopy(document)
    faulty["services"][service][key] = value
    found = problems(faulty, ROOT, options)
    assert len(found) == 1
    assert problem in found[0]


def test_the_connection_to_the_embedded_aws_is_one_that_airflow_reads(document: dict[str, Any]):
    text = document["services"]["airflow-triggerer"]["environment"]["AIRFLOW_CONN_AWS_DEFAULT"]
    command = document["services"]["local-aws"]["command"]
    port = command[command.index("--port") + 1]
    assert json.loads(text)["extra"]["endpoint_url"] == f"http://local-aws:{port}"


def test_what_the_image_is_built_of_is_let_into_the_build():
    dockerfile = (ROOT / "docker/Dockerfile").read_text()
    copied = [name for line in re.findall(r"^COPY \S+ (.+) \S+$", dockerfile, re.M) for name in line.split()]
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(copied) == sorted(let_in)
    assert all((ROOT / name).exists() for name in copied)


def test_the_worker_asks_for_its_health_by_a_celery_app_that_exists(document: dict[str, Any]):
    shell = document["services"]["airflow-worker"]["healthcheck"]["test"][1]
    module, _, name = re.search(r"--app (\S+)", shell)[1].rpartition(".")  # type: ignore[index]
    assert hasattr(importlib.import_module(module), name)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:  # not listening yet, or slow while it imports
        return False


@pytest.mark.integration
def test_the_embedded_aws_starts_with_the_services_very_command_and_is_healthy(
    document: dict[str, Any], tmp_path: Path
):
    service = document["services"]["local-aws"]
    port = str(free_ports(1)[0])
    ours = {"0.0.0.0": "127.0.0.1", "5566": port, "/var/lib/airflow-sfn-ml": str(tmp_path / "data")}
    command = [ours.get(word, word) for word in [*service["entrypoint"], *service["command"]]]
    assert sum(word in ours for word in service["command"]) == len(ours)
    command[0] = sys.executable
    health = service["healthcheck"]["test"][-1].replace(":5566", f":{port}").replace("localhost", "127.0.0.1")
    server = Server(command, os.environ, tmp_path / "log", ROOT)
    server.start()
    try:
        deadline = time.monotonic() + 60
        while not answers(health):
            assert server.running, server.tail()
            assert time.monotonic() < deadline, server.tail()
            time.sleep(0.2)
    finally:
        server.stop()


@pytest.mark.integration
@pytest.mark.parametrize("service", ["airflow-scheduler", "airflow-dag-processor", "airflow-triggerer"])
def test_the_healthcheck_of_a_component_passes_on_a_running_airflow(
    document: dict[str, Any], airflow_stack: AirflowStack, service: str
):
    shell = resolved(document["services"][service]["healthcheck"]["test"][1])
    bin_folder = str(Path(sys.executable).parent)
    env = {
        **airflow_stack.env,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "HOSTNAME": socket.gethostname(),
    }
    passed = subprocess.run(["sh", "-c", shell], env=env, capture_output=True, text=True, check=False)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    elsewhere = subprocess.run(
        ["sh", "-c", shell], env={**env, "HOSTNAME": "another-host"}, capture_output=True, text=True, check=False
    )
    assert elsewhere.returncode != 0


@pytest.mark.integration
def test_the_api_servers_healthcheck_passes_on_a_running_airflow(document: dict[str, Any], airflow_stack: AirflowStack):
    url = document["services"]["airflow-apiserver"]["healthcheck"]["test"][-1]
    assert answers(url.replace("http://localhost:8080", airflow_stack.url))


def test_every_command_of_airflow_exists(document: dict[str, Any]):
    airflow = shutil.which("airflow", path=str(Path(sys.executable).parent))
    commands = {tuple(service["command"]) for service in document["services"].values() if "command" in service}
    of_airflow = sorted(command for command in commands if command[0] == "airflow")
    assert len(of_airflow) == 6
    from airflow.cli.cli_parser import get_parser

    assert airflow
    for command in of_airflow:
        get_parser().parse_args(command[1:])
