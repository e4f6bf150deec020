"""Cases on a real Airflow: scheduler, triggerer, workers, and the embedded AWS. All runs are triggered at once."""

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

pytestmark = pytest.mark.integration
ENDED = ("success", "failed")


def ran(stack: Any, dag_ids: Iterable[str], seconds: float) -> dict[str, dict[str, str]]:
    """The states of all tasks of one run of each Dag, and under ``""`` that of the run."""
    wanted = list(dag_ids)
    runs: dict[str, str] = {}
    for name in wanted:
        answer = stack.api.post(f"/dags/{name}/dagRuns", {"logical_date": None, "conf": {}})
        runs[name] = answer["dag_run_id"]
    deadline, states = time.monotonic() + seconds, dict.fromkeys(wanted, "")
    while open_runs := [name for name, state in states.items() if state not in ENDED]:
        assert time.monotonic() < deadline, f"not within {seconds} s: {open_runs}"
        time.sleep(2)
        for name in open_runs:
            states[name] = stack.run(name, runs[name])["state"]
    return {
        name: {**{ti["task_id"]: ti["state"] for ti in stack.task_instances(name, run)}, "": states[name]}
        for name, run in runs.items()
    }


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
    assert len(GROUPS) >= 20
    assert compared(comparing_airflow, GROUPS, 300) == []


def test_plain_dags_on_a_real_airflow_end_as_its_code_says(comparing_airflow: Any):
    expected = told(CASES[name] for name in PLAIN)
    found = ran(comparing_airflow, [dag_id(CASES[name], "plain") for name in PLAIN], 300)
    assert {name: found[dag_id(CASES[name], "plain")] for name in PLAIN} == expected


@pytest.mark.thorough
def test_every_group_on_a_real_airflow_ends_as_plain_tasks_do(thorough_airflow: Any):
    assert compared(thorough_airflow, list(CASES), 1500) == []
