"""The Database Migration Service: replication tasks, and replications without servers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from airflow_sfn_ml.asl import Choice, State
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.phrases import polling, written
from airflow_sfn_ml.translators.preparations import JSON, Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import when
from airflow_sfn_ml.translators.sequences import as_boto, required
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, waits

_OPERATORS = "airflow.providers.amazon.aws.operators.dms"
_SDK = "aws-sdk:databasemigration"
_ARN = {"ReplicationTaskArn": attr("replication_task_arn")}
_STATUS = "$p_seen.ReplicationTasks[0].Status"
_WAITER_LIMIT = 15 * 60
"""What botocore's waiters of replication tasks wait at most, in seconds."""


def _filters(name: str, attribute: str) -> Any:
    return lambda operator: [{"Name": name, "Values": [getattr(operator, attribute)]}]


def _tasks(done: Any, failed: tuple[str, ...] = (), **more: Any) -> Until:
    """Wait for a replication task."""
    look = Call(
        f"{_SDK}:describeReplicationTasks",
        {"Filters": _filters("replication-task-arn", "replication_task_arn"), "WithoutSettings": True},
    )
    return Until(look, _STATUS, done, failed, **{"every": 15, "seconds": _WAITER_LIMIT, **more})


# Replication tasks

_NOT_READY = ("starting", "running", "stopping", "stopped", "failed", "modifying", "testing", "deleting")
_CREATE = Call(
    f"{_SDK}:createReplicationTask",
    {
        "ReplicationTaskIdentifier": attr("replication_task_id"),
        "SourceEndpointArn": attr("source_endpoint_arn"),
        "TargetEndpointArn": attr("target_endpoint_arn"),
        "ReplicationInstanceArn": attr("replication_instance_arn"),
        "MigrationType": attr("migration_type"),
        "TableMappings": attr("table_mappings", JSON, empty=True),
    },
    more="create_task_kwargs",
    keep={"p_arn": "$states.result.ReplicationTask.ReplicationTaskArn"},
)
_CREATED = replace(
    _tasks(("ready",), _NOT_READY),
    look=Call(
        f"{_SDK}:describeReplicationTasks",
        {
            "Filters": lambda operator: [{"Name": "replication-task-arn", "Values": [Code(("$p_arn",))]}],
            "WithoutSettings": True,
        },
    ),
)


def _at(name: str) -> Any:
    """The attribute *name*, a moment or a template of one."""

    def of(operator: Any) -> Any:
        value = getattr(operator, name)
        return value.isoformat() if isinstance(value, datetime) else attr(name)

    return of


def _modify(operator: Any) -> Translation:
    """Wait while it is modified already, see that it can be, modify it, wait again."""
    waiting = waits(operator, "wait_for_completion")
    change = Call(
        f"{_SDK}:modifyReplicationTask",
        {
            **_ARN,
            "TableMappings": attr("table_mappings", JSON, empty=True),
            "MigrationType": attr("migration_type", empty=True),
            "ReplicationTaskSettings": attr("replication_task_settings", JSON, empty=True),
            "CdcStartTime": _at("cdc_start_time"),
            "CdcStartPosition": attr("cdc_start_position"),
            "CdcStopPosition": attr("cdc_stop_position"),
        },
        keep={"p_task": as_boto(f"{_SDK}:modifyReplicationTask", "$states.result") + ".ReplicationTask"},
    )
    idle = f"$not($lowercase({_STATUS}) = 'modifying')"
    limits: dict[str, Any] = {"every": "waiter_delay", "seconds": polling()}
    after = _tasks(
        ("stopped", "ready", "failed", "running", "stopping"),
        ("creating", "starting", "moving", "testing", "failed-move", "deleting"),
        **limits,
    )
    states = looped(_tasks(idle, **limits), operator, "modifiable?", name="state")
    states += required(
        "modifiable?",
        f"$lowercase({_STATUS}) in ['stopped', 'ready', 'failed']",
        change.short,
        f"'the task is ' & $string({_STATUS}) & ' and must be stopped, ready or failed; stop it first'",
    )
    states += called(change, operator, "look" if waiting else "done")
    states += looped(after, operator, "done") if waiting else []
    return Translation(finished(operator, states, "$p_task"))


def _reload(operator: Any) -> Translation:
    """Reload tables, and wait for one after the other."""
    waiting = waits(operator, "wait_for_completion")
    tables = operator.tables_to_reload
    if waiting and not (isinstance(tables, list) and all(isinstance(table, dict) for table in tables)):
        raise TranslationError(
            f"{operator.task_id}: tables_to_reload must be a list that is written out, or wait_for_completion False: "
            "there is a loop for each table"
        )
    call = Call(
        f"{_SDK}:reloadTables",
        {**_ARN, "TablesToReload": attr("tables_to_reload"), "ReloadOption": attr("reload_option")},
        keep={"p_arn": "$states.result.ReplicationTaskArn"},
    )
    names = [f"look {position + 1}" for position in range(len(tables))] if waiting else []
    states = called(call, operator, names[0] if names else "done")
    for name, table, following in zip(names, tables, [*names[1:], "done"], strict=False):
        states += looped(_table_loop(operator, table), operator, following, name=name)
    return Translation(finished(operator, states, "$p_arn"))


