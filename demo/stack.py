"""A real Airflow of one's own: api-server, scheduler, dag-processor and triggerer as four processes.

Everything lies in one folder and on free ports of the loopback interface, so any number of them can stand beside each
other and beside the Airflow that someone already has. The database is SQLite, the executor is LocalExecutor.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.rest import AirflowApi, log_lines
from demo.servers import Server, free_ports, stop_all

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws

COMPONENTS = ("api-server", "scheduler", "dag-processor", "triggerer")
ENDED = ("success", "failed")


class StackError(RuntimeError):
    """Airflow did not come up, or does not do what it was asked for; the message holds the logs that tell why."""


class AirflowStack:
    """Airflow in a folder, in front of an embedded AWS.

    Used as a context manager: it is up inside of the block and gone after it.

    :param home: its folder; becomes ``AIRFLOW_HOME`` and is made if it is not there.
    :param dags: the folder of Dags.
    :param aws: the embedded AWS that ``aws_default`` leads to.
    :param settings: further settings of Airflow by their environment variables.
    """

    def __init__(self, home: Path, dags: Path, aws: LocalAws, settings: Mapping[str, str] | None = None) -> None:
        self.home = home.resolve()
        self.dags = dags.resolve()
        self.aws = aws
        self.username = "admin"
        self.password = secrets.token_hex(4)
        port, *log_ports = free_ports(3)
        self.url = f"http://127.0.0.1:{port}"
        self.env = {**self._settings(port, log_ports), **(settings or {})}
        self.logs = self.home / "logs"
        self.api = AirflowApi(self.url, self.username, self.password)
        self.servers = {name: self._server(name, port) for name in COMPONENTS}

    # Up and down

    def __enter__(self) -> AirflowStack:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self, timeout: float = 180) -> None:
        """Make the database, start all components and wait until each has sent its heartbeat."""
        self.logs.mkdir(parents=True, exist_ok=True)
        passwords = self.home / "passwords.json"
        passwords.touch(0o600)
        passwords.write_text(json.dumps({self.username: self.password}))
        settings = self.home / "config" / "airflow_local_settings.py"
        settings.parent.mkdir(exist_ok=True)
        shutil.copyfile(Path(__file__).with_name("sqlite_savepoints.py"), settings)
        self.run_cli(["db", "migrate"])
        for server in self.servers.values():
            server.start()
        self.until(self.api.healthy, timeout, "Airflow did not come up")

    def stop(self) -> None:
        """Stop all components and everything that they started."""
        stop_all(list(self.servers.values()))
        self.api.close()

    def kill(self, component: str) -> None:
        """End a component as a crash would."""
        self.servers[component].kill()

    def restart(self, component: str) -> None:
        """Stop a component if it runs, and start it again."""
        self.servers[component].stop()
        self.servers[component].start()

    def run_cli(self, arguments: Sequence[str], timeout: float = 300) -> str:
        """What ``airflow ARGUMENTS`` prints."""
        done = subprocess.run(
            [sys.executable, "-m", "airflow", *arguments],
            env=self.env,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise StackError(f"airflow {' '.join(arguments)}: status {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    # Dags and their runs

    def unpause(self, dag_id: str, timeout: float = 60) -> None:
        """Let *dag_id* run, as soon as the dag-processor has read it."""
        self.until(lambda: self._read(dag_id), timeout, f"{dag_id} was not found")
        self.api.patch(f"/dags/{dag_id}", {"is_paused": False})

    def trigger(
        self,
        dag_id: str,
        conf: Mapping[str, Any] | None = None,
        logical_date: datetime | None = None,
        run_id: str | None = None,
    ) -> str:
        """Start a run of *dag_id* and return its id."""
        self.unpause(dag_id)
        body: dict[str, Any] = {
            "conf": dict(conf or {}),
            "logical_date": logical_date.isoformat() if logical_date else None,
        }
        if run_id:
            body["dag_run_id"] = run_id
        return str(self.api.post(f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The run: its state, dates and conf."""
        return dict(self.api.get(f"/dags/{dag_id}/dagRuns/{run_id}") or {})

    def runs(self, dag_id: str, run_type: str | None = None) -> list[dict[str, Any]]:
        """The runs of *dag_id*, the earliest date first."""
        found = self.api.get(f"/dags/{dag_id}/dagRuns", limit=100, order_by="run_after")["dag_runs"]
        return [run for run in found if run_type in (None, run["run_type"])]

    def wait(self, dag_id: str, run_id: str, timeout: float = 180) -> str:
        """The state in which the run ended."""
        self.until(lambda: self.run(dag_id, run_id).get("state") in ENDED, timeout, f"{dag_id} {run_id} did not end")
        return str(self.run(dag_id, run_id)["state"])

    def clear(self, dag_id: str, run_id: str, task_ids: Sequence[str], **options: Any) -> None:
        """Clear tasks of a run, whatever their state."""
        body = {"dag_run_id": run_id, "task_ids": list(task_ids), "dry_run": False, "only_failed": False, **options}
        self.api.post(f"/dags/{dag_id}/clearTaskInstances", body)

    # Tasks

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The tasks of a run with their states, dates, tries and hosts."""
        return list(self.api.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances", limit=1000)["task_instances"])

    def task_log(
        self, dag_id: str, run_id: str, task_id: str, try_number: int | None = None, map_index: int = -1
    ) -> str:
        """The log of a try of a task (the last one if none is named); empty if it has none yet."""
        task = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        if try_number is None:
            found = self.api.get(task if map_index < 0 else f"{task}/{map_index}")
            try_number = max(1, found["try_number"]) if found else 1
        answer = self.api.get(f"{task}/logs/{try_number}", full_content=True, map_index=map_index)
        return "\n".join(log_lines(answer["content"])) if answer else ""

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """What a task has pushed; None if it has pushed nothing."""
        entry = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        answer = self.api.get(entry, map_index=map_index)
        return answer["value"] if answer else None

    def patch_task(self, dag_id: str, run_id: str, task_id: str, new_state: str) -> None:
        """Mark a task as a person does in the UI."""
        self.api.patch(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}", {"new_state": new_state})

    # Waiting

    def until(self, true: Callable[[], bool], timeout: float, otherwise: str) -> None:
        """Ask *true* again and again; raise *otherwise* if a component or the time ends before it is."""
        deadline = time.monotonic() + timeout
        while not true():
            ended = [name for name, server in self.servers.items() if not server.running]
            if ended or time.monotonic() > deadline:
                why = f"{', '.join(ended)} ended" if ended else f"not within {timeout:.0f} s"
                raise StackError(f"{otherwise}: {why}\n" + "\n".join(self._reasons(ended)))
            time.sleep(0.5)

    # How it is done

    def _read(self, dag_id: str) -> bool:
        if self.api.get(f"/dags/{dag_id}") is not None:
            return True
        if problems := list(self._import_errors()):
            raise StackError(f"{dag_id} was not found\n" + "\n".join(problems))
        return False

    def _import_errors(self) -> Iterator[str]:
        for problem in self.api.get("/importErrors")["import_errors"]:
            yield f"{problem['filename']}:\n{problem['stack_trace']}"

    def _reasons(self, ended: Sequence[str]) -> Iterator[str]:
        with contextlib.suppress(Exception):  # the logs below tell more than an api-server that cannot answer
            yield from self._import_errors()
        for name in ended or COMPONENTS:
            yield f"-- {self.servers[name].log}\n{self.servers[name].tail(20)}"

    def _server(self, component: str, port: int) -> Server:
        options = {
            "api-server": ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"],
            # the log servers would listen on every interface; all logs are in one folder anyway
            "scheduler": ["--skip-serve-logs"],
            "triggerer": ["--skip-serve-logs"],
        }
        command = [sys.executable, "-m", "airflow", component, *options.get(component, [])]
        return Server(command, self.env, self.logs / f"{component}.log", self.home)

    def _settings(self, port: int, log_ports: Sequence[int]) -> dict[str, str]:
        """The environment of every component: the caller's, without what leads to another Airflow or another AWS."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))}
        extra = {"region_name": "us-east-1", "endpoint_url": self.aws.url}
        connection = {"conn_type": "aws", "login": "testing", "password": "testing", "extra": extra}
        return {
            **kept,
            **self.aws.env(),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(16),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
            "AIRFLOW__CORE__AUTH_MANAGER": (
                "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
            ),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "true",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.home / "passwords.json"),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{self.username}:admin",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            # many processes write: Python's five seconds of patience are not enough on a busy machine
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.home}/airflow.db?timeout=60",
            # unpausing a Dag starts no run that nobody asked for; backfills and runs by hand work as ever
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "false",
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(log_ports[0]),
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(log_ports[1]),
            "AIRFLOW__SFN_ML__LIMIT_INTERVAL": "8",
            "AIRFLOW__SFN_ML__POLL_LONGEST": "2",
            "AIRFLOW__SFN_ML__POLL_SHORTEST": "0.5",
            "NO_PROXY": "127.0.0.1,localhost",
        }
