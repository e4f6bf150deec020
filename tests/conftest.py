"""Every test runs with an Airflow home of its own, and against the embedded AWS where it needs one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

# Airflow reads its home when it is imported, and a test run must neither use nor change the user's.
_HOME = tempfile.TemporaryDirectory(prefix="airflow-home-")
os.environ["AIRFLOW_HOME"] = _HOME.name
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "false"

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws


@pytest.fixture(scope="session")
def local_aws() -> Iterator[LocalAws]:
    """One embedded AWS for the whole run; tests keep out of each other's way by their names."""
    from airflow_sfn_ml.local import LocalAws

    with LocalAws() as aws:
        yield aws


def pytest_unconfigure() -> None:
    """Remove Airflow's home."""
    _HOME.cleanup()
