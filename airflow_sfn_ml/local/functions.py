"""Lambda functions in Python run as processes, with this interpreter; moto itself would want Docker for them.

A function gets its code in a folder of its own, its environment, the embedded AWS behind boto3, and the event; its time
limit holds. What it prints is its log. Other runtimes are refused in the words of Lambda's own errors.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.local.patching import Patches

BOOT = """
import importlib, json, sys, traceback
module, _, name = sys.argv[1].rpartition(".")
event, out = json.load(sys.stdin), open(sys.argv[2], "w")
class Context:
    function_name, aws_request_id, memory_limit_in_mb = sys.argv[3], sys.argv[4], 128
    invoked_function_arn = sys.argv[5]
sys.path.insert(0, ".")
try:
    answer = getattr(importlib.import_module(module.replace("/", ".")), name)(event, Context())
    json.dump({"answer": answer}, out)
except Exception as error:
    traceback.print_exc()
    told = traceback.format_tb(error.__traceback__)
    failure = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": told}
    json.dump({"failure": failure}, out)
"""


def patches_for(environment: Mapping[str, str]) -> Patches:
    """What lets moto's Lambda run functions here; *environment* points them at the embedded AWS."""
    patches = Patches("moto.awslambda")

    @patches.replaces("models", "LambdaFunction._invoke_lambda", "self", "event")
    def _invoke_lambda(self: Any, event: Any = None) -> tuple[str, bool, str]:
        answer, failed, log = run(self, {} if event is None else event, environment)
        self.logs_backend.ensure_log_group(self.logs_group_name)
        self.save_logs(log)
        return json.dumps(answer), failed, log

    return patches


def run(function: Any, event: Any, environment: Mapping[str, str]) -> tuple[Any, bool, str]:
    """What *function* answers to *event*, whether it failed, and its log."""
    runtime = str(function.run_time)
    if not runtime.startswith("python"):
        return _failure("Runtime.NotSupported", f"the embedded AWS runs Python functions only, not {runtime}"), True, ""
    with tempfile.TemporaryDirectory(prefix="airflow-sfn-ml-function-") as folder:
        with zipfile.ZipFile(io.BytesIO(function.code_bytes)) as code:
            code.extractall(folder)
        answer = os.path.join(folder, ".answer.json")
        request_id = os.urandom(8).hex()
        names = (function.handler, answer, function.function_name, request_id, function.function_arn)
        try:
            done = subprocess.run(
                [sys.executable, "-c", BOOT, *names],
                cwd=folder,
                env={**_plain(), **environment, **function.environment_vars},
                input=json.dumps(event),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=int(function.timeout),
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            printed = late.stdout  # bytes, whatever the call asked for: CPython decodes only what came to its end
            told = printed.decode(errors="replace") if isinstance(printed, bytes) else ""
            message = f"{request_id} Task timed out after {function.timeout}.00 seconds"
            return _failure("Sandbox.Timedout", message), True, told
        if not os.path.exists(answer) or not os.path.getsize(answer):
            return _failure("Runtime.ExitError", f"the function ended with status {done.returncode}"), True, done.stdout
        with open(answer) as file:
            told = json.load(file)
    return told.get("failure", told.get("answer")), "failure" in told, done.stdout


def _plain() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}


def _failure(kind: str, message: str) -> dict[str, str]:
    return {"errorType": kind, "errorMessage": message}
