from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml.plugin.runs import Group, groups_of, instances_of

DAGS = Path(__file__).with_name("dags") / "tab.py"
GROUP = Group("train", "train.start", {"fit": "train.fit"})


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    """The Dags as the api-server reads them."""
    bag = DagBag(str(DAGS))
    assert bag.import_errors == {}
    return {name: DagSerialization.from_dict(DagSerialization.to_dict(dag)) for name, dag in bag.dags.items()}


def test_a_group_is_found_in_a_serialised_dag(dags: dict[str, Any]):
    (group,) = groups_of(dags["nowhere"].task_dict.values())
    assert (group.id, group.start_task_id, group.aws_conn_id) == ("g", "g.start", "nowhere")
    assert group.tasks["left"].startswith("g.")
    assert group.has("g.start")
    assert not group.has("outside")


def test_a_dag_without_groups_has_none(dags: dict[str, Any]):
    assert groups_of(dags["plain"].task_dict.values()) == ()


def test_a_mapped_group_has_an_instance_for_each_index():
    states = {("train.start", 0): "success", ("train.start", 1): "running", ("train.fit", 0): "deferred"}
    told = {("train.start", 0): {"execution_arn": "arn:0", "generation": 2}}
    first, second = instances_of([GROUP], told, states)
    assert (first.label, first.execution_arn, first.generation) == ("train [0]", "arn:0", 2)
    assert first.task_states == {"train.start": "success", "train.fit": "deferred"}
    assert (second.label, second.execution_arn, second.start_state) == ("train [1]", None, "running")


def test_a_group_that_airflow_has_not_come_to_is_there_all_the_same():
    (only,) = instances_of([GROUP], {}, {})
    assert (only.key, only.label, only.start_state) == ("train.start/-1", "train", None)
