"""What a run costs: counted by hand, and against the numbers of AWS's pricing page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_sfn_ml.deploy.cost import Assumptions, Range, cost

SYNC = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync"}
CENSUS = json.loads((Path(__file__).parents[1] / "golden" / "census_income.training.json").read_text())


def machine(start: str, **states: Any) -> dict[str, Any]:
    return {"StartAt": start, "States": states}


def test_a_chain_costs_its_states():
    found = cost(CENSUS)
    assert found.transitions == Range(3, 3)
    assert found.jobs == Range(3, 3)


def test_a_month_is_runs_times_transitions_times_the_price():
    found = cost(machine("a", a={**SYNC, "End": True}), Assumptions(runs=30_000))
    assert found.monthly == pytest.approx(0.75)  # 1,000 jobs a day


@pytest.mark.parametrize(
    ("minutes", "seconds", "transitions"), [(10, 10, 181), (60, 60, 181), (240, 30, 1441), (60, 7, 1546), (0, 60, 1)]
)
def test_a_polling_loop_costs_three_transitions_a_look(minutes, seconds, transitions):
    found = cost(machine("a", a={**SYNC, "End": True}), Assumptions(job_minutes=minutes, poll_seconds=seconds))
    assert found.polled == Range(transitions, transitions)


def test_polling_costs_the_calls_of_the_function_too():
    found = cost(machine("a", a={**SYNC, "End": True}), Assumptions(runs=1, job_minutes=60, poll_seconds=60))
    assert found.polled_monthly == pytest.approx(181 * 0.000025 + 60 * 8.4e-7)


def test_a_choice_leads_to_a_least_and_a_most():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "a"}], "Default": "c"}
    found = cost(machine("?", **{"?": choice}, a={**SYNC, "Next": "b"}, b={**SYNC, "Next": "c"}, c={"Type": "Succeed"}))
    assert found.transitions == Range(2, 4)
    assert found.jobs == Range(0, 2)


def test_a_parallel_costs_itself_and_all_its_branches():
    branch = machine("b", b={**SYNC, "End": True})
    found = cost(machine("p", p={"Type": "Parallel", "Branches": [branch, branch], "End": True}))
    assert found.transitions == Range(3, 3)


def test_a_map_costs_its_items_and_says_how_many():
    processor = machine("b", b={**SYNC, "Next": "c"}, c={"Type": "Pass", "End": True})
    found = cost(machine("m", m={"Type": "Map", "ItemProcessor": processor, "End": True}), Assumptions(items=5))
    assert found.transitions == Range(11, 11)
    assert found.jobs == Range(5, 5)
    assert found.notes == ("m: counted with 5 items",)


def test_express_items_are_not_counted_and_this_is_said():
    processor = machine("b", b={"Type": "Pass", "End": True})
    processor["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}
    found = cost(machine("m", m={"Type": "Map", "ItemProcessor": processor, "End": True}), Assumptions(items=5))
    assert found.transitions == Range(1, 1)
    assert len(found.notes) == 1


def test_a_loop_is_counted_once_and_said():
    choice = {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "wait"}], "Default": "end"}
    found = cost(
        machine(
            "wait",
            wait={"Type": "Wait", "Seconds": 1, "Next": "look"},
            look={**SYNC, "Next": "?"},
            **{"?": choice},
            end={"Type": "Succeed"},
        )
    )
    assert found.transitions.most == 4
    assert found.notes == ("wait: the machine can come back to it; the loop is counted once",)


def test_what_only_a_catch_reaches_costs_nothing():
    caught = {**SYNC, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "f"}], "End": True}
    assert cost(machine("a", a=caught, f={"Type": "Fail"})).transitions == Range(1, 1)


def test_a_long_chain_does_not_exhaust_the_stack():
    states = {f"s{number}": {"Type": "Pass", "Next": f"s{number + 1}"} for number in range(5000)}
    states["s5000"] = {"Type": "Pass", "End": True}
    assert cost({"StartAt": "s0", "States": states}).transitions == Range(5001, 5001)


@pytest.mark.parametrize("resource", ["states:startExecution.sync:2", "glue:startJobRun.sync"])
def test_every_form_of_waiting_is_a_job(resource):
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True}
    assert cost(machine("a", a=task)).jobs == Range(1, 1)


def test_beginning_without_waiting_is_no_job():
    task = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun", "End": True}
    assert cost(machine("a", a=task)).jobs == Range(0, 0)
