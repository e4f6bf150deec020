"""Cases on a real Airflow: scheduler, triggerer, workers, and the embedded AWS."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import pytest

from tests.comparison.cases import CASES, Case, dag_id
from tests.comparison.conftest import GROUPS, PLAIN
from tests.comparison.executions import below
from tests.comparison.scheduler import scheduled
from tests.comparison.test_states import as_told

pytestmark = [pytest.mark.integration, pytest.mark.thorough]
AT_ONCE = 6
"""How many Dag runs are under way at the same time."""


def ran(stack: Any, dag_ids: list[str], seconds: float) -> dict[str, dict[str, str]]:
    """The states of all tasks of one run of each Dag, and under ``""`` that of the run.

    Not all at once: SQLite takes one writer at a time, and with many the api-server does not answer any more.
    """
    deadline, found = time.monotonic() + seconds, {}
    for first in range(0, len(dag_ids), AT_ONCE):
        some = dag_ids[first : first + AT_ONCE]
        runs = {name: stack.api.post(f"/dags/{name}/dagRuns", {"logical_date": None})["dag_run_id"] for name in some}
        for name, run in runs.items():
            state = stack.wait(name, run, max(1.0, deadline - time.monotonic()))
            found[name] = {**{ti["task_id"]: ti["state"] for ti in stack.task_instances(name, run)}, "": state}
    return found


def told(cases: Iterable[Case]) -> dict[str, dict[str, str]]:
    """The states of plain tasks, by Airflow's own code."""
    return scheduled("plain", {case.name: as_told(case) for case in cases})["all"]


def compared(stack: Any, names: list[str], seconds: float) -> list[str]:
    """What of the groups *names* ends otherwise than plain tasks do."""
    expected = told(CASES[name] for name in names)
    found = ran(stack, [dag_id(CASES[name], "group") for name in names], seconds)
    differences = []
    for name in names:
        states = below(CASES[name], found[dag_id(CASES[name], "group")])
        if states != expected[name]:
            differences.append(f"{name}: {states}, and without the group {expected[name]}")
    return differences


def test_groups_on_a_real_airflow_end_as_plain_tasks_do(comparing_airflow: Any):
    assert len(GROUPS) >= 6
    assert compared(comparing_airflow, GROUPS, 600) == []


def test_plain_dags_on_a_real_airflow_end_as_its_code_says(comparing_airflow: Any):
    expected = told(CASES[name] for name in PLAIN)
    found = ran(comparing_airflow, [dag_id(CASES[name], "plain") for name in PLAIN], 600)
    assert {name: found[dag_id(CASES[name], "plain")] for name in PLAIN} == expected


@pytest.mark.thorough
def test_every_group_on_a_real_airflow_ends_as_plain_tasks_do(thorough_airflow: Any):
    assert compared(thorough_airflow, list(CASES), 1500) == []
