"""ECS: tasks, clusters, task definitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import camel, polling
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr

_MODULE = "airflow.providers.amazon.aws.operators.ecs"
_RUN = f"{_MODULE}.EcsRunTaskOperator"


def _outcome(task: str) -> str:
    """JSONata: null where *task* has ended well, else a failure, by the rules of the operator."""
    name = "Name & ' (' & ($exists(ExitCode) ? $string(ExitCode) : 'no exit code') & ')'"
    return (
        f"($t := {task}; $c := [$t.Containers]; "
        "$bad := [$c[LastStatus = 'STOPPED' and ($exists(ExitCode) ? ExitCode : 1) != 0]]; "
        "$pending := [$c[LastStatus = 'PENDING']]; "
        "$wrong := [$c[$exists(Reason) and $contains($lowercase(Reason), 'error')]]; "
        "$reason := $exists($t.StoppedReason) ? $t.StoppedReason : ''; "
        "$t.StopCode = 'TaskFailedToStart' ? $error('the task failed to start: ' & $reason) : "
        "$contains($reason, /^Host EC2 \\(instance .+?\\) (stopped|terminated)\\./) ? "
        "$error('the host instance terminated: ' & $reason) : "
        f"$count($bad) > 0 ? $error('the task did not succeed: ' & $join([$bad.({name})], ', ') & ' ' & $reason) : "
        "$count($pending) > 0 ? $error('the task is still pending') : "
        "$count($wrong) > 0 ? $error('a container was not launched: ' & $wrong[0].Reason) : null)"
    )


_STARTED = (
    "$count($states.result.Failures) > 0 ? $error('the task was not started: ' & $string($states.result.Failures))"
    " : null"
)


def _tag_list(value: Any, start: Any = None) -> Any:
    return [{"Key": key, "Value": item} for key, item in value.items()] if isinstance(value, Mapping) else value


_TAGS = Preparation(_tag_list, code=("[$each(", ", function($v, $k) { {'Key': $k, 'Value': $v} })]"))


def _tags(operator: Any) -> Any:
    given = operator.tags
    if given is None:
        return OMIT
    return _tag_list(given) if isinstance(given, Mapping) else prepared(given, _TAGS)


def _launch(operator: Any) -> Any:
    return OMIT if operator.capacity_provider_strategy else operator.launch_type or OMIT


_REQUEST = {
    "cluster": attr("cluster"),
    "taskDefinition": attr("task_definition"),
    "overrides": attr("overrides", empty=True),
    "launchType": _launch,
    "platformVersion": attr("platform_version"),
    "group": attr("group"),
    "placementConstraints": attr("placement_constraints"),
    "placementStrategy": attr("placement_strategy"),
    "networkConfiguration": attr("network_configuration"),
    "propagateTags": attr("propagate_tags"),
}
_MORE = {
    "capacityProviderStrategy": attr("capacity_provider_strategy"),
    "volumeConfigurations": attr("volume_configurations"),
    "tags": _tags,
    "startedBy": attr("owner"),
}
"""What the optimised integration does not take."""
_ROLES = {"executionrolearn", "taskrolearn"}

_SIMPLE = Row(
    _RUN,
    calls=(Call("ecs:runTask", _REQUEST, sync=True),),
    seconds=(polling(),),
    output=_outcome("$states.result"),
    quick=_STARTED,
)
_WITH_MORE = Row(
    _RUN,
    calls=(
        Call(
            "aws-sdk:ecs:runTask",
            {**_REQUEST, **_MORE},
            keep={"p_arn": f"({_STARTED}; $states.result.Tasks[0].TaskArn)"},
        ),
    ),
    until=Until(
        Call("aws-sdk:ecs:describeTasks", {"cluster": attr("cluster"), "tasks": [Code(("$p_arn",))]}),
        status="$p_seen.Tasks[0].LastStatus",
        done=("STOPPED",),
        failed="$count($p_seen.Failures) > 0",
        reason="$p_seen.Failures[0].Reason",
        every="waiter_delay",
        seconds=polling(),
    ),
    output=_outcome("$p_seen.Tasks[0]"),
    quick="null",
)


def _beyond(operator: Any) -> bool:
    overrides = operator.overrides
    roles = isinstance(overrides, Mapping) and bool(_ROLES & {str(key).lower() for key in overrides})
    more = operator.capacity_provider_strategy or operator.volume_configurations is not None
    return bool(roles or more or operator.tags is not None)


def _task(operator: Any) -> Translation:
    return (_WITH_MORE if _beyond(operator) else _SIMPLE).translation(operator)


_CLUSTER = {"clusters": [Code(("$p_cluster.ClusterArn",))]}
_KEEPS = {"p_cluster": "$states.result.Cluster"}

add(
    Row(
        _RUN,
        calls=_SIMPLE.calls + _WITH_MORE.calls,
        until=_WITH_MORE.until,
        xcom="none",
        refused={"skip_on_exit_code": "a state cannot skip its task; let the container exit with 0"},
        lost=(
            "startedBy: Step Functions sets it",
            "quota_retry, which upstream does not use",
        ),
        warns={
            "awslogs_group": "the logs stay in CloudWatch, and their last line is not pushed as XCom",
            "reattach": "not needed: the machine does not lose the task when a worker is lost",
        },
        build=_task,
        note="An exit code other than 0 fails the task, as upstream. With capacity_provider_strategy, "
        "volume_configurations, tags or roles in overrides it is called through the SDK and waited for in a loop.",
    ),
    Row(
        f"{_MODULE}.EcsCreateClusterOperator",
        calls=(
            Call(
                "aws-sdk:ecs:createCluster",
                {"clusterName": attr("cluster_name")},
                more="create_cluster_kwargs",
                keep=_KEEPS,
            ),
        ),
        until=Until(
            Call("aws-sdk:ecs:describeClusters", _CLUSTER),
            status="$p_seen.Clusters[0].Status",
            done=("ACTIVE",),
            failed="$p_seen.Clusters[0].Status in ['FAILED', 'INACTIVE'] or $p_seen.Failures[0].Reason = 'MISSING'",
            every="waiter_delay",
            seconds=polling(),
        ),
        output=camel("$p_cluster"),
        xcom="the cluster's description",
    ),
    Row(
        f"{_MODULE}.EcsDeleteClusterOperator",
        calls=(Call("aws-sdk:ecs:deleteCluster", {"cluster": attr("cluster_name")}, keep=_KEEPS),),
        until=Until(
            Call("aws-sdk:ecs:describeClusters", _CLUSTER),
            status="$p_seen.Clusters[0].Status",
            done="$p_seen.Clusters[0].Status = 'INACTIVE' or $p_seen.Failures[0].Reason = 'MISSING'",
            every="waiter_delay",
            seconds=polling(),
        ),
        output=camel("$p_cluster"),
        xcom="the cluster's description",
    ),
    Row(
        f"{_MODULE}.EcsRegisterTaskDefinitionOperator",
        calls=(
            Call(
                "aws-sdk:ecs:registerTaskDefinition",
                {"family": attr("family"), "containerDefinitions": attr("container_definitions", empty=True)},
                more="register_task_kwargs",
            ),
        ),
        output="$states.result.TaskDefinition.TaskDefinitionArn",
        xcom="the ARN of the task definition (not also under the key task_definition_arn)",
    ),
    Row(
        f"{_MODULE}.EcsDeregisterTaskDefinitionOperator",
        calls=(Call("aws-sdk:ecs:deregisterTaskDefinition", {"taskDefinition": attr("task_definition")}),),
        output="$states.result.TaskDefinition.TaskDefinitionArn",
        xcom="the ARN of the task definition",
    ),
)