def _table_loop(operator: Any, table: dict[str, Any]) -> Until:
    filters = [
        {"Name": "schema-name", "Values": [table["SchemaName"]]},
        {"Name": "table-name", "Values": [table["TableName"]]},
    ]
    look = Call(f"{_SDK}:describeTableStatistics", {**_ARN, "Filters": filters})
    if operator.reload_option == "validate-only":
        return Until(
            look,
            "$p_seen.TableStatistics[0].ValidationState",
            ("Validated",),
            (
                "Mismatched records",
                "Suspended records",
                "No primary key",
                "Table error",
                "Error",
                "Not enabled",
            ),
            every="waiter_delay",
            seconds=polling(),
        )
    return Until(
        look,
        "$p_seen.TableStatistics[0].TableState",
        ("Table completed",),
        ("Table cancelled", "Table does not exist", "Table error"),
        every="waiter_delay",
        seconds=polling(),
    )


add(
    Row(
        f"{_OPERATORS}.DmsCreateTaskOperator",
        calls=(_CREATE,),
        until=_CREATED,
        waits=(),
        output="$p_arn",
        xcom="the ARN of the task",
    ),
    Row(
        f"{_OPERATORS}.DmsModifyTaskOperator",
        calls=(Call(f"{_SDK}:modifyReplicationTask"),),
        until=_tasks(("ready",)),
        waits=("wait_for_completion",),
        build=_modify,
        xcom="the task",
    ),
    Row(
        f"{_OPERATORS}.DmsDeleteTaskOperator",
        calls=(Call(f"{_SDK}:deleteReplicationTask", _ARN),),
        until=_tasks(
            "$count($p_seen.ReplicationTasks) = 0",
            ("ready", "creating", "stopped", "running", "failed"),
            gone="ResourceNotFound",
        ),
        waits=(),
    ),
    Row(
        f"{_OPERATORS}.DmsDescribeTasksOperator",
        calls=(Call(f"{_SDK}:describeReplicationTasks", more="describe_tasks_kwargs"),),
        waits=(),
        output=f"($r := {as_boto(f'{_SDK}:describeReplicationTasks', '$states.result')}; "
        "[$exists($r.Marker) ? $r.Marker : null, [$r.ReplicationTasks]])",
        xcom="the marker and the list of tasks",
    ),
    Row(
        f"{_OPERATORS}.DmsStartTaskOperator",
        calls=(
            Call(
                f"{_SDK}:startReplicationTask",
                {**_ARN, "StartReplicationTaskType": attr("start_replication_task_type")},
                more="start_task_kwargs",
            ),
        ),
        waits=(),
    ),
    Row(
        f"{_OPERATORS}.DmsReloadTablesOperator",
        calls=(Call(f"{_SDK}:reloadTables"),),
        until=Until(Call(f"{_SDK}:describeTableStatistics")),
        waits=("wait_for_completion",),
        build=_reload,
        xcom="the ARN of the task",
    ),
    Row(f"{_OPERATORS}.DmsStopTaskOperator", calls=(Call(f"{_SDK}:stopReplicationTask", _ARN),), waits=()),
)


# Replications

_CONFIG = {"ReplicationConfigArn": attr("replication_config_arn")}
_REPLICATION = "$p_seen.Replications[0]"
_PROVISION = f"{_REPLICATION}.ProvisionData.ProvisionState"
_IDLE = f"($not($exists({_PROVISION})) or {_PROVISION} in ['deprovisioned', ''])"
_STARTABLE = f"$lowercase({_REPLICATION}.Status) in ['stopped', 'failed', 'created']"
_DESCRIBE = Call(
    f"{_SDK}:describeReplications", {"Filters": _filters("replication-config-arn", "replication_config_arn")}
)


def _replications(done: Any, failed: Any = (), status: str = f"{_REPLICATION}.Status") -> Until:
    return Until(_DESCRIBE, status, done, failed, every="waiter_delay", seconds=polling())


def _start(operator: Any) -> Translation:
    """Wait for deprovisioning, start what can be started, wait for its end."""
    moment = operator.cdc_start_time
    begins = moment.isoformat() if isinstance(moment, datetime) else prepared(moment, _ISO) if moment else None
    request = {
        **_CONFIG,
        "StartReplicationType": attr("replication_start_type"),
        "CdcStartPosition": attr("cdc_start_pos"),
        "CdcStopPosition": attr("cdc_stop_pos"),
        **({"CdcStartTime": begins} if begins else {}),
    }
    start = Call(f"{_SDK}:startReplication", request)
    waiting = waits(operator, "wait_for_completion")
    settled = _replications(f"$not({_PROVISION} = 'deprovisioning')", status=_PROVISION)
    states = looped(settled, operator, "startable?", name="state")
    rules = (when((f"{_STARTABLE} and {_IDLE}",), start.short),)
    states.append(Choice("startable?", choices=rules, default="done"))
    states += called(start, operator, "look" if waiting else "done")
    states += looped(_replications(("stopped",), ("failed",)), operator, "done") if waiting else []
    return Translation(finished(operator, states, None))


