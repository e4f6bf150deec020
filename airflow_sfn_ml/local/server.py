"""Wiring: moto's server, extended, on one port, with a job engine behind it."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from airflow_sfn_ml.local.disturbing import INSIDE, SERVICE, Disturbed
from airflow_sfn_ml.local.errors import LocalAwsError
from airflow_sfn_ml.local.faults import Faults
from airflow_sfn_ml.local.patching import Patches, check_version

log = logging.getLogger(__name__)

ACCOUNT = "123456789012"
CREDENTIALS = ("testing", "testing")
REGION = "us-east-1"


@dataclass(frozen=True)
class Options:
    """How the embedded AWS is to run."""

    host: str = "127.0.0.1"
    port: int = 0
    data_dir: Path | None = None
    images: Mapping[str, str] = field(default_factory=dict)
    opt_ml: str = "auto"
    grace_seconds: float = 120
    faults: Faults = field(default_factory=Faults)


class Server:
    """The embedded AWS in this process; one per process, because moto keeps its state in modules."""

    def __init__(self, options: Options) -> None:
        self._socket = bind(options.host, options.port)
        self.port: int = self._socket.getsockname()[1]
        self.url = f"http://{options.host}:{self.port}"
        self._temporary = None if options.data_dir else tempfile.mkdtemp(prefix="airflow-sfn-ml-")
        self.data_dir = Path(options.data_dir or str(self._temporary)).absolute()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._engine, patches = _extend(self.url, self.data_dir, options)
        for each in patches:
            each.apply()
        self._server = _http_server(options, self.port, self._socket)

    def serve(self) -> None:
        """Answer until `shut_down`."""
        threading.Thread(target=self._engine.warm_up, daemon=True, name="warm-up").start()
        self._server.serve_forever()

    def shut_down(self) -> None:
        """Stop answering; may be called from a signal handler."""
        threading.Thread(target=self._server.shutdown, daemon=True).start()

    def close(self) -> None:
        """End all jobs, free the port, remove what was temporary."""
        self._engine.kill_all()
        self._server.server_close()
        if self._temporary:
            shutil.rmtree(self._temporary, ignore_errors=True)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the port but refuses connections: who asks while moto is imported need not wait for it."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise LocalAwsError(
            f"cannot listen on {host}:{port}: {error.strerror}. Is another server on that port? "
            "Choose another with --port, or --port 0 for any free one."
        ) from error
    return listener


def _extend(url: str, data_dir: Path, options: Options) -> tuple[Any, list[Patches]]:
    """Configure moto and make what it lacks; the engine and the replacements to apply."""
    import moto

    check_version(moto.__version__)
    _configure_moto()
    from airflow_sfn_ml.local import events
    from airflow_sfn_ml.local.jobs.engine import JobEngine
    from airflow_sfn_ml.local.jobs.images import Images
    from airflow_sfn_ml.local.jobs.runner import Settings
    from airflow_sfn_ml.local.sagemaker import endpoints
    from airflow_sfn_ml.local.sagemaker.api import JobApi
    from airflow_sfn_ml.local.stepfunctions import clients, executions

    client = clients.Clients(url, (INSIDE, INSIDE))
    settings = Settings(
        data_dir=data_dir,
        images=Images(options.images),
        mount=_mount(options.opt_ml, data_dir),
        grace_seconds=options.grace_seconds,
        environment=environment(url, INSIDE),
    )
    engine = JobEngine(settings, clients.Clients(url, (SERVICE, SERVICE)))
    engine.listeners.append(events.job_changed)
    executions.listeners.append(events.execution_changed)
    endpoints.listeners.append(events.endpoint_changed)
    return engine, all_patches(JobApi(engine), client, environment(url, INSIDE))


def all_patches(api: Any, client: Any, environment: Mapping[str, str]) -> list[Patches]:
    """Everything that is replaced in moto, by concern."""
    from airflow_sfn_ml.local import containers, functions, queues, remembering
    from airflow_sfn_ml.local.sagemaker import api as jobs
    from airflow_sfn_ml.local.sagemaker import endpoints
    from airflow_sfn_ml.local.stepfunctions import (
        attempts,
        branches,
        callbacks,
        clients,
        distributed,
        executions,
        jsonata,
        limits,
        machines,
        nested,
        parser,
        redrive,
        sagemaker,
        services,
        states,
        variables,
        waiting,
        worker,
    )

    modules: Iterable[Any] = (
        parser,
        waiting,
        jsonata,
        variables,
        limits,
        attempts,
        states,
        branches,
        distributed,
        worker,
        services,
        machines,
        executions,
        redrive,
        nested,
        callbacks,
    )
    return [
        *(module.patches for module in modules),
        branches.names,
        callbacks.api,
        clients.patches_for(client),
        sagemaker.patches_for(api, client),
        jobs.patches_for(api),
        endpoints.patches,
        functions.patches_for(environment),
        containers.patches,
        queues.patches,
        remembering.patches,
    ]


def _configure_moto() -> None:
    from moto.core.config import default_user_config

    os.environ.setdefault("MOTO_ACCOUNT_ID", ACCOUNT)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    import moto.sagemaker.responses
    import moto.stepfunctions.parser.models
    import moto.stepfunctions.responses  # noqa: F401


def _mount(wanted: str, data_dir: Path) -> bool:
    from airflow_sfn_ml.local.jobs.process import can_mount

    if wanted == "rewrite":
        log.warning("jobs see rewritten paths instead of /opt/ml, as configured")
        return False
    if can_mount(data_dir):
        return True
    if wanted == "mount":
        raise LocalAwsError("--opt-ml mount: this machine does not let a process have its own /opt/ml")
    log.warning(
        "this machine does not let a process have its own /opt/ml; paths in the scripts of jobs are rewritten instead, "
        "which misses paths that a program puts together from pieces"
    )
    return False


def environment(url: str, key: str = CREDENTIALS[0]) -> dict[str, str]:
    """The AWS_* variables that point a process at this server, as the owner of the access key *key*."""
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": CREDENTIALS[1],
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _http_server(options: Options, port: int, listener: socket.socket) -> Any:
    listener.listen(256)
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import make_server

    class Handler(MotoRequestHandler):
        """Keeps connections open, and its log quiet."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_request(self, code: Any = "-", size: Any = "-") -> None:
            log.debug("%s %s", getattr(self, "requestline", ""), code)

    application = _Healthy(Disturbed(DomainDispatcherApplication(create_backend_app), options.faults))
    return make_server(
        options.host, port, application, threaded=True, request_handler=Handler, fd=os.dup(listener.fileno())
    )


class _Healthy:
    """Answers /_health and /_age itself and leaves the rest to moto."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        path = environ.get("PATH_INFO")
        if path in ("/_health", "/_age"):
            if path == "/_age":
                _age(environ)
            body = b"ok\n"
            start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
            return [body]
        return self._application(environ, start_response)


def _age(environ: Mapping[str, Any]) -> None:
    """Let an execution have been started and ended some days earlier: ``/_age?execution=ARN&days=15``."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    from airflow_sfn_ml.local.stepfunctions.executions import age

    asked = parse_qs(environ.get("QUERY_STRING", ""))
    arn = asked["execution"][0]
    _, _, _, region, account, *_ = arn.split(":")
    age(stepfunctions_parser_backends[account][region], arn, float(asked["days"][0]))
