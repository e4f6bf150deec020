"""A real Airflow with Dags of the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.comparison.cases import CASES

GROUPS = list(CASES)[::19]
"""Run as groups on a real Airflow in every test run; ``-m thorough`` runs all."""
PLAIN = list(CASES)[::44]
"""Run as plain Dags on a real Airflow, to show that `scheduled` tells what a real scheduler does."""
PER_FILE = 10
FILE = """
from airflow.sdk import DAG
from tests.comparison import cases, making

for name in {names!r}:
    dag = making.{kind}(cases.CASES[name])
    globals()[dag.dag_id] = dag
"""
SETTINGS = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "false",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": "300",
    "AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP": "300",
}


@pytest.fixture(scope="module")
def comparing_airflow(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An Airflow that knows some cases as plain Dags and some as groups."""
    with _airflow(local_aws, tmp_path_factory, plain=PLAIN, group=GROUPS) as stack:
        yield stack


@pytest.fixture(scope="module")
def thorough_airflow(local_aws: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An Airflow that knows every case as a group."""
    with _airflow(local_aws, tmp_path_factory, group=list(CASES)) as stack:
        yield stack


@contextmanager
def _airflow(aws: Any, folders: pytest.TempPathFactory, **kinds: Sequence[str]) -> Iterator[Any]:
    from demo.stack import AirflowStack

    dags, home = folders.mktemp("dags"), folders.mktemp("airflow")
    for kind, names in kinds.items():
        for number in range(0, len(names), PER_FILE):
            some = names[number : number + PER_FILE]
            (dags / f"{kind}_{number}.py").write_text(FILE.format(names=some, kind=kind))
    # SQLite takes one writer at a time, and many runs begin at once.
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=120"}
    with AirflowStack(home, dags, aws, {**SETTINGS, **database}) as stack:
        count = sum(map(len, kinds.values()))
        stack.until(lambda: stack.api.get("/dags", limit=1)["total_entries"] == count, 300, "the Dags were not read")
        yield stack
