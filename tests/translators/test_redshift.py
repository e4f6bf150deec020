"""Redshift: statements and clusters."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.redshift_cluster import (
    RedshiftCreateClusterOperator,
    RedshiftCreateClusterSnapshotOperator,
    RedshiftDeleteClusterOperator,
    RedshiftDeleteClusterSnapshotOperator,
    RedshiftPauseClusterOperator,
    RedshiftResumeClusterOperator,
)
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator

from tests.translators.machines import context, group_of, member, refusal, rendered, run, states, warned

PLACE = {"cluster_identifier": "c", "database": "d"}


def test_a_statement_is_executed_and_waited_for():
    found = states(RedshiftDataOperator, sql="select 1", db_user="u", poll_interval=3, **PLACE)
    assert found["executeStatement"]["Resource"] == "arn:aws:states:::aws-sdk:redshiftdata:executeStatement"
    assert found["executeStatement"]["Arguments"] == {
        "ClusterIdentifier": "c",
        "Database": "d",
        "DbUser": "u",
        "WithEvent": False,
        "Sql": "select 1",
    }
    assert found["look"]["Arguments"] == {"Id": "{% $p_id %}"}
    assert [rule["Condition"] for rule in found["judge"]["Choices"]] == [
        "{% $p_seen.Status in ['FINISHED'] %}",
        "{% $p_seen.Status in ['FAILED', 'ABORTED'] %}",
    ]
    assert found["wait"]["Seconds"] == 3
    assert "late" not in found


def test_several_statements_are_a_batch():
    found = states(RedshiftDataOperator, sql=["a", "b"], workgroup_name="www", database="d")
    assert found["batchExecuteStatement"]["Arguments"] == {
        "WorkgroupName": "www",
        "Database": "d",
        "WithEvent": False,
        "Sqls": ["a", "b"],
    }


def test_the_text_may_come_from_a_file_and_from_templates(tmp_path: Any):
    (tmp_path / "q.sql").write_text("select '{{ ds }}'")
    group = group_of(
        lambda: RedshiftDataOperator(task_id="t", sql="q.sql", **PLACE), template_searchpath=[str(tmp_path)]
    )
    assert rendered(group, context(ds="d"))["t"] == {"/executeStatement/arguments/Sql": "select 'd'"}


def test_without_waiting_the_ids_are_looked_up_at_once():
    found = states(RedshiftDataOperator, sql="select 1", wait_for_completion=False, **PLACE)
    assert set(found) == {"begins", "executeStatement", "describeStatement"} or "done" in found
    assert "look" not in found


def test_the_xcom_is_the_ids_of_the_statements_or_their_results():
    ids = (
        "($exists($p_seen.SubStatements) and $count($p_seen.SubStatements) > 0 ? [$p_seen.SubStatements.Id] : [$p_id])"
    )
    found = states(RedshiftDataOperator, sql="select 1", **PLACE)
    assert found["done"]["Output"] == f"{{% {ids} %}}"
    found = states(RedshiftDataOperator, sql=["select 1"], return_sql_result=True, **PLACE)
    assert found["done"]["Next"] == "t: results"
    assert found["results"]["Items"] == f"{{% {ids} %}}"
    inner = found["results"]["ItemProcessor"]["States"]["t: getStatementResult"]
    assert inner["Arguments"] == {"Id": "{% $states.input %}"}


def test_a_result_is_spelled_as_boto3_spells_it():
    import jsonata

    expression = states(RedshiftDataOperator, sql=["select 1"], return_sql_result=True, **PLACE)["results"][
        "ItemProcessor"
    ]["States"]["t: getStatementResult"]["Output"]
    answer = {
        "Records": [[{"StringValue": "a"}, {"IsNull": True}], [{"LongValue": 1}, {"StringValue": "B"}]],
        "ColumnMetadata": [{"Name": "X", "IsCurrency": False}],
        "TotalNumRows": 2,
    }
    source = expression.removeprefix("{% ").removesuffix(" %}").replace("$states.", "states.")
    assert jsonata.Jsonata(source).evaluate({"states": {"result": answer}}) == {
        "Records": [[{"stringValue": "a"}, {"isNull": True}], [{"longValue": 1}, {"stringValue": "B"}]],
        "ColumnMetadata": [{"name": "X", "isCurrency": False}],
        "TotalNumRows": 2,
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"sql": "x"}, "exactly one of cluster_identifier, workgroup_name and session_id must be given"),
        ({"sql": "x", "session_id": "x"}, "session_id must be a UUID4"),
        (
            {"sql": "x", "session_keep_alive_seconds": 90000, **PLACE},
            "session_keep_alive_seconds must lie between 0 and 86400",
        ),
        ({"sql": None, **PLACE}, "sql must be text or a list that is written out: it decides which call is made"),
    ],
)
def test_what_a_statement_cannot_be_is_told(arguments: dict[str, Any], told: str):
    assert told in refusal(RedshiftDataOperator, **arguments)


def test_a_session_that_is_kept_is_not_handed_out():
    assert warned(RedshiftDataOperator, sql="x", session_keep_alive_seconds=5, **PLACE) == [
        "g.t: its session's id is not the XCom session_id: only the result of a task is known outside of its machine"
    ]


# Clusters

NEW = {"cluster_identifier": "c", "node_type": "ra3.large", "master_username": "u"}


def test_a_cluster_is_created_with_what_is_given():
    found = states(
        RedshiftCreateClusterOperator, master_user_password="{{ params.p }}", wait_for_completion=True, port=1, **NEW
    )
    asked = found["createCluster"]["Arguments"]
    assert asked.pop("MasterUserPassword").startswith("{% ")
    assert asked == {
        "ClusterIdentifier": "c",
        "NodeType": "ra3.large",
        "MasterUsername": "u",
        "DbName": "dev",
        "ClusterType": "multi-node",
        "NumberOfNodes": 1,
        "AutomatedSnapshotRetentionPeriod": 1,
        "Port": 1,
        "ClusterVersion": "1.0",
        "AllowVersionUpgrade": True,
        "PubliclyAccessible": True,
    }
    assert found["late"]["Next"] == "t: deleteCluster"
    assert {
        "ErrorEquals": ["Redshift.InvalidClusterStateException"],
        "IntervalSeconds": 60,
        "MaxAttempts": 5,
        "BackoffRate": 1,
    } in found["deleteCluster"]["Retry"]
    assert "deleteCluster" not in states(
        RedshiftCreateClusterOperator, master_user_password="{{ params.p }}", deferrable=True, **NEW
    )


def test_a_password_that_is_written_out_is_refused():
    assert refusal(RedshiftCreateClusterOperator, master_user_password="x", **NEW) == (
        "g.t: cannot do in a state machine: master_user_password (a password would be readable in the state machine "
        "and its history; create the cluster in a task before the group, with a password from Secrets Manager)"
    )


@pytest.mark.parametrize(
    ("cls", "call", "done"),
    [
        (RedshiftPauseClusterOperator, "pauseCluster", "paused"),
        (RedshiftResumeClusterOperator, "resumeCluster", "available"),
    ],
)
def test_a_cluster_that_is_busy_is_asked_again(cls: Any, call: str, done: str):
    found = states(cls, cluster_identifier="c", wait_for_completion=True)
    assert {
        "ErrorEquals": ["Redshift.InvalidClusterStateException"],
        "IntervalSeconds": 15,
        "MaxAttempts": 9,
        "BackoffRate": 1,
    } in found[call]["Retry"]
    assert found["judge"]["Choices"][0]["Condition"] == f"{{% $p_seen.Clusters[0].ClusterStatus in ['{done}'] %}}"
    assert member(cls, cluster_identifier="c", deferrable=True)["Type"] == "Task"


@pytest.fixture
def cluster(local_aws: Any) -> str:
    name = f"c-{uuid.uuid4().hex[:8]}"
    local_aws.client("redshift").create_cluster(
        ClusterIdentifier=name, NodeType="ra3.large", MasterUsername="u", MasterUserPassword="Passw0rd1"
    )
    return name


def succeeded(aws: Any, build: Any) -> None:
    state = run(aws, group_of(build)).state("t")
    assert str(state.status) == "succeeded", (state.error, state.cause)


def test_a_snapshot_is_made_and_deleted_and_the_cluster_too(local_aws: Any, cluster: str):
    redshift = local_aws.client("redshift")
    name = f"s-{cluster}"
    place = {"cluster_identifier": cluster, "snapshot_identifier": name}
    succeeded(
        local_aws,
        lambda: RedshiftCreateClusterSnapshotOperator(
            task_id="t", wait_for_completion=True, poll_interval=1, retention_period=1, **place
        ),
    )
    assert redshift.describe_cluster_snapshots(SnapshotIdentifier=name)["Snapshots"]
    succeeded(local_aws, lambda: RedshiftDeleteClusterSnapshotOperator(task_id="t", poll_interval=1, **place))
    succeeded(
        local_aws, lambda: RedshiftDeleteClusterOperator(task_id="t", cluster_identifier=cluster, poll_interval=1)
    )
    assert cluster not in [item["ClusterIdentifier"] for item in redshift.describe_clusters()["Clusters"]]


def test_a_snapshot_needs_a_cluster_that_is_available():
    found = states(RedshiftCreateClusterSnapshotOperator, cluster_identifier="c", snapshot_identifier="s")
    assert found["available?"]["Default"] == "t: available? not"
    assert "must be in available state" in found["available? not"]["Cause"]