_ISO = Preparation(lambda value, start: _parsed(value))


def _parsed(value: Any) -> str:
    from dateutil import parser  # type: ignore[import-untyped]

    return str(parser.parse(str(value)).isoformat())


def _stop(operator: Any) -> Translation:
    stop = Call(f"{_SDK}:stopReplication", _CONFIG)
    waiting = waits(operator, "wait_for_completion")
    first = replace(_DESCRIBE, name="state", keep={"p_seen": "$states.result"})
    stopped = (when((f"$lowercase({_REPLICATION}.Status) = 'stopped'",), "done"),)
    states: list[State] = called(first, operator, "stopped?")
    states.append(Choice("stopped?", choices=stopped, default=stop.short))
    states += called(stop, operator, "look" if waiting else "done")
    states += looped(_replications(("stopped",)), operator, "done") if waiting else []
    return Translation(finished(operator, states, None))


def _delete(operator: Any) -> Translation:
    """Wait until it has ended and is deprovisioned, delete it, wait until it is gone."""
    delete = Call(f"{_SDK}:deleteReplicationConfig", _CONFIG)
    waiting = waits(operator, "wait_for_completion")
    busy = f"{_PROVISION} = 'deprovisioning'"
    ended = f"{_REPLICATION}.Status in ['failed', 'stopped', 'created']"
    settled = f"$not({busy}) and ({ended} or {_PROVISION} = 'deprovisioned')"
    states = looped(_replications(settled), operator, delete.short, name="state")
    states += called(delete, operator, "look" if waiting else "done")
    gone = Until(
        Call(
            f"{_SDK}:describeReplicationConfigs",
            {"Filters": _filters("replication-config-arn", "replication_config_arn")},
        ),
        "$string($count($p_seen.ReplicationConfigs))",
        "$count($p_seen.ReplicationConfigs) = 0",
        gone="ResourceNotFound",
        every="waiter_delay",
        seconds=polling(),
    )
    states += looped(gone, operator, "done") if waiting else []
    return Translation(finished(operator, states, None))


def _listed(name: str, operation: str, field: str) -> Row:
    resource = f"{_SDK}:{operation}"
    return Row(
        f"{_OPERATORS}.{name}",
        calls=(Call(resource, {"Filters": attr("filter")}),),
        waits=(),
        output=f"[{as_boto(resource, '$states.result')}.{field}]",
        xcom="the list that the call gives",
    )


def _mappings_problems(operator: Any) -> list[str]:
    if written(operator.table_mappings) and not isinstance(operator.table_mappings, str):
        return ["table_mappings must be JSON text"]
    return []


add(
    _listed("DmsDescribeReplicationConfigsOperator", "describeReplicationConfigs", "ReplicationConfigs"),
    _listed("DmsDescribeReplicationsOperator", "describeReplications", "Replications"),
    Row(
        f"{_OPERATORS}.DmsCreateReplicationConfigOperator",
        calls=(
            Call(
                f"{_SDK}:createReplicationConfig",
                {
                    "ReplicationConfigIdentifier": attr("replication_config_id"),
                    "SourceEndpointArn": attr("source_endpoint_arn"),
                    "TargetEndpointArn": attr("target_endpoint_arn"),
                    "ComputeConfig": attr("compute_config"),
                    "ReplicationType": attr("replication_type"),
                    "TableMappings": attr("table_mappings"),
                },
                more="additional_config_kwargs",
            ),
        ),
        waits=(),
        check=_mappings_problems,
        output="$states.result.ReplicationConfig.ReplicationConfigArn",
        xcom="the ARN of the replication config",
    ),
    Row(
        f"{_OPERATORS}.DmsDeleteReplicationConfigOperator",
        calls=(Call(f"{_SDK}:deleteReplicationConfig"),),
        until=_replications(("stopped",)),
        waits=("wait_for_completion",),
        build=_delete,
    ),
    Row(
        f"{_OPERATORS}.DmsStartReplicationOperator",
        calls=(Call(f"{_SDK}:startReplication"),),
        until=_replications(("stopped",)),
        waits=("wait_for_completion",),
        build=_start,
        note="A replication that cannot be started is left as it is, and the task succeeds, as upstream does.",
    ),
    Row(
        f"{_OPERATORS}.DmsStopReplicationOperator",
        calls=(Call(f"{_SDK}:stopReplication"),),
        until=_replications(("stopped",)),
        waits=("wait_for_completion",),
        build=_stop,
    ),
)
