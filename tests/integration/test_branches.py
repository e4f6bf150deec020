"""Branches of a group on a real Airflow: what was not chosen is skipped, and joins run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.test_runs import execution, states

pytestmark = pytest.mark.integration


def test_what_was_not_chosen_is_skipped_and_its_join_runs(airflow_stack: Any):
    run_id = airflow_stack.trigger("branches")
    assert airflow_stack.wait("branches", run_id, 240) == "success"
    assert states(airflow_stack, "branches", run_id) == {
        "g.start": "success",
        "g.who": "success",
        "g.own": "success",
        "g.ours": "success",
        "g.theirs": "skipped",
        "g.after_theirs": "skipped",
        "g.join": "success",
        "g.many": "success",
        "g.bad": "skipped",
        "g.good": "success",
        "outside": "success",
        "other": "success",
        "not_chosen": "skipped",
        "last": "success",
    }
    assert airflow_stack.xcom("branches", run_id, "g.own") == ["g.ours"]
    assert airflow_stack.xcom("branches", run_id, "outside") == ["g.good", "outside"], "the XCom is the operator's own"
    assert execution(airflow_stack, "branches", run_id)["status"] == "SUCCEEDED"
    assert "Chose g.ours" in airflow_stack.task_log("branches", run_id, "g.own")

    hosts = {ti["task_id"]: ti["hostname"] for ti in airflow_stack.task_instances("branches", run_id)}
    assert {name for name, host in hosts.items() if host} == {"g.start", "g.many", "outside"}

    airflow_stack.clear("branches", run_id, ["g.theirs"])
    assert airflow_stack.wait("branches", run_id, 120) == "success"
    assert states(airflow_stack, "branches", run_id)["g.theirs"] == "skipped", "a choice stands when a task is cleared"
