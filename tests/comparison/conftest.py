"""A real Airflow with the Dags of the comparison."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.comparison.cases import CASES

PER_FILE = 12
FILE = """
from airflow.sdk import DAG
from tests.comparison import cases, making

for case in list(cases.CASES.values())[{first}:{last}]:
    for make in (making.plain, making.group):
        dag = make(case)
        globals()[dag.dag_id] = dag
"""
SETTINGS = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "300",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "300",
}


@pytest.fixture(scope="session")
def comparing_airflow(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An Airflow that knows every case, as a plain Dag and as a group."""
    from demo.stack import AirflowStack

    dags = tmp_path_factory.mktemp("dags")
    for first in range(0, len(CASES), PER_FILE):
        (dags / f"cases_{first}.py").write_text(FILE.format(first=first, last=first + PER_FILE))
    home = tmp_path_factory.mktemp("airflow")
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=120"}
    with AirflowStack(home, dags, local_aws, {**SETTINGS, **database}) as stack:
        yield stack
