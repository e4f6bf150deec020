"""The Database Migration Service: calls and loops."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.dms import (
    DmsCreateReplicationConfigOperator,
    DmsCreateTaskOperator,
    DmsDeleteReplicationConfigOperator,
    DmsDeleteTaskOperator,
    DmsDescribeReplicationConfigsOperator,
    DmsDescribeReplicationsOperator,
    DmsDescribeTasksOperator,
    DmsModifyTaskOperator,
    DmsReloadTablesOperator,
    DmsStartReplicationOperator,
    DmsStartTaskOperator,
    DmsStopReplicationOperator,
    DmsStopTaskOperator,
)

from tests.translators.machines import context, group_of, member, refusal, rendered, states, xcom

SDK = "arn:aws:states:::aws-sdk:databasemigration:"
TASK = {
    "replication_task_id": "t-1",
    "source_endpoint_arn": "s",
    "target_endpoint_arn": "t",
    "replication_instance_arn": "i",
}


def test_a_task_is_created_and_always_waited_for():
    found = states(
        DmsCreateTaskOperator,
        table_mappings={"rules": [1]},
        create_task_kwargs={"TaskData": "x"},
        **TASK,
    )
    assert found["createReplicationTask"]["Arguments"] == {
        "ReplicationTaskIdentifier": "t-1",
        "SourceEndpointArn": "s",
        "TargetEndpointArn": "t",
        "ReplicationInstanceArn": "i",
        "MigrationType": "full-load",
        "TableMappings": json.dumps({"rules": [1]}),
        "TaskData": "x",
    }
    assert found["look"]["Arguments"]["Filters"] == [{"Name": "replication-task-arn", "Values": ["{% $p_arn %}"]}]
    assert found["judge"]["Choices"][0]["Condition"] == "{% $p_seen.ReplicationTasks[0].Status in ['ready'] %}"
    assert found["done"]["Output"] == "{% $p_arn %}"


def test_mappings_with_templates_become_json_at_the_start():
    group = group_of(lambda: DmsCreateTaskOperator(task_id="t", table_mappings={"rules": ["{{ ds }}"]}, **TASK))
    told = rendered(group, context(ds="d"))["t"]
    assert json.loads(told["/createReplicationTask/arguments/TableMappings"]) == {"rules": ["d"]}


@pytest.mark.parametrize(
    ("cls", "arguments", "call", "asked"),
    [
        (
            DmsStartTaskOperator,
            {"replication_task_arn": "a", "start_task_kwargs": {"CdcStartPosition": "x"}},
            "startReplicationTask",
            {"ReplicationTaskArn": "a", "StartReplicationTaskType": "start-replication", "CdcStartPosition": "x"},
        ),
        (DmsStopTaskOperator, {"replication_task_arn": "a"}, "stopReplicationTask", {"ReplicationTaskArn": "a"}),
        (
            DmsDescribeTasksOperator,
            {"describe_tasks_kwargs": {"MaxRecords": 20}},
            "describeReplicationTasks",
            {"MaxRecords": 20},
        ),
        (DmsDescribeReplicationConfigsOperator, {}, "describeReplicationConfigs", {}),
        (
            DmsDescribeReplicationsOperator,
            {"filter": [{"Name": "n", "Values": ["v"]}]},
            "describeReplications",
            {"Filters": [{"Name": "n", "Values": ["v"]}]},
        ),
        (
            DmsCreateReplicationConfigOperator,
            {
                "replication_config_id": "c",
                "source_endpoint_arn": "s",
                "target_endpoint_arn": "t",
                "compute_config": {"MaxCapacityUnits": 1},
                "replication_type": "cdc",
                "table_mappings": "{}",
                "additional_config_kwargs": {"ReplicationSettings": "{}"},
            },
            "createReplicationConfig",
            {
                "ReplicationConfigIdentifier": "c",
                "SourceEndpointArn": "s",
                "TargetEndpointArn": "t",
                "ComputeConfig": {"MaxCapacityUnits": 1},
                "ReplicationType": "cdc",
                "TableMappings": "{}",
                "ReplicationSettings": "{}",
            },
        ),
    ],
)
def test_what_one_call_asks_for(cls: Any, arguments: dict[str, Any], call: str, asked: dict[str, Any]):
    state = member(cls, **arguments)
    assert (state["Resource"], state.get("Arguments") or {}) == (SDK + call, asked)


def test_a_task_that_is_gone_is_deleted():
    found = states(DmsDeleteTaskOperator, replication_task_arn="a")
    assert found["look"]["Catch"][0]["Next"] == "t: gone"
    assert "ResourceNotFound" in found["gone"]["Choices"][0]["Condition"]


def test_a_task_is_modified_only_in_a_state_that_allows_it():
    found = states(
        DmsModifyTaskOperator,
        replication_task_arn="a",
        table_mappings={"rules": []},
        cdc_start_time=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert found["begins"] in ("state", "begin")
    assert found["modifiable?"]["Choices"][0]["Condition"] == (
        "{% $lowercase($p_seen.ReplicationTasks[0].Status) in ['stopped', 'ready', 'failed'] %}"
    )
    assert found["modifyReplicationTask"]["Arguments"] == {
        "ReplicationTaskArn": "a",
        "TableMappings": '{"rules": []}',
        "CdcStartTime": "2026-01-01T00:00:00+00:00",
    }
    quick = states(DmsModifyTaskOperator, replication_task_arn="a", migration_type="cdc", wait_for_completion=False)
    assert "look" not in quick


def test_tables_are_waited_for_one_after_the_other():
    tables = [{"SchemaName": "s", "TableName": "a"}, {"SchemaName": "s", "TableName": "b"}]
    found = states(DmsReloadTablesOperator, replication_task_arn="r", tables_to_reload=tables)
    assert found["look 1: judge"]["Choices"][0]["Next"] == "t: look 2"
    assert found["look 2"]["Arguments"]["Filters"][1] == {"Name": "table-name", "Values": ["b"]}
    validated = states(
        DmsReloadTablesOperator, replication_task_arn="r", tables_to_reload=tables, reload_option="validate-only"
    )
    assert "ValidationState in ['Validated']" in validated["look 1: judge"]["Choices"][0]["Condition"]
    assert "tables_to_reload must be a list that is written out, or wait_for_completion False" in refusal(
        DmsReloadTablesOperator, replication_task_arn="r", tables_to_reload="{{ params.t }}"
    )


def test_a_replication_starts_only_where_it_can():
    found = states(DmsStartReplicationOperator, replication_config_arn="a", replication_start_type="start-replication")
    assert found["startable?"]["Default"] == "t: done"
    assert found["startReplication"]["Arguments"] == {
        "ReplicationConfigArn": "a",
        "StartReplicationType": "start-replication",
    }


def test_a_replication_is_stopped_unless_it_is():
    found = states(DmsStopReplicationOperator, replication_config_arn="a")
    assert found["stopped?"]["Choices"][0]["Next"] == "t: done"
    assert found["stopped?"]["Default"] == "t: stopReplication"


def test_a_replication_config_is_deleted_when_it_has_ended():
    found = states(DmsDeleteReplicationConfigOperator, replication_config_arn="a")
    assert found["state: judge"]["Choices"][0]["Next"] == "t: deleteReplicationConfig"
    assert found["gone"]["Choices"][0]["Next"] == "t: done"


def test_tasks_are_described_as_boto3_spells_them(local_aws: Any):
    dms = local_aws.client("dms")
    made = dms.create_replication_task(
        ReplicationTaskIdentifier=f"t-{uuid.uuid4().hex[:8]}",
        SourceEndpointArn="s",
        TargetEndpointArn="t",
        ReplicationInstanceArn="i",
        MigrationType="full-load",
        TableMappings="{}",
    )
    arn = made["ReplicationTask"]["ReplicationTaskArn"]
    filters = [{"Name": "replication-task-arn", "Values": [arn]}]
    (known,) = dms.describe_replication_tasks(Filters=filters)["ReplicationTasks"]
    marker, tasks = xcom(
        local_aws, lambda: DmsDescribeTasksOperator(task_id="t", describe_tasks_kwargs={"Filters": filters})
    )
    assert marker is None
    assert [set(task) for task in tasks] == [set(known)]
