"""RDS and Neptune: databases, snapshots, exports, event subscriptions.

The RDS operators push the answer of their call as JSON text, in boto3's spelling.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_sfn_ml.asl import Choice, Fail, Retry
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.redshift import password_problems
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.sensors_resources import is_instance
from airflow_sfn_ml.translators.sequences import as_boto_text, tags
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, procedure, waits

_OPERATORS = "airflow.providers.amazon.aws.operators"
_JSON = "the answer of the call as JSON text"
_LOST = ("dates as Python prints them: they are in ISO 8601",)
_BROKEN = ("deleted", "deleting", "failed", "incompatible-restore", "incompatible-parameters")
_IN_USE = ("creating", "modifying", "rebooting", "resetting-master-credentials")
_SNAPSHOT_LIMIT = 1200


def _tags(operator: Any) -> Any:
    return tags(operator.tags) or []


def _answering(path: str, call: Call, until: Until | None = None, **more: Any) -> Row:
    """A row whose XCom is the answer of *call* as JSON text."""
    kept = as_boto_text(call.resource, "$states.result")
    call = Call(call.resource, call.arguments, more=call.more, keep={"p_answer": kept})
    row = {"waits": ("wait_for_completion", "deferrable"), "xcom": _JSON, "lost": _LOST, **more}
    return Row(f"{_OPERATORS}.rds.{path}", calls=(call,), until=until, output="$p_answer", **row)


def _by_kind(path: str, instance: Row, cluster: Row) -> Row:
    """The row *instance* for an instance, *cluster* for a cluster."""

    def build(operator: Any) -> Translation:
        return Translation(procedure(instance if is_instance(operator) else cluster, operator))

    return Row(
        f"{_OPERATORS}.rds.{path}",
        calls=(*instance.calls, *cluster.calls),
        until=instance.until,
        waits=instance.waits,
        xcom=_JSON,
        lost=_LOST,
        build=build,
    )


def _snapshots(kind: str, name: str, done: str) -> Until:
    """Wait for a snapshot of an instance or a cluster."""
    status = f"$p_seen.Db{kind}s[0].Status"
    look = Call(f"aws-sdk:rds:describeDB{kind}s", {f"DB{kind}Identifier": attr(name)})
    if done == "deleted":
        none = f"$count($p_seen.Db{kind}s) = 0"
        return Until(look, status, none, _IN_USE, gone=f"DB{kind}NotFound", seconds=_SNAPSHOT_LIMIT)
    return Until(look, status, (done,), _BROKEN, seconds=_SNAPSHOT_LIMIT)


def _databases(kind: str, name: str, every: str, times: str, done: str, failed: tuple[str, ...] = _BROKEN) -> Until:
    """Wait for an instance or a cluster."""
    status = "$p_seen.DbInstances[0].DbInstanceStatus" if kind == "Instance" else "$p_seen.DbClusters[0].Status"
    look = Call(f"aws-sdk:rds:describeDB{kind}s", {f"DB{kind}Identifier": attr(name)})
    limit = polling(every, times)
    if done == "deleted":
        none = f"$count($p_seen.Db{kind}s) = 0"
        return Until(look, status, none, failed, gone=f"DB{kind}NotFound", every=every, seconds=limit)
    return Until(look, status, (done,), failed, every=every, seconds=limit)


# Snapshots


def _snapshot_rows(path: str, operation: str, fields: Callable[[str], Mapping[str, Any]], name: str, done: str) -> Row:
    found = {}
    for source in ("", "Cluster"):
        kind = f"{source}Snapshot"
        call = Call(f"aws-sdk:rds:{operation}DB{kind}", fields(source))
        found[source] = _answering(path, call, _snapshots(kind, name, done), waits=("wait_for_completion",))
    return _by_kind(path, found[""], found["Cluster"])


add(
    _snapshot_rows(
        "RdsCreateDbSnapshotOperator",
        "create",
        lambda source: {
            f"DB{source or 'Instance'}Identifier": attr("db_identifier"),
            f"DB{source}SnapshotIdentifier": attr("db_snapshot_identifier"),
            "Tags": _tags,
        },
        "db_snapshot_identifier",
        "available",
    ),
    _snapshot_rows(
        "RdsCopyDbSnapshotOperator",
        "copy",
        lambda source: {
            f"SourceDB{source}SnapshotIdentifier": attr("source_db_snapshot_identifier"),
            f"TargetDB{source}SnapshotIdentifier": attr("target_db_snapshot_identifier"),
            "KmsKeyId": attr("kms_key_id"),
            "Tags": _tags,
            "CopyTags": attr("copy_tags"),
            "PreSignedUrl": attr("pre_signed_url"),
            "SourceRegion": attr("source_region"),
            **(
                {}
                if source
                else {
                    "OptionGroupName": attr("option_group_name"),
                    "TargetCustomAvailabilityZone": attr("target_custom_availability_zone"),
                }
            ),
        },
        "target_db_snapshot_identifier",
        "available",
    ),
    _snapshot_rows(
        "RdsDeleteDbSnapshotOperator",
        "delete",
        lambda source: {f"DB{source}SnapshotIdentifier": attr("db_snapshot_identifier")},
        "db_snapshot_identifier",
        "deleted",
    ),
)


# Exports, subscriptions


def _export(done: str, every: str, times: str) -> Until:
    look = Call("aws-sdk:rds:describeExportTasks", {"ExportTaskIdentifier": attr("export_task_identifier")})
    status = "$lowercase($p_seen.ExportTasks[0].Status)"
    return Until(look, status, (done,), every=every, seconds=polling(every, times))


add(
    _answering(
        "RdsStartExportTaskOperator",
        Call(
            "aws-sdk:rds:startExportTask",
            {
                "ExportTaskIdentifier": attr("export_task_identifier"),
                "SourceArn": attr("source_arn"),
                "S3BucketName": attr("s3_bucket_name"),
                "IamRoleArn": attr("iam_role_arn"),
                "KmsKeyId": attr("kms_key_id"),
                "S3Prefix": attr("s3_prefix"),
                "ExportOnly": attr("export_only"),
            },
        ),
        _export("complete", "waiter_interval", "waiter_max_attempts"),
        waits=("wait_for_completion",),
        note="An export that failed is waited for until the limit, as upstream does.",
    ),
    _answering(
        "RdsCancelExportTaskOperator",
        Call("aws-sdk:rds:cancelExportTask", {"ExportTaskIdentifier": attr("export_task_identifier")}),
        _export("canceled", "check_interval", "max_attempts"),
        waits=("wait_for_completion",),
    ),
    _answering(
        "RdsCreateEventSubscriptionOperator",
        Call(
            "aws-sdk:rds:createEventSubscription",
            {
                "SubscriptionName": attr("subscription_name"),
                "SnsTopicArn": attr("sns_topic_arn"),
                "SourceType": attr("source_type"),
                "EventCategories": attr("event_categories"),
                "SourceIds": attr("source_ids"),
                "Enabled": attr("enabled"),
                "Tags": _tags,
            },
        ),
        Until(
            Call("aws-sdk:rds:describeEventSubscriptions", {"SubscriptionName": attr("subscription_name")}),
            "$lowercase($p_seen.EventSubscriptionsList[0].Status)",
            ("active",),
            seconds=_SNAPSHOT_LIMIT,
        ),
        waits=("wait_for_completion",),
    ),
    _answering(
        "RdsDeleteEventSubscriptionOperator",
        Call("aws-sdk:rds:deleteEventSubscription", {"SubscriptionName": attr("subscription_name")}),
    ),
)


# Instances and clusters

PASSWORD = (
    "a password would be readable in the state machine and its history; let RDS keep it in Secrets Manager with "
    "ManageMasterUserPassword=True"
)


def _secrets(operator: Any) -> list[str]:
    given = operator.rds_kwargs if isinstance(operator.rds_kwargs, Mapping) else {}
    return [
        problem
        for name in ("MasterUserPassword", "TdeCredentialPassword")
        for problem in password_problems(operator, f"rds_kwargs[{name!r}]", given.get(name), PASSWORD)
    ]


_WAITER = ("waiter_delay", "waiter_max_attempts")
_STOP_FAILED = (
    "available",
    "delete-precheck",
    "deleting",
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "restore-error",
    "storage-full",
)


def _switch(path: str, operation: str, done: str, instance_fields: Mapping[str, Any], failed: tuple[str, ...]) -> Row:
    rows = []
    for kind in ("Instance", "Cluster"):
        fields = {f"DB{kind}Identifier": attr("db_identifier"), **(instance_fields if kind == "Instance" else {})}
        broken = failed if kind == "Instance" or done == "available" else ()
        until = _databases(kind, "db_identifier", *_WAITER, done, broken)
        rows.append(_answering(path, Call(f"aws-sdk:rds:{operation}DB{kind}", fields), until))
    return _by_kind(path, *rows)


add(
    _answering(
        "RdsCreateDbInstanceOperator",
        Call(
            "aws-sdk:rds:createDBInstance",
            {
                "DBInstanceIdentifier": attr("db_instance_identifier"),
                "DBInstanceClass": attr("db_instance_class"),
                "Engine": attr("engine"),
            },
            more="rds_kwargs",
        ),
        _databases("Instance", "db_instance_identifier", *_WAITER, "available"),
        check=_secrets,
    ),
    _answering(
        "RdsDeleteDbInstanceOperator",
        Call(
            "aws-sdk:rds:deleteDBInstance",
            {"DBInstanceIdentifier": attr("db_instance_identifier")},
            more="rds_kwargs",
        ),
        _databases("Instance", "db_instance_identifier", *_WAITER, "deleted", _IN_USE),
    ),
    _switch("RdsStartDbOperator", "start", "available", {}, _BROKEN),
    _switch(
        "RdsStopDbOperator",
        "stop",
        "stopped",
        {"DBSnapshotIdentifier": attr("db_snapshot_identifier")},
        _STOP_FAILED,
    ),
)


# Neptune

_ERRORS = (
    "cloning-failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "migration-failed",
)
_CLUSTER = {"DBClusterIdentifier": attr("cluster_id")}
_STATUS = "$lowercase($p_seen.DbClusters[0].Status)"
_BUSY = Retry(
    error_equals=("Neptune.InvalidDbClusterStateException", "Neptune.InvalidDbInstanceStateException"),
    interval_seconds=30,
    max_attempts=60,
    backoff_rate=1,
)


def _neptune(path: str, operation: str, target: str) -> Row:
    look = Call("aws-sdk:neptune:describeDBClusters", _CLUSTER)
    call = Call(f"aws-sdk:neptune:{operation}DBCluster", _CLUSTER, retry=(_BUSY,))
    until = Until(
        look,
        _STATUS,
        (target,),
        ("deleting", *_ERRORS[1:]),
        every="waiter_delay",
        seconds=polling(),
    )

    def build(operator: Any) -> Translation:
        waiting = waits(operator, "wait_for_completion", "deferrable")
        first = Call(look.resource, _CLUSTER, name="state", keep={"p_seen": "$states.result"})
        states = called(first, operator, "already?")
        rules = (
            when((f"{_STATUS} = '{target}'",), "done"),
            when((f"{_STATUS} in [{', '.join(repr(item) for item in _ERRORS)}]",), "in error"),
        )
        states += [
            Choice("already?", choices=rules, default=call.short),
            Fail("in error", error="JobFailed", cause=code(f"'the cluster is in error state ' & {_STATUS}")),
        ]
        states += called(call, operator, "look" if waiting else "done")
        states += looped(until, operator, "done") if waiting else []
        output = {"db_cluster_id": Code((Given(operator.cluster_id),))}
        return Translation(finished(operator, states, output))

    return Row(
        f"{_OPERATORS}.neptune.{path}",
        calls=(call,),
        until=until,
        build=build,
        xcom="{db_cluster_id}",
        note="A cluster or instance that is in no state for it is asked again every 30 seconds, up to 60 times, as the "
        "deferrable form does.",
    )


add(
    _neptune("NeptuneStartDbClusterOperator", "start", "available"),
    _neptune("NeptuneStopDbClusterOperator", "stop", "stopped"),
)
