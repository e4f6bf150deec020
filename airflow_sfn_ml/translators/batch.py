"""AWS Batch: jobs, compute environments."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import deferred, ended
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr

_MODULE = "airflow.providers.amazon.aws.operators.batch"
_PATH = f"{_MODULE}.BatchOperator"


def _timeout(operator: Any) -> Any:
    given = operator.submit_job_timeout
    return {"attemptDurationSeconds": given} if given else OMIT


_REQUEST = {
    "jobName": attr("job_name"),
    "jobQueue": attr("job_queue"),
    "jobDefinition": attr("job_definition"),
    "arrayProperties": attr("array_properties", empty=True),
    "parameters": attr("parameters"),
    "tags": attr("tags"),
    "containerOverrides": attr("container_overrides", empty=True),
    "retryStrategy": attr("retry_strategy", empty=True),
    "timeout": _timeout,
}
_MORE = {
    "ecsPropertiesOverride": attr("ecs_properties_override"),
    "eksPropertiesOverride": attr("eks_properties_override"),
    "nodeOverrides": attr("node_overrides"),
    "shareIdentifier": attr("share_identifier"),
    "schedulingPriorityOverride": attr("scheduling_priority_override"),
}
"""What the optimised integration does not take."""
_BEYOND = (
    "ecs_properties_override",
    "eks_properties_override",
    "node_overrides",
    "share_identifier",
    "scheduling_priority_override",
)
_JOB = "$p_seen.Jobs[0]"
_WAITED = deferred("poll_interval", "max_retries")

_SIMPLE = Row(
    _PATH,
    calls=(Call("batch:submitJob", _REQUEST, sync=True),),
    seconds=(_WAITED,),
    output=ended(
        "$states.result.Status",
        ["SUCCEEDED"],
        "$states.result.JobId",
        "the job",
        "$states.result.StatusReason",
    ),
    quick="$states.result.JobId",
)
_WITH_MORE = replace(
    _SIMPLE,
    calls=(Call("aws-sdk:batch:submitJob", {**_REQUEST, **_MORE}, keep={"p_id": "$states.result.JobId"}),),
    until=Until(
        Call("aws-sdk:batch:describeJobs", {"Jobs": [Code(("$p_id",))]}),
        status=f"{_JOB}.Status",
        done=("SUCCEEDED",),
        failed=("FAILED",),
        reason=f"{_JOB}.StatusReason",
        every="poll_interval",
        seconds=_WAITED,
    ),
    seconds=(),
    output="$p_id",
    quick="$p_id",
)


def _job(operator: Any) -> Translation:
    more = any(getattr(operator, name) is not None for name in _BEYOND)
    return (_WITH_MORE if more else _SIMPLE).translation(operator)


add(
    Row(
        _PATH,
        calls=_SIMPLE.calls + _WITH_MORE.calls,
        until=_WITH_MORE.until,
        xcom="the job's id",
        refused={"waiters": "Step Functions waits for the job; leave it out"},
        lost=("poll_interval, max_retries and status_retries: AWS itself waits for the job",),
        warns={"awslogs_enabled": "the logs of the job are in CloudWatch, not in the task's log"},
        build=_job,
        note=f"With one of {', '.join(_BEYOND)} it is called through the SDK and waited for in a loop. A deferrable "
        "task fails after max_retries times poll_interval seconds, as upstream.",
    ),
    Row(
        f"{_MODULE}.BatchCreateComputeEnvironmentOperator",
        calls=(
            Call(
                "aws-sdk:batch:createComputeEnvironment",
                {
                    "computeEnvironmentName": attr("compute_environment_name"),
                    "type": attr("environment_type"),
                    "state": attr("state"),
                    "unmanagedvCpus": attr("unmanaged_v_cpus"),
                    "computeResources": attr("compute_resources", empty=True),
                    "serviceRole": attr("service_role"),
                    "tags": attr("tags"),
                },
                keep={"p_arn": "$states.result.ComputeEnvironmentArn"},
            ),
        ),
        until=Until(
            Call("aws-sdk:batch:describeComputeEnvironments", {"ComputeEnvironments": [Code(("$p_arn",))]}),
            status="$p_seen.ComputeEnvironments[0].Status",
            done=("VALID",),
            failed=("INVALID", "DELETED"),
            reason="$p_seen.ComputeEnvironments[0].StatusReason",
            every="poll_interval",
            attempts="max_retries",
        ),
        waits=("deferrable",),
        output="$p_arn",
        xcom="the ARN of the compute environment",
        note="It waits only if it is deferrable, as upstream.",
    ),
)
