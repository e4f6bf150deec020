"""Every task of a group ends in the state that it would have ended in without the group.

Each case is decided twice by the code of Airflow's own scheduler: for plain operators, with what the case says becomes
of them, and for the members of a group, with what an execution on the embedded AWS made of them.
"""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.exceptions import CompileError
from tests.comparison.cases import CASES, FAILED, FAILS, STOPPED, SUCCESS, Case
from tests.comparison.executions import below, executed, group_of, make_waits, outcomes
from tests.comparison.making import named, stopping
from tests.comparison.scheduler import ORDERS, scheduled

TASKS_FOR_THE_CASE = ("all_done", "all_failed", "all_done_min_one_success", "all_done_setup_success")
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


@pytest.fixture(scope="module")
def stopped(local_aws: Any) -> States:
    """The states of the members of groups that stop at the first failure."""
    make_waits(local_aws)
    cases = {name: case for name, (case, _) in STOPPED.items()}
    views = executed(local_aws, cases.values(), "stop")
    told = {name: outcomes(case, views[case.name], "stop") for name, case in cases.items()}
    found = scheduled("stopping", told)["all"]
    return {name: below(case, found[name]) for name, case in cases.items()}


def test_there_are_cases_of_every_kind():
    assert len(CASES) >= 120
    assert {rule for case in CASES.values() for rule in case.rules.values()} >= {"always", "all_done_setup_success"}


@pytest.mark.parametrize("name", CASES)
def test_no_case_depends_on_which_task_ends_first(plain: dict[str, States], name: str):
    assert plain["all"][name] == plain["first"][name] == plain["last"][name]


@pytest.mark.parametrize("name", CASES)
def test_the_tasks_of_a_group_end_as_plain_tasks_do(plain: dict[str, States], grouped: States, name: str):
    assert grouped[name] == plain["all"][name]


@pytest.mark.parametrize("name", STOPPED)
def test_a_failure_stops_what_runs_beside_it_and_what_comes_after_where_the_group_says_so(stopped: States, name: str):
    case, expected = STOPPED[name]
    run = FAILED if FAILED in expected.values() else SUCCESS
    assert stopped[name] == {**{named(case, task): state for task, state in expected.items()}, "": run}


@pytest.mark.parametrize("rule", TASKS_FOR_THE_CASE)
def test_a_group_that_stops_has_no_tasks_for_the_case_of_failure(rule: str):
    with pytest.raises(CompileError, match=f"g.b: trigger rule {rule} is for what runs after a failure"):
        print(group_of(stopping(Case("refused", "a>b", {"b": rule}))).definition)


def test_a_group_that_stops_has_no_teardowns():
    with pytest.raises(CompileError, match="g.t: is a teardown, and the group's on_failure is 'stop'"):
        print(group_of(stopping(Case("refused", "s>w>t", teardowns={"t": "s"}))).definition)
