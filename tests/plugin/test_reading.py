from __future__ import annotations

from typing import Any

from airflow_sfn_ml.deploy import execution_name
from airflow_sfn_ml.plugin.reading import before_redrive, generation_arn
from airflow_sfn_ml.plugin.runs import Group, Instance

TYPES = ["ExecutionStarted", "ExecutionFailed", "ExecutionRedriven", "ExecutionFailed", "ExecutionRedriven"]
EVENTS: list[dict[str, Any]] = [{"id": number + 1, "type": kind} for number, kind in enumerate(TYPES)]


def ids(redrive: int | None) -> list[int]:
    return [int(event["id"]) for event in before_redrive(EVENTS, redrive)]


def test_each_redrive_can_be_looked_behind():
    assert [ids(0), ids(1), ids(2)] == [[1, 2], [1, 2, 3, 4], [1, 2, 3, 4, 5]]


def test_now_is_everything():
    assert ids(None) == [1, 2, 3, 4, 5]


def test_the_name_of_an_earlier_generation_is_derived():
    arn = "arn:aws:states:us-east-1:123456789012:execution:d-g:whatever-was-started"
    instance = Instance(Group("g", "g.start", {}), -1, {"execution_arn": arn, "generation": 3})
    assert generation_arn(instance, "d", "r", 3) == arn
    expected = execution_name("d", "r", "g", -1, 1)
    assert generation_arn(instance, "d", "r", 1) == f"arn:aws:states:us-east-1:123456789012:execution:d-g:{expected}"


def test_the_name_of_an_earlier_generation_of_a_run_that_was_created_anew_is_derived_too():
    arn = "arn:aws:states:us-east-1:123456789012:execution:d-g:now"
    instance = Instance(Group("g", "g.start", {}), -1, {"execution_arn": arn, "generation": 3, "namesake": 2})
    assert str(generation_arn(instance, "d", "r", 1)).endswith(execution_name("d", "r", "g", -1, 1, 2))


def test_without_an_execution_no_generation_has_one():
    assert generation_arn(Instance(Group("g", "g.start", {})), "d", "r", 0) is None
