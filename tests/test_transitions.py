"""Which states of a written machine become tasks, and how they lie among each other."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.task_group.transitions import Scope, scope_of

TASK = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}


def scope(states: dict[str, Any]) -> Scope:
    return scope_of(asl.parse({"StartAt": next(iter(states)), "States": states}))


def upstream(of: Scope) -> dict[str, tuple[str, ...]]:
    return {work.state.name: work.upstream for work in of.work}


def test_states_that_do_no_work_are_led_through():
    found = scope(
        {
            "begin": {"Type": "Pass", "Next": "a"},
            "a": {**TASK, "Next": "pause"},
            "pause": {"Type": "Wait", "Seconds": 1, "Next": "b"},
            "b": {**TASK, "Next": "done"},
            "done": {"Type": "Succeed"},
        }
    )
    assert upstream(found) == {"a": (), "b": ("a",)}
    assert (found.first, found.last, found.through) == (("a",), ("b",), False)


def test_both_ways_of_a_choice_are_edges_and_the_join_waits_for_both():
    found = scope(
        {
            "a": {**TASK, "Next": "which"},
            "which": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "b"}],
                "Default": "c",
            },
            "b": {**TASK, "Next": "join"},
            "c": {**TASK, "Next": "join"},
            "join": {**TASK, "End": True},
        }
    )
    assert upstream(found) == {"a": (), "b": ("a",), "c": ("a",), "join": ("b", "c")}
    passed_by = {work.state.name: work.passed_by for work in found.work}
    assert passed_by["b"] == ("c", "join")
    assert passed_by["c"] == ("b", "join")
    assert passed_by["join"] == ()


def test_a_catch_is_an_edge():
    found = scope(
        {
            "a": {**TASK, "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "mend"}], "Next": "b"},
            "b": {**TASK, "End": True},
            "mend": {**TASK, "End": True},
        }
    )
    assert upstream(found) == {"a": (), "mend": ("a",), "b": ("a",)}


def test_a_loop_is_no_edge_and_its_states_repeat():
    found = scope(
        {
            "submit": {**TASK, "Next": "look"},
            "look": {**TASK, "Next": "done?"},
            "done?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "use"}],
                "Default": "pause",
            },
            "pause": {"Type": "Wait", "Seconds": 5, "Next": "look"},
            "use": {**TASK, "End": True},
        }
    )
    assert upstream(found) == {"submit": (), "look": ("submit",), "use": ("look",)}
    repeats = {work.state.name: work.repeats for work in found.work}
    assert repeats == {"submit": False, "look": True, "use": False}
    passed_by = {work.state.name: work.passed_by for work in found.work}
    assert passed_by["look"] == ("use",)


def test_a_loop_of_one_state_is_no_edge():
    found = scope(
        {
            "a": {**TASK, "Next": "again?"},
            "again?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.again", "BooleanEquals": True, "Next": "a"}],
                "Default": "b",
            },
            "b": {**TASK, "End": True},
        }
    )
    assert upstream(found) == {"a": (), "b": ("a",)}


def test_a_parallel_is_work_of_its_own_and_has_its_branches():
    branch = {"StartAt": "x", "States": {"x": {**TASK, "End": True}}}
    idle = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
    found = scope(
        {
            "both": {"Type": "Parallel", "Branches": [branch, idle], "Next": "b"},
            "b": {**TASK, "End": True},
        }
    )
    assert upstream(found) == {"both": (), "b": ("both",)}
    first, second = found.parallels["both"]
    assert (first.first, first.last, first.through) == (("x",), ("x",), False)
    assert (second.work, second.through) == ((), True)
