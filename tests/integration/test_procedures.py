"""Tasks of several states on a real Airflow: one task, whatever the number of its states."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.integration


def test_tasks_of_several_states_are_tasks_like_others(airflow_stack: Any):
    iam = airflow_stack.aws.client("iam")
    iam.create_role(RoleName="jobs-by-name", AssumeRolePolicyDocument="{}")
    run_id = airflow_stack.trigger("procedures")
    assert airflow_stack.wait("procedures", run_id, 180) == "success"
    instances = {ti["task_id"]: ti for ti in airflow_stack.task_instances("procedures", run_id)}
    assert {ti["state"] for ti in instances.values()} == {"success"}
    assert {name for name, ti in instances.items() if ti["hostname"]} == {"set_up", "g.start"}

    trained = airflow_stack.xcom("procedures", run_id, "g.train")["Training"]
    assert trained["RoleArn"].endswith(":role/jobs-by-name")
    assert trained["ResourceConfig"]["InstanceCount"] == 1
    model = airflow_stack.xcom("procedures", run_id, "g.model")["Model"]
    assert model["PrimaryContainer"]["ModelDataUrl"] == trained["ModelArtifacts"]["S3ModelArtifacts"]
    assert model["ExecutionRoleArn"] == trained["RoleArn"]
    deployed = airflow_stack.xcom("procedures", run_id, "g.deploy")
    assert set(deployed) == {"Endpoint", "EndpointConfig"}
    assert deployed["Endpoint"]["EndpointStatus"] == "InService"
    assert airflow_stack.xcom("procedures", run_id, "g.delete") is None


def test_the_reason_of_a_call_that_was_refused_is_in_the_tasks_log(airflow_stack: Any):
    run_id = airflow_stack.trigger("procedure_that_fails")
    assert airflow_stack.wait("procedure_that_fails", run_id, 240) == "failed"
    log = airflow_stack.task_log("procedure_that_fails", run_id, "g.start_notebook")
    assert "State start_notebook failed" in log
    assert "Cause: RecordNotFound" in log
