"""Redshift: statements of the Data API, and clusters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from airflow_sfn_ml.asl import Map, Retry, State, StateMachine, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.phrases import camel, polling, written
from airflow_sfn_ml.translators.preparations import INTEGER
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code
from airflow_sfn_ml.translators.sequences import cleaned, required
from airflow_sfn_ml.translators.table import (
    OMIT,
    Call,
    Row,
    Until,
    add,
    attr,
    called,
    finished,
    looped,
    procedure,
    seconds,
    waits,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"
BUSY = "Redshift.InvalidClusterStateException"


# Statements

_STATEMENT = {
    "ClusterIdentifier": attr("cluster_identifier", empty=True),
    "Database": attr("database", empty=True),
    "DbUser": attr("db_user", empty=True),
    "Parameters": attr("parameters", empty=True),
    "WithEvent": attr("with_event"),
    "SecretArn": attr("secret_arn", empty=True),
    "StatementName": attr("statement_name", empty=True),
    "WorkgroupName": attr("workgroup_name", empty=True),
    "SessionId": attr("session_id", empty=True),
    "SessionKeepAliveSeconds": attr("session_keep_alive_seconds"),
}
_ANSWER = (
    "{'Records': "
    + camel("$states.result.Records")
    + ", 'ColumnMetadata': "
    + camel("$states.result.ColumnMetadata")
    + ", 'TotalNumRows': $states.result.TotalNumRows, 'NextToken': $states.result.NextToken}"
)
"""JSONata: the result of a statement as boto3 gives it."""


def _one(operator: Any) -> bool:
    return not isinstance(operator.sql, (list, tuple))


_EXECUTE = Call(
    "aws-sdk:redshiftdata:executeStatement",
    {**_STATEMENT, "Sql": attr("sql")},
    keep={"p_id": "$states.result.Id"},
    when=_one,
)
_BATCH = Call(
    "aws-sdk:redshiftdata:batchExecuteStatement",
    {**_STATEMENT, "Sqls": attr("sql")},
    keep={"p_id": "$states.result.Id"},
    when=lambda operator: not _one(operator),
)
_DESCRIBE = Call("aws-sdk:redshiftdata:describeStatement", {"Id": Code(("$p_id",))})
_IDS = "($exists($p_seen.SubStatements) and $count($p_seen.SubStatements) > 0 ? [$p_seen.SubStatements.Id] : [$p_id])"


def _statement(operator: Any) -> Translation:
    returns, waiting = operator.return_sql_result, waits(operator, "wait_for_completion")
    described = replace(_DESCRIBE, keep={"p_seen": "$states.result"})
    row = Row(
        "",
        calls=(_EXECUTE, _BATCH) if waiting else (_EXECUTE, _BATCH, described),
        until=Until(
            _DESCRIBE,
            status="$p_seen.Status",
            done=("FINISHED",),
            failed=("FAILED", "ABORTED"),
            reason="$p_seen.Error",
            every="poll_interval",
        ),
        waits=("wait_for_completion",),
        output=_IDS,
    )
    found = procedure(row, operator)
    warnings = (
        ("its session's id is not the XCom session_id: only the result of a task is known outside of its machine",)
        if operator.session_keep_alive_seconds
        else ()
    )
    return Translation(_with_results(found) if returns else found, warnings=warnings)


def _with_results(found: Procedure) -> Procedure:
    """*found*, which ends with the ids of the statements, with their results instead."""
    get = Task(
        "getStatementResult",
        resource="aws-sdk:redshiftdata:getStatementResult",
        arguments={"Id": code("$states.input")},
        output=code(_ANSWER),
    )
    every = Map(
        "results",
        items=code(_IDS),
        item_processor=StateMachine(get.name, (get,), processor_config={"Mode": "INLINE"}),
        max_concurrency=1,
        output=code("[$states.result]"),
    )
    states: list[State] = [replace(state, next="results") if _ends(state) else state for state in found.states]  # type: ignore[call-arg]
    return replace(found, states=(*states, every))


def _ends(state: State) -> bool:
    return hasattr(state, "next") and state.next is None


def _statement_problems(operator: Any) -> list[str]:
    found = []
    places = [
        name for name in ("cluster_identifier", "workgroup_name", "session_id") if getattr(operator, name) is not None
    ]
    if len(places) != 1:
        found.append("exactly one of cluster_identifier, workgroup_name and session_id must be given")
    if operator.session_id is not None and written(operator.session_id) and not _is_uuid4(operator.session_id):
        found.append("session_id must be a UUID4")
    alive = operator.session_keep_alive_seconds
    if isinstance(alive, int) and not 0 <= alive <= 86400:
        found.append("session_keep_alive_seconds must lie between 0 and 86400")
    if not isinstance(operator.sql, (str, list, tuple)):
        found.append("sql must be text or a list that is written out: it decides which call is made")
    return found


def _is_uuid4(text: str) -> bool:
    try:
        return UUID(text).version == 4
    except ValueError:
        return False


add(
    Row(
        f"{_OPERATORS}.redshift_data.RedshiftDataOperator",
        calls=(_EXECUTE, _BATCH),
        until=Until(_DESCRIBE),
        waits=("wait_for_completion",),
        build=_statement,
        check=_statement_problems,
        xcom="the ids of the statements; with return_sql_result their results, the first page of each, up to 256 KiB",
        lost=("the XCom session_id", "cancelling the statement when the task is stopped (cancel_on_kill)"),
    ),
)


# Clusters


def _truthy(name: str, *steps: Any) -> Any:
    """The attribute *name*, which upstream leaves out where it is empty, zero or False."""

    def of(operator: Any) -> Any:
        return attr(name, *steps) if getattr(operator, name) else OMIT

    return of


_CREATE = Call(
    "aws-sdk:redshift:createCluster",
    {
        "ClusterIdentifier": attr("cluster_identifier"),
        "NodeType": attr("node_type"),
        "MasterUsername": attr("master_username"),
        "MasterUserPassword": attr("master_user_password"),
        "DBName": _truthy("db_name"),
        "ClusterType": _truthy("cluster_type"),
        "NumberOfNodes": lambda operator: (
            attr("number_of_nodes", INTEGER) if operator.cluster_type == "multi-node" else OMIT
        ),
        "ClusterSecurityGroups": _truthy("cluster_security_groups"),
        "VpcSecurityGroupIds": _truthy("vpc_security_group_ids"),
        "ClusterSubnetGroupName": _truthy("cluster_subnet_group_name"),
        "AvailabilityZone": _truthy("availability_zone"),
        "PreferredMaintenanceWindow": _truthy("preferred_maintenance_window"),
        "ClusterParameterGroupName": _truthy("cluster_parameter_group_name"),
        "AutomatedSnapshotRetentionPeriod": _truthy("automated_snapshot_retention_period", INTEGER),
        "ManualSnapshotRetentionPeriod": _truthy("manual_snapshot_retention_period", INTEGER),
        "Port": _truthy("port", INTEGER),
        "ClusterVersion": _truthy("cluster_version"),
        "AllowVersionUpgrade": _truthy("allow_version_upgrade"),
        "Encrypted": _truthy("encrypted"),
        "HsmClientCertificateIdentifier": _truthy("hsm_client_certificate_identifier"),
        "HsmConfigurationIdentifier": _truthy("hsm_configuration_identifier"),
        "ElasticIp": _truthy("elastic_ip"),
        "Tags": _truthy("tags"),
        "KmsKeyId": _truthy("kms_key_id"),
        "EnhancedVpcRouting": _truthy("enhanced_vpc_routing"),
        "AdditionalInfo": _truthy("additional_info"),
        "IamRoles": _truthy("iam_roles"),
        "MaintenanceTrackName": _truthy("maintenance_track_name"),
        "SnapshotScheduleIdentifier": _truthy("snapshot_schedule_identifier"),
        "AvailabilityZoneRelocation": _truthy("availability_zone_relocation"),
        "AquaConfigurationStatus": _truthy("aqua_configuration_status"),
        "DefaultIamRoleArn": _truthy("default_iam_role_arn"),
        "PubliclyAccessible": attr("publicly_accessible"),
    },
)
_LOOK = Call("aws-sdk:redshift:describeClusters", {"ClusterIdentifier": attr("cluster_identifier")})
_STATUS = "$p_seen.Clusters[0].ClusterStatus"
PASSWORD = (
    "a password would be readable in the state machine and its history; create the cluster in a task before the group, "
    "with a password from Secrets Manager"
)


def password_problems(operator: Any, name: str, value: Any, advice: str) -> list[str]:
    """What is wrong with a password that is written out."""
    return [f"{name} ({advice})"] if value is not None and written(value) else []


def _creation_problems(operator: Any) -> list[str]:
    found = password_problems(operator, "master_user_password", operator.master_user_password, PASSWORD)
    if not written(operator.cluster_type):
        found.append("cluster_type must be written out: it decides which fields the call has")
    return found


def _create_cluster(operator: Any) -> Translation:
    until = Until(
        _LOOK,
        status=_STATUS,
        done=("available",),
        failed=("deleting",),
        every="poll_interval",
        seconds=polling("poll_interval", "max_attempt"),
    )
    found = procedure(Row("", calls=(_CREATE,), until=until), operator)
    if not (waits(operator, "wait_for_completion") and operator.delete_cluster_on_failure and not operator.deferrable):
        return Translation(found)
    times = max(1, (seconds(operator, "cleanup_timeout_seconds") or 1) // 60)
    delete = Task(
        "deleteCluster",
        resource="aws-sdk:redshift:deleteCluster",
        arguments={"ClusterIdentifier": operator.cluster_identifier, "SkipFinalClusterSnapshot": True},
        retry=(Retry(error_equals=(BUSY,), interval_seconds=60, max_attempts=times, backoff_rate=1),),
    )
    return Translation(replace(found, states=tuple(cleaned(found.states, delete))))


def _snapshot(operator: Any) -> Translation:
    create = Call(
        "aws-sdk:redshift:createClusterSnapshot",
        {
            "SnapshotIdentifier": attr("snapshot_identifier"),
            "ClusterIdentifier": attr("cluster_identifier"),
            "ManualSnapshotRetentionPeriod": attr("retention_period"),
            "Tags": lambda operator: operator.tags or [],
        },
    )
    until = Until(
        Call("aws-sdk:redshift:describeClusterSnapshots", {"ClusterIdentifier": attr("cluster_identifier")}),
        status="$string([$p_seen.Snapshots.Status])",
        done="$count($p_seen.Snapshots) > 0 and $count($p_seen.Snapshots[Status != 'available']) = 0",
        failed="$count($p_seen.Snapshots[Status in ['failed', 'deleted']]) > 0",
        every="poll_interval",
        seconds=polling("poll_interval", "max_attempt"),
    )
    waiting = waits(operator, "wait_for_completion", "deferrable")
    available = f"'Redshift cluster must be in available state, and is ' & $string({_STATUS})"
    states = called(replace(_LOOK, keep={"p_seen": "$states.result"}), operator, "available?")
    states += required("available?", f"{_STATUS} = 'available'", create.short, available)
    states += called(create, operator, "look" if waiting else "done")
    states += looped(until, operator, "done") if waiting else []
    return Translation(finished(operator, states, None))


def _moved(name: str, operation: str, done: str) -> Row:
    """Pause or resume a cluster; one that is busy is asked ten times, as upstream does."""
    retry = Retry(error_equals=(BUSY,), interval_seconds=15, max_attempts=9, backoff_rate=1)
    call = Call(f"aws-sdk:redshift:{operation}", {"ClusterIdentifier": attr("cluster_identifier")}, retry=(retry,))
    return Row(
        f"{_OPERATORS}.redshift_cluster.{name}",
        calls=(call,),
        until=Until(
            _LOOK,
            status=_STATUS,
            done=(done,),
            failed=("deleting",),
            every="poll_interval",
            seconds=polling("poll_interval", "max_attempts"),
        ),
        waits=("wait_for_completion",),
    )


def _delete_cluster(operator: Any) -> Translation:
    every, times = seconds(operator, "poll_interval") or 30, operator.max_attempts
    if not isinstance(times, int):
        raise TranslationError(f"{operator.task_id}: max_attempts must be a number inside of a state machine")
    retry = Retry(error_equals=(BUSY,), interval_seconds=every, max_attempts=max(0, times - 1), backoff_rate=1)
    delete = Call(
        "aws-sdk:redshift:deleteCluster",
        {
            "ClusterIdentifier": attr("cluster_identifier"),
            "SkipFinalClusterSnapshot": attr("skip_final_cluster_snapshot"),
            "FinalClusterSnapshotIdentifier": attr("final_cluster_snapshot_identifier"),
        },
        retry=(retry,) if times > 1 else (),
    )
    until = Until(
        _LOOK,
        status=_STATUS,
        done="$count($p_seen.Clusters) = 0",
        failed=("creating", "modifying"),
        gone="ClusterNotFound",
        every="poll_interval",
        seconds=polling("poll_interval", "max_attempts"),
    )
    return Translation(procedure(Row("", calls=(delete,), until=until), operator))


add(
    Row(
        f"{_OPERATORS}.redshift_cluster.RedshiftCreateClusterOperator",
        calls=(_CREATE,),
        until=Until(_LOOK),
        build=_create_cluster,
        check=_creation_problems,
        note="A cluster that does not become available is deleted, as upstream does (delete_cluster_on_failure).",
    ),
    Row(
        f"{_OPERATORS}.redshift_cluster.RedshiftCreateClusterSnapshotOperator",
        calls=(Call("aws-sdk:redshift:createClusterSnapshot"),),
        until=Until(Call("aws-sdk:redshift:describeClusterSnapshots")),
        build=_snapshot,
    ),
    Row(
        f"{_OPERATORS}.redshift_cluster.RedshiftDeleteClusterSnapshotOperator",
        calls=(
            Call(
                "aws-sdk:redshift:deleteClusterSnapshot",
                {
                    "SnapshotIdentifier": attr("snapshot_identifier"),
                    "SnapshotClusterIdentifier": attr("cluster_identifier"),
                },
            ),
        ),
        until=Until(
            Call("aws-sdk:redshift:describeClusterSnapshots", {"SnapshotIdentifier": attr("snapshot_identifier")}),
            status="$p_seen.Snapshots[0].Status",
            done="$count($p_seen.Snapshots) = 0",
            gone="ClusterSnapshotNotFound",
            every="poll_interval",
        ),
        waits=("wait_for_completion",),
    ),
    _moved("RedshiftResumeClusterOperator", "resumeCluster", "available"),
    _moved("RedshiftPauseClusterOperator", "pauseCluster", "paused"),
    Row(
        f"{_OPERATORS}.redshift_cluster.RedshiftDeleteClusterOperator",
        calls=(Call("aws-sdk:redshift:deleteCluster"),),
        until=Until(_LOOK),
        build=_delete_cluster,
    ),
)
