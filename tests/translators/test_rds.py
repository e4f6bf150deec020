"""RDS and Neptune: calls, loops, and some of them on the embedded AWS."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.neptune import NeptuneStartDbClusterOperator, NeptuneStopDbClusterOperator
from airflow.providers.amazon.aws.operators.rds import (
    RdsCancelExportTaskOperator,
    RdsCopyDbSnapshotOperator,
    RdsCreateDbInstanceOperator,
    RdsCreateDbSnapshotOperator,
    RdsCreateEventSubscriptionOperator,
    RdsDeleteDbInstanceOperator,
    RdsDeleteDbSnapshotOperator,
    RdsDeleteEventSubscriptionOperator,
    RdsStartDbOperator,
    RdsStartExportTaskOperator,
    RdsStopDbOperator,
)

from tests.translators.machines import group_of, member, refusal, run, states, xcom

CALLS: list[tuple[Any, dict[str, Any], str, dict[str, Any]]] = [
    (
        RdsCreateDbSnapshotOperator,
        {"db_type": "instance", "db_identifier": "d", "db_snapshot_identifier": "s", "tags": {"a": "b"}},
        "createDBSnapshot",
        {"DbInstanceIdentifier": "d", "DbSnapshotIdentifier": "s", "Tags": [{"Key": "a", "Value": "b"}]},
    ),
    (
        RdsCreateDbSnapshotOperator,
        {"db_type": "cluster", "db_identifier": "d", "db_snapshot_identifier": "s"},
        "createDBClusterSnapshot",
        {"DbClusterIdentifier": "d", "DbClusterSnapshotIdentifier": "s", "Tags": []},
    ),
    (
        RdsCopyDbSnapshotOperator,
        {
            "db_type": "instance",
            "source_db_snapshot_identifier": "a",
            "target_db_snapshot_identifier": "b",
            "option_group_name": "o",
        },
        "copyDBSnapshot",
        {
            "SourceDBSnapshotIdentifier": "a",
            "TargetDBSnapshotIdentifier": "b",
            "Tags": [],
            "CopyTags": False,
            "OptionGroupName": "o",
        },
    ),
    (
        RdsCopyDbSnapshotOperator,
        {
            "db_type": "cluster",
            "source_db_snapshot_identifier": "a",
            "target_db_snapshot_identifier": "b",
            "kms_key_id": "k",
        },
        "copyDBClusterSnapshot",
        {
            "SourceDBClusterSnapshotIdentifier": "a",
            "TargetDBClusterSnapshotIdentifier": "b",
            "KmsKeyId": "k",
            "Tags": [],
            "CopyTags": False,
        },
    ),
    (
        RdsDeleteDbSnapshotOperator,
        {"db_type": "instance", "db_snapshot_identifier": "s"},
        "deleteDBSnapshot",
        {"DbSnapshotIdentifier": "s"},
    ),
    (
        RdsStartExportTaskOperator,
        {
            "export_task_identifier": "e",
            "source_arn": "a",
            "s3_bucket_name": "b",
            "iam_role_arn": "r",
            "kms_key_id": "k",
            "export_only": ["x"],
        },
        "startExportTask",
        {
            "ExportTaskIdentifier": "e",
            "SourceArn": "a",
            "S3BucketName": "b",
            "IamRoleArn": "r",
            "KmsKeyId": "k",
            "ExportOnly": ["x"],
        },
    ),
    (
        RdsCancelExportTaskOperator,
        {"export_task_identifier": "e"},
        "cancelExportTask",
        {"ExportTaskIdentifier": "e"},
    ),
    (
        RdsCreateEventSubscriptionOperator,
        {"subscription_name": "s", "sns_topic_arn": "t", "source_type": "db-instance"},
        "createEventSubscription",
        {"SubscriptionName": "s", "SnsTopicArn": "t", "SourceType": "db-instance", "Enabled": True, "Tags": []},
    ),
    (
        RdsCreateDbInstanceOperator,
        {
            "db_instance_identifier": "d",
            "db_instance_class": "c",
            "engine": "e",
            "rds_kwargs": {"DBName": "n", "ManageMasterUserPassword": True},
        },
        "createDBInstance",
        {
            "DbInstanceIdentifier": "d",
            "DbInstanceClass": "c",
            "Engine": "e",
            "DbName": "n",
            "ManageMasterUserPassword": True,
        },
    ),
    (
        RdsDeleteDbInstanceOperator,
        {"db_instance_identifier": "d", "rds_kwargs": {"SkipFinalSnapshot": True}},
        "deleteDBInstance",
        {"DbInstanceIdentifier": "d", "SkipFinalSnapshot": True},
    ),
    (RdsStartDbOperator, {"db_identifier": "d"}, "startDBInstance", {"DbInstanceIdentifier": "d"}),
    (
        RdsStopDbOperator,
        {"db_identifier": "d", "db_snapshot_identifier": "s"},
        "stopDBInstance",
        {"DbInstanceIdentifier": "d", "DbSnapshotIdentifier": "s"},
    ),
    (
        RdsStopDbOperator,
        {"db_identifier": "d", "db_type": "cluster", "db_snapshot_identifier": "s"},
        "stopDBCluster",
        {"DbClusterIdentifier": "d"},
    ),
]


@pytest.mark.parametrize(("cls", "arguments", "call", "asked"), CALLS, ids=[item[2] for item in CALLS])
def test_what_is_asked_for(cls: Any, arguments: dict[str, Any], call: str, asked: dict[str, Any]):
    found = states(cls, wait_for_completion=True, **arguments)
    first = found[found["begins"]]
    assert first["Resource"] == f"arn:aws:states:::aws-sdk:rds:{call}"
    assert first["Arguments"] == asked
    assert "look" in found
    quick = member(cls, wait_for_completion=False, **arguments)
    assert (quick["Type"], quick["Arguments"]) == ("Task", asked)


def test_an_event_subscription_is_deleted_in_one_call():
    state = member(RdsDeleteEventSubscriptionOperator, subscription_name="s")
    assert state["Arguments"] == {"SubscriptionName": "s"}


def test_a_deferrable_creation_waits():
    arguments = {"db_instance_identifier": "d", "db_instance_class": "c", "engine": "e"}
    found = states(RdsCreateDbInstanceOperator, deferrable=True, waiter_delay=5, waiter_max_attempts=4, **arguments)
    assert found["wait"]["Seconds"] == 5
    assert "20 seconds" in found["late"]["Cause"]


def test_a_password_that_is_written_out_is_refused():
    told = refusal(
        RdsCreateDbInstanceOperator,
        db_instance_identifier="d",
        db_instance_class="c",
        engine="e",
        rds_kwargs={"MasterUserPassword": "x"},
    )
    assert told == (
        "g.t: cannot do in a state machine: rds_kwargs['MasterUserPassword'] (a password would be readable in the "
        "state machine and its history; let RDS keep it in Secrets Manager with ManageMasterUserPassword=True)"
    )


@pytest.fixture
def rds(local_aws: Any) -> Any:
    return local_aws.client("rds")


@pytest.fixture
def database(rds: Any) -> str:
    name = f"d-{uuid.uuid4().hex[:8]}"
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t3.micro",
        Engine="postgres",
        MasterUsername="u",
        MasterUserPassword="long-enough",
        AllocatedStorage=20,
    )
    return name


def test_the_xcom_is_the_answer_as_boto3_spells_it(local_aws: Any, rds: Any):
    name = f"d-{uuid.uuid4().hex[:8]}"

    def build() -> Any:
        return RdsCreateDbInstanceOperator(
            task_id="t",
            db_instance_identifier=name,
            db_instance_class="db.t3.micro",
            engine="postgres",
            rds_kwargs={"MasterUsername": "u", "ManageMasterUserPassword": True, "AllocatedStorage": 20},
            waiter_delay=1,
        )

    told = json.loads(xcom(local_aws, build))["DBInstance"]
    known = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
    assert told["DBInstanceIdentifier"] == name
    assert set(told) == set(known)
    assert told["DBSubnetGroup"].keys() == known["DBSubnetGroup"].keys() if "DBSubnetGroup" in known else True


def test_a_snapshot_is_made_copied_and_deleted(local_aws: Any, rds: Any, database: str):
    one, two = f"s-{database}", f"c-{database}"
    told = xcom(
        local_aws,
        lambda: RdsCreateDbSnapshotOperator(
            task_id="t", db_type="instance", db_identifier=database, db_snapshot_identifier=one
        ),
    )
    assert json.loads(told)["DBSnapshot"]["DBSnapshotIdentifier"] == one
    xcom(
        local_aws,
        lambda: RdsCopyDbSnapshotOperator(
            task_id="t", db_type="instance", source_db_snapshot_identifier=one, target_db_snapshot_identifier=two
        ),
    )
    for name in (one, two):
        xcom(
            local_aws,
            lambda name=name: RdsDeleteDbSnapshotOperator(task_id="t", db_type="instance", db_snapshot_identifier=name),
        )
    left = rds.describe_db_snapshots(DBInstanceIdentifier=database, SnapshotType="manual")["DBSnapshots"]
    assert left == []


def test_a_database_is_stopped_started_and_deleted(local_aws: Any, rds: Any, database: str):
    xcom(local_aws, lambda: RdsStopDbOperator(task_id="t", db_identifier=database, waiter_delay=1))
    assert rds.describe_db_instances(DBInstanceIdentifier=database)["DBInstances"][0]["DBInstanceStatus"] == "stopped"
    xcom(local_aws, lambda: RdsStartDbOperator(task_id="t", db_identifier=database, waiter_delay=1))

    def delete() -> Any:
        return RdsDeleteDbInstanceOperator(
            task_id="t", db_instance_identifier=database, rds_kwargs={"SkipFinalSnapshot": True}, waiter_delay=1
        )

    xcom(local_aws, delete)
    assert database not in [item["DBInstanceIdentifier"] for item in rds.describe_db_instances()["DBInstances"]]


@pytest.mark.parametrize(
    ("cls", "call", "target"),
    [
        (NeptuneStartDbClusterOperator, "startDBCluster", "available"),
        (NeptuneStopDbClusterOperator, "stopDBCluster", "stopped"),
    ],
)
def test_a_neptune_cluster_is_asked_for_its_state_first(cls: Any, call: str, target: str):
    found = states(cls, db_cluster_id="c")
    assert found["begins"] == "state"
    assert found["already?"]["Choices"][0] == {
        "Condition": f"{{% $lowercase($p_seen.DbClusters[0].Status) = '{target}' %}}",
        "Next": "t: done",
    }
    assert found["already?"]["Default"] == f"t: {call}"
    assert found[call]["Arguments"] == {"DbClusterIdentifier": "c"}
    assert found["done"]["Output"] == {"db_cluster_id": "{% 'c' %}"}
    assert "look" not in states(cls, db_cluster_id="c", wait_for_completion=False)


def test_a_neptune_cluster_that_is_there_is_left_alone(local_aws: Any):
    neptune = local_aws.client("neptune")
    name = f"n-{uuid.uuid4().hex[:8]}"
    neptune.create_db_cluster(DBClusterIdentifier=name, Engine="neptune")
    view = run(local_aws, group_of(lambda: NeptuneStartDbClusterOperator(task_id="t", db_cluster_id=name)))
    assert str(view.state("t").status) == "succeeded", view
    assert view.state("t").output == {"db_cluster_id": name}
