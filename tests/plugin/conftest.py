"""An Airflow with an api-server and nothing else, with users who may see different things."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from demo.stack import AirflowStack
from tests.plugin.dags.tab import MACHINE, ROLE

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws

ROOT = Path(__file__).resolve().parents[2]
USERS = {"admin": "admin", "viewer": "viewer", "nobody": ""}
PASSWORD = "s3cret-of-the-test"
FAILED = ("FAILED", "SUCCEEDED")


class Tab:
    """The tab as a browser reaches it, and what is needed to fill it."""

    def __init__(self, stack: AirflowStack) -> None:
        self.stack = stack
        self.url = stack.url
        self.tokens = {user: self._token(user) for user in USERS}

    def get(self, path: str, user: str | None = "viewer", cookie: bool = False, **query: Any) -> httpx.Response:
        """What the application answers to *user*."""
        token = self.tokens.get(user or "")
        headers = {"Authorization": f"Bearer {token}"} if token and not cookie else {}
        cookies = {"_token": token} if token and cookie else {}
        return httpx.get(
            f"{self.url}/sfn-ml/{path}", params=query, headers=headers, cookies=cookies, timeout=60, trust_env=False
        )

    def snapshot(self, dag_id: str, run_id: str, **query: Any) -> dict[str, Any]:
        """The snapshot as ``viewer`` gets it."""
        answer = self.get("snapshot", dag_id=dag_id, run_id=run_id, **query)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def run(self, dag_id: str, arn: str | None = None, generation: int = 0) -> str:
        """A run of *dag_id* whose start task told of the execution *arn*."""
        body = {"dag_run_id": f"run-{uuid.uuid4().hex[:8]}", "logical_date": None}
        run_id = str(self.stack.api.post(f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])
        if arn is not None:
            told = {"execution_arn": arn, "generation": generation}
            entries = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/g.start/xcomEntries"
            self.stack.api.post(entries, {"key": "return_value", "value": told, "map_index": -1})
        return run_id

    def execute(self, document: dict[str, Any], name: str | None = None) -> str:
        """Run the machine to its end, and return the execution's ARN."""
        client = self.stack.aws.client("stepfunctions")
        machine = client.create_state_machine(name="tab-g", definition=json.dumps(MACHINE), roleArn=ROLE)
        arn = str(
            client.start_execution(
                stateMachineArn=machine["stateMachineArn"],
                name=name or f"e-{uuid.uuid4().hex[:8]}",
                input=json.dumps(document),
            )["executionArn"]
        )
        self.stack.until(
            lambda: client.describe_execution(executionArn=arn)["status"] in FAILED, 60, "the execution did not end"
        )
        return arn

    def _token(self, user: str) -> str:
        body = {"username": user, "password": PASSWORD}
        answer = httpx.post(f"{self.url}/auth/token", json=body, timeout=60, trust_env=False)
        assert answer.is_success, answer.text
        return str(answer.json()["access_token"])


@pytest.fixture(scope="session")
def tab(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    """An api-server with the tab."""
    home = tmp_path_factory.mktemp("tab")
    nowhere = {"conn_type": "aws", "login": "x", "password": "x", "extra": {"endpoint_url": "http://127.0.0.1:9"}}
    nowhere["extra"]["region_name"] = "us-east-1"
    stack = AirflowStack(
        home,
        Path(__file__).with_name("dags"),
        local_aws,
        {
            "AIRFLOW__CORE__AUTH_MANAGER": "tests.plugin.auth.TeamAuthManager",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:{role}" for user, role in USERS.items()),
            "AIRFLOW_CONN_NOWHERE": json.dumps(nowhere),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        },
    )
    stack.password = PASSWORD
    stack.api = type(stack.api)(stack.url, stack.username, PASSWORD)
    _install_plugin(home)
    passwords = home / "passwords.json"
    passwords.touch(0o600)
    passwords.write_text(json.dumps(dict.fromkeys(USERS, PASSWORD)))
    stack.logs.mkdir()
    stack.run_cli(["db", "migrate"])
    stack.run_cli(["dags", "reserialize"])
    server = stack.servers["api-server"]
    try:
        server.start()
        stack.servers = {"api-server": server}
        stack.until(lambda: _answers(stack.url), 120, "the api-server did not come up")
        yield Tab(stack)
    finally:
        stack.stop()


def _install_plugin(home: Path) -> None:
    """What the entry point does where the project is installed."""
    if not any(point.value.startswith("airflow_sfn_ml.") for point in entry_points(group="airflow.plugins")):
        (home / "plugins").mkdir()
        (home / "plugins" / "tab.py").write_text("from airflow_sfn_ml.plugin import StateMachinePlugin\n")


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/monitor/health", trust_env=False).is_success
    except httpx.TransportError:
        return False
