"""What the user knows of durations reaches the structure, and what it costs reaches the user."""

from __future__ import annotations

import warnings
from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError

ROLE = "arn:aws:iam::123456789012:role/states"
REQUEST = {
    "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "AppSpecification": {"ImageUri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1"},
    "ProcessingResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}},
}


def group_with_an_n(expected: Any = None, **own: Any) -> StateMachineTaskGroup:
    """A group with the edges a -> c, a -> d, b -> d."""
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, expected_durations=expected) as group:
        a, b, c, d = (
            group.step(ProcessingStep(name, request=REQUEST), expected_duration=own.get(name)) for name in "abcd"
        )
        a >> [c, d]
        b >> d
    return group


def test_durations_by_label_or_id_as_seconds_or_timedelta_decide_where_the_barrier_is():
    assert group_with_an_n({"a": 10, "g.b": 1000, "c": timedelta(seconds=1000), "d": 10}).report.added == (("c", "d"),)
    assert group_with_an_n({"a": 1000, "b": 10, "c": 10, "d": timedelta(seconds=1000)}).report.added == (("b", "c"),)


def test_a_step_may_say_its_own_duration():
    assert group_with_an_n(a=10, b=1000, c=timedelta(seconds=1000), d=10).report.added == (("c", "d"),)


def test_a_structure_that_is_much_slower_warns_once_and_names_the_group():
    group = group_with_an_n({"a": 1000, "b": 2000, "c": 2000, "d": 1000})
    with pytest.warns(UserWarning, match=r"g: the run is expected to take 67 min, 33% longer") as told:
        assert group.report.slowdown == pytest.approx(4 / 3)
    assert len(told) == 1
    group.changed()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert group.report.split


def test_a_duration_of_a_task_that_is_not_there_is_refused():
    with pytest.raises(CompileError, match="g.x: is in expected_durations, but is no task of the group"):
        _ = group_with_an_n({"x": 5}).report


def test_edges_drawn_after_the_block_between_members_gate_nothing():
    with DAG("d") as dag:
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            a, b = (group.step(ProcessingStep(name, request=REQUEST)) for name in "ab")
        a >> b
    assert dag.get_task("g.start").upstream_task_ids == set()
    assert list(group.definition["States"]) == ["a", "b"]
