"""Ten Dag runs while their Airflow and their AWS break: `benchmarks/chaos.py`, as it runs with two hundred."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.thorough]

ROOT = Path(__file__).parents[2]


def test_whatever_is_killed_every_generation_has_one_execution_and_every_run_the_right_state():
    done = subprocess.run(
        [sys.executable, "benchmarks/chaos.py", "--runs", "10", "--seed", "5", "--minutes", "5"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "10 Dag runs" in done.stdout
    assert "0 violations" in done.stdout
