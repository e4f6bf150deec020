"""Every task of a group ends in the state that it would have ended in without the group.

Each case is decided twice by the code of Airflow's own scheduler: for plain operators, with what the case says becomes
of them, and for the members of a group, with what an execution on the embedded AWS made of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.comparison.cases import CASES, FAILED, FAILS, SUCCESS, Case
from tests.comparison.executions import below, executed, outcomes
from tests.comparison.making import named
from tests.comparison.scheduler import ORDERS, scheduled

States = dict[str, dict[str, str]]


def as_told(case: Case) -> dict[str, Any]:
    """What becomes of each task of *case* that runs."""
    return {
        named(case, task): FAILED if case.outcomes.get(task) == FAILS else _chosen(case, task) for task in case.tasks
    }


def _chosen(case: Case, task: str) -> Any:
    names = case.chooses(task)
    return SUCCESS if names is None else [named(case, name) for name in names]


@pytest.fixture(scope="module")
def plain() -> dict[str, States]:
    """The states of plain tasks, for each order in which tasks that run side by side can end."""
    told = {name: as_told(case) for name, case in CASES.items()}
    return scheduled("plain", told, ORDERS)


@pytest.fixture(scope="module")
def grouped(local_aws: Any) -> States:
    """The states of the members of groups."""
    views = executed(local_aws, CASES.values())
    found = scheduled("group", {name: outcomes(case, views[name]) for name, case in CASES.items()})["all"]
    return {name: below(CASES[name], states) for name, states in found.items()}


def test_there_are_cases_of_every_kind():
    assert len(CASES) >= 120
    assert {rule for case in CASES.values() for rule in case.rules.values()} >= {"always", "all_done_setup_success"}


@pytest.mark.parametrize("name", CASES)
def test_no_case_depends_on_which_task_ends_first(plain: dict[str, States], name: str):
    assert plain["all"][name] == plain["first"][name] == plain["last"][name]


@pytest.mark.parametrize("name", CASES)
def test_the_tasks_of_a_group_end_as_plain_tasks_do(plain: dict[str, States], grouped: States, name: str):
    assert grouped[name] == plain["all"][name]
