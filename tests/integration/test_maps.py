"""Mapped tasks of a group on a real Airflow: each instance mirrors its iteration."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration


def instances(stack: Any, dag_id: str, run_id: str) -> dict[str, dict[int, str]]:
    """The states of all task instances, by task and map index."""
    found: dict[str, dict[int, str]] = {}
    for ti in stack.task_instances(dag_id, run_id):
        found.setdefault(ti["task_id"], {})[ti["map_index"]] = ti["state"]
    return found


def messages(stack: Any, dag_id: str, run_id: str, task_id: str, count: int) -> list[str]:
    pushed = [stack.xcom(dag_id, run_id, task_id, map_index=index) for index in range(count)]
    return [document["Processing"]["ExitMessage"] for document in pushed]


def test_instances_mirror_their_iterations_one_to_one(airflow_stack: Any):
    run_id = airflow_stack.trigger("maps")
    assert airflow_stack.wait("maps", run_id, 240) == "success"
    done = {0: "success", 1: "success"}
    assert instances(airflow_stack, "maps", run_id) == {
        "configs": {-1: "success"},
        "nothing": {-1: "success"},
        "g.start": {-1: "success"},
        "g.literal": {**done, 2: "success"},
        "g.outside": done,
        "g.listed": {-1: "success"},
        "g.member": done,
        "g.apart": done,
        "g.none": {-1: "skipped"},
        "g.after_none": {-1: "skipped"},
        "say": {**done, 2: "success"},
        "collect": {-1: "success"},
    }
    literal = [f"{index} of {run_id}" for index in range(3)]
    assert messages(airflow_stack, "maps", run_id, "g.literal", 3) == literal
    assert messages(airflow_stack, "maps", run_id, "g.outside", 2) == ["outside 0", "outside 1"]
    assert messages(airflow_stack, "maps", run_id, "g.member", 2) == ["listed 0", "listed 1"]
    assert [airflow_stack.xcom("maps", run_id, "say", map_index=index) for index in range(3)] == literal
    assert airflow_stack.xcom("maps", run_id, "collect") == ["listed 0", "listed 1"]

    hosts = {ti["task_id"] for ti in airflow_stack.task_instances("maps", run_id) if ti["hostname"]}
    assert hosts == {"configs", "nothing", "g.start", "say", "collect"}, "no instance took a worker"
    names = {
        airflow_stack.xcom("maps", run_id, "g.literal", map_index=index)["Processing"]["ProcessingJobName"]
        for index in range(3)
    }
    assert len(names) == 3
    log = airflow_stack.task_log("maps", run_id, "g.literal", map_index=1)
    assert f'"SAY":"1 of {run_id}"' in log.replace(" of", " of").replace('": "', '":"')


def test_a_failing_iteration_is_one_failed_instance(airflow_stack: Any):
    run_id = airflow_stack.trigger("maps_fail")
    assert airflow_stack.wait("maps_fail", run_id, 180) == "failed"
    assert instances(airflow_stack, "maps_fail", run_id) == {
        "g.start": {-1: "success"},
        "g.some": {0: "success", 1: "failed", 2: "success"},
        "g.after": {-1: "upstream_failed"},
        "g.beside": {-1: "success"},
    }
    log = airflow_stack.task_log("maps_fail", run_id, "g.some", map_index=1)
    assert "ValueError: no such column: bad" in log
    assert airflow_stack.xcom("maps_fail", run_id, "g.some", map_index=1) is None
    assert messages(airflow_stack, "maps_fail", run_id, "g.some", 1) == ["first"]


def test_clearing_a_failed_instance_runs_only_its_iteration_again(airflow_stack: Any):
    run_id = airflow_stack.trigger("maps_mend")
    assert airflow_stack.wait("maps_mend", run_id, 180) == "failed"
    assert instances(airflow_stack, "maps_mend", run_id)["g.items"] == {0: "success", 1: "failed", 2: "success"}
    key = f"mended/{run_id.replace(':', '-')}"
    airflow_stack.aws.client("s3").put_object(Bucket="models", Key=key, Body=b"")

    airflow_stack.clear("maps_mend", run_id, [["g.items", 1], "g.after"])
    assert airflow_stack.wait("maps_mend", run_id, 180) == "success"
    assert instances(airflow_stack, "maps_mend", run_id)["g.items"] == {0: "success", 1: "success", 2: "success"}
    assert messages(airflow_stack, "maps_mend", run_id, "g.items", 3) == ["first", key, "last"]
    after = airflow_stack.xcom("maps_mend", run_id, "g.after")["Processing"]["ExitMessage"]
    assert after == "first last", "outputs of iterations that were not run again are there"
    found = airflow_stack.aws.client("sagemaker").list_processing_jobs(NameContains="items-", MaxResults=100)
    assert len(found["ProcessingJobSummaries"]) == 4, "the failed one twice, the others once"


def test_the_tasks_of_a_mapped_group_mirror_their_iterations(airflow_stack: Any):
    run_id = airflow_stack.trigger("maps_group")
    assert airflow_stack.wait("maps_group", run_id, 180) == "failed"
    assert instances(airflow_stack, "maps_group", run_id) == {
        "g.start": {-1: "success"},
        "g.each.first": {0: "success", 1: "failed"},
        "g.each.second": {0: "success", 1: "upstream_failed"},
        "g.after": {-1: "upstream_failed"},
    }
    assert messages(airflow_stack, "maps_group", run_id, "g.each.second", 1) == ["again one"]
