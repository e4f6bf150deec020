"""`local`: the embedded AWS as a command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("output", ["table", "json"])
def test_the_embedded_aws_answers_where_it_says_and_ends_when_told(output):
    command = [sys.executable, "-m", "airflow_sfn_ml", "local", "-o", output]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if output == "json":
                while not line.endswith("\n}\n"):
                    line += server.stdout.readline()
                url = json.loads(line)["environment"]["AWS_ENDPOINT_URL"]
            else:
                url = line.partition("  ")[0]
            with urllib.request.urlopen(f"{url}/_health", timeout=10) as answer:
                assert answer.status == 200
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=30) == 0
