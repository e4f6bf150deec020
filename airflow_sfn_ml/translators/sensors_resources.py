"""The Amazon provider's sensors of resources: databases, clusters, stacks, instances, applications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import written
from airflow_sfn_ml.translators.sensing import Look, sensor
from airflow_sfn_ml.translators.table import OMIT, Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"
_RETRIED = ("poke_interval", "max_retries")
ACCOUNT = "$split($states.context.Execution.Id, ':')[4]"
"""JSONata: the account that the machine runs in."""


# Redshift


def _redshift(operator: Any) -> Look:
    waits_for_none = operator.target_status == "cluster_not_found"
    return Look(
        Call("aws-sdk:redshift:describeClusters", {"ClusterIdentifier": attr("cluster_identifier")}, name="look"),
        status="$p_seen.Clusters[0].ClusterStatus",
        done=lambda operator: [operator.target_status],
        missing="" if waits_for_none else "ClusterNotFound",
        gone="ClusterNotFound" if waits_for_none else "",
    )


sensor(f"{_SENSORS}.redshift_cluster.RedshiftClusterSensor", _redshift)


# RDS


def is_instance(operator: Any) -> bool:
    """Whether an RDS operator or sensor means an instance, not a cluster.

    :raises TranslationError: it is a template.
    """
    kind = str(getattr(operator.db_type, "value", operator.db_type))
    if kind not in ("instance", "cluster"):
        raise TranslationError(
            f"{operator.task_id}: db_type must be 'instance' or 'cluster' inside of a state machine, not {kind!r}: it "
            "decides which states there are"
        )
    return kind == "instance"


def _database(operator: Any) -> Look:
    kind = "Instance" if is_instance(operator) else "Cluster"
    status = "$p_seen.DbInstances[0].DbInstanceStatus" if kind == "Instance" else "$p_seen.DbClusters[0].Status"
    return Look(
        Call(f"aws-sdk:rds:describeDB{kind}s", {f"DB{kind}Identifier": attr("db_identifier")}, name="look"),
        status=f"$lowercase({status})",
        done=lambda operator: operator.target_statuses,
        missing=f"DB{kind}NotFound",
    )


def _snapshot(operator: Any) -> Look:
    kind = "Snapshot" if is_instance(operator) else "ClusterSnapshot"
    arguments = {f"DB{kind}Identifier": attr("db_snapshot_identifier")}
    return Look(
        Call(f"aws-sdk:rds:describeDB{kind}s", arguments, name="look"),
        status=f"$lowercase($p_seen.Db{kind}s[0].Status)",
        done=lambda operator: operator.target_statuses,
        missing=f"DB{kind}NotFound",
    )


def _but(targets: Any, errors: Any) -> Any:
    """*targets* without *errors*, which are looked for first, as far as both are written out."""
    return [item for item in targets if item not in errors] if written(targets) and written(errors) else targets


sensor(f"{_SENSORS}.rds.RdsDbSensor", _database)
sensor(f"{_SENSORS}.rds.RdsSnapshotExistenceSensor", _snapshot)
sensor(
    f"{_SENSORS}.rds.RdsExportTaskExistenceSensor",
    Look(
        Call(
            "aws-sdk:rds:describeExportTasks",
            {"ExportTaskIdentifier": attr("export_task_identifier")},
            name="look",
        ),
        status="$lowercase($p_seen.ExportTasks[0].Status)",
        done=lambda operator: _but(operator.target_statuses, operator.error_statuses),
        failed=lambda operator: operator.error_statuses,
        reason="$p_seen.ExportTasks[0].FailureCause",
        missing="ExportTaskNotFound",
    ),
)


# DMS

_TASK = "$p_seen.ReplicationTasks[0]"


def _terminated(operator: Any) -> Code:
    return Code((f"$not($exists({_TASK}.Status)) or {_TASK}.Status in ", Given(list(operator.termination_statuses))))


_DMS = Look(
    Call(
        "aws-sdk:databasemigration:describeReplicationTasks",
        {
            "Filters": lambda operator: [{"Name": "replication-task-arn", "Values": [operator.replication_task_arn]}],
            "WithoutSettings": True,
        },
        name="look",
    ),
    status=f"{_TASK}.Status",
    done=lambda operator: list(operator.target_statuses),
    failed=_terminated,
    reason=f"({_TASK}.LastFailureMessage ? {_TASK}.LastFailureMessage : {_TASK}.StopReason)",
)
sensor(f"{_SENSORS}.dms.DmsTaskBaseSensor", _DMS)
sensor(f"{_SENSORS}.dms.DmsTaskCompletedSensor", _DMS)


# EC2

sensor(
    f"{_SENSORS}.ec2.EC2InstanceStateSensor",
    Look(
        Call("aws-sdk:ec2:describeInstances", {"InstanceIds": lambda operator: [operator.instance_id]}, name="look"),
        status="$p_seen.Reservations[0].Instances[0].State.Name",
        done=lambda operator: [operator.target_state],
        deferred=None,
    ),
    note="The deferrable form has no time limit, as upstream's has none.",
)


# CloudFormation

_STACK = "$p_seen.Stacks[0].StackStatus"
_NO_STACK = "does not exist"
_BUSY = "Throttling|Rate exceeded"
"""A stack that is not there and a call that was throttled have one name."""


def _stack(name: str, done: str, busy: str, *, missing: str = "", gone: str = "") -> None:
    sensor(
        f"{_SENSORS}.cloud_formation.{name}",
        Look(
            Call("aws-sdk:cloudformation:describeStacks", {"StackName": attr("stack_name")}, name="look"),
            status=_STACK,
            done=(done,),
            busy=(busy,),
            reason="$p_seen.Stacks[0].StackStatusReason",
            missing=missing,
            gone=gone,
            general="CloudFormation.CloudFormationException",
        ),
    )


_stack("CloudFormationCreateStackSensor", "CREATE_COMPLETE", "CREATE_IN_PROGRESS", missing=f"{_NO_STACK}|{_BUSY}")
_stack("CloudFormationDeleteStackSensor", "DELETE_COMPLETE", "DELETE_IN_PROGRESS", missing=_BUSY, gone=_NO_STACK)


# SSM

_INVOCATIONS = "$p_seen.CommandInvocations"
_UNDER_WAY = "['Pending', 'Delayed', 'InProgress', 'Cancelling']"


def _ssm_failed(operator: Any) -> str:
    failures = ["Cancelled", "TimedOut", "Failed"] if operator.fail_on_nonzero_exit else ["Cancelled", "TimedOut"]
    return f"$count({_INVOCATIONS}[Status in {failures}]) > 0"


def _ssm_done(operator: Any) -> str:
    ended = f"$count({_INVOCATIONS}[Status in {_UNDER_WAY}]) = 0"
    return f"$count({_INVOCATIONS}) > 0 and {ended} and $not({_ssm_failed(operator)})"


sensor(
    f"{_SENSORS}.ssm.SsmRunCommandCompletedSensor",
    Look(
        Call("aws-sdk:ssm:listCommandInvocations", {"CommandId": attr("command_id")}, name="look"),
        status=f"$string([{_INVOCATIONS}.(InstanceId & ' ' & Status)])",
        done=_ssm_done,
        failed=_ssm_failed,
        deferred=_RETRIED,
    ),
    own=Own("command_id", ("SsmRunCommandOperator",), unless=(("fail_on_nonzero_exit", True),)),
    note="Does nothing where the task of the group that sent the command has waited for it.",
)


# QuickSight

sensor(
    f"{_SENSORS}.quicksight.QuickSightSensor",
    Look(
        Call(
            "aws-sdk:quicksight:describeIngestion",
            {
                "AwsAccountId": Code((ACCOUNT,)),
                "DataSetId": attr("data_set_id"),
                "IngestionId": attr("ingestion_id"),
            },
            name="look",
        ),
        status="$p_seen.Ingestion.IngestionStatus",
        done=("COMPLETED",),
        failed=("FAILED", "CANCELLED"),
        reason="$p_seen.Ingestion.ErrorInfo.Message",
        deferred=_RETRIED,
    ),
    note="The account is that of the state machine.",
)


# Managed Service for Apache Flink


def _flink(name: str, done: str, failed: tuple[str, ...]) -> None:
    sensor(
        f"{_SENSORS}.kinesis_analytics.{name}",
        Look(
            Call(
                "aws-sdk:kinesisanalyticsv2:describeApplication",
                {"ApplicationName": attr("application_name")},
                name="look",
            ),
            status="$p_seen.ApplicationDetail.ApplicationStatus",
            done=(done,),
            failed=failed,
            deferred=_RETRIED,
        ),
    )


_flink(
    "KinesisAnalyticsV2StartApplicationCompletedSensor",
    "RUNNING",
    ("DELETING", "STOPPING", "READY", "FORCE_STOPPING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
)
_flink(
    "KinesisAnalyticsV2StopApplicationCompletedSensor",
    "READY",
    ("DELETING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
)


# OpenSearch Serverless


def _listed(name: str) -> Callable[[Any], Any]:
    def given(operator: Any) -> Any:
        value = getattr(operator, name)
        return OMIT if value is None or (written(value) and not value) else [value]

    return given


_COLLECTION = "$p_seen.CollectionDetails[0].Status"

sensor(
    f"{_SENSORS}.opensearch_serverless.OpenSearchServerlessCollectionActiveSensor",
    Look(
        Call(
            "aws-sdk:opensearchserverless:batchGetCollection",
            {"Ids": _listed("collection_id"), "Names": _listed("collection_name")},
            name="look",
        ),
        status=_COLLECTION,
        done=f"$exists({_COLLECTION}) and $not({_COLLECTION} in ['CREATING', 'DELETING', 'FAILED'])",
        failed=f"$not($exists({_COLLECTION})) or {_COLLECTION} in ['DELETING', 'FAILED']",
        deferred=_RETRIED,
    ),
)
