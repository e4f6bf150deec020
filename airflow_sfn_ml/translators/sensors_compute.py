"""The sensors of Batch, ECS, EKS, Lambda and Step Functions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import FUSES
from airflow_sfn_ml.translators.sensing import RETRIED, Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


# Batch

sensor(
    f"{_SENSORS}.batch.BatchSensor",
    Look(
        Call("aws-sdk:batch:describeJobs", {"Jobs": lambda operator: [operator.job_id]}, name="look"),
        status="$p_seen.Jobs[0].Status",
        done=("SUCCEEDED",),
        busy=("SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"),
        reason="$p_seen.Jobs[0].StatusReason",
        deferred=RETRIED,
    ),
    own=Own("job_id", ("BatchOperator",)),
    note=FUSES,
)
sensor(
    f"{_SENSORS}.batch.BatchComputeEnvironmentSensor",
    Look(
        Call(
            "aws-sdk:batch:describeComputeEnvironments",
            {"ComputeEnvironments": lambda operator: [operator.compute_environment]},
            name="look",
        ),
        status="$p_seen.ComputeEnvironments[0].Status",
        done=("VALID", "DELETED"),
        busy=("CREATING", "UPDATING", "DELETING"),
        reason="$p_seen.ComputeEnvironments[0].StatusReason",
    ),
)


def _queue_done(operator: Any) -> str:
    gone = " or $count($p_seen.JobQueues) = 0" if operator.treat_non_existing_as_deleted else ""
    return f"$p_seen.JobQueues[0].Status in ['VALID', 'DELETED']{gone}"


sensor(
    f"{_SENSORS}.batch.BatchJobQueueSensor",
    Look(
        Call("aws-sdk:batch:describeJobQueues", {"JobQueues": lambda operator: [operator.job_queue]}, name="look"),
        status="$p_seen.JobQueues[0].Status",
        done=_queue_done,
        busy=("CREATING", "UPDATING", "DELETING"),
        reason="$p_seen.JobQueues[0].StatusReason",
    ),
)


# ECS


def _other(failures: str) -> Any:
    """The states that fail an ECS sensor: those it names, except the one it waits for."""

    def states(operator: Any) -> list[Any]:
        target = getattr(operator.target_state, "value", operator.target_state)
        return [item for item in _values(getattr(operator, failures)) if item != target]

    return states


def _values(items: Any) -> list[Any]:
    return sorted(getattr(item, "value", item) for item in items)


sensor(
    f"{_SENSORS}.ecs.EcsClusterStateSensor",
    Look(
        Call("aws-sdk:ecs:describeClusters", {"Clusters": lambda operator: [operator.cluster_name]}, name="look"),
        status="$p_seen.Clusters[0].Status",
        done=lambda operator: [operator.target_state],
        failed=_other("failure_states"),
    ),
)
sensor(
    f"{_SENSORS}.ecs.EcsTaskDefinitionStateSensor",
    Look(
        Call("aws-sdk:ecs:describeTaskDefinition", {"TaskDefinition": attr("task_definition")}, name="look"),
        status="$p_seen.TaskDefinition.Status",
        done=lambda operator: [operator.target_state],
    ),
    note="Waits until `timeout` in every other state: the operator compares a set with a state, so it never fails.",
)
sensor(
    f"{_SENSORS}.ecs.EcsTaskStateSensor",
    Look(
        Call(
            "aws-sdk:ecs:describeTasks",
            {"Cluster": attr("cluster"), "Tasks": lambda operator: [operator.task]},
            name="look",
        ),
        status="$p_seen.Tasks[0].LastStatus",
        done=lambda operator: [operator.target_state],
        failed=_other("failure_states"),
        reason="$p_seen.Tasks[0].StoppedReason",
    ),
)


# EKS


def _eks(name: str, operation: str, arguments: Mapping[str, Any], field: str, *ends: str) -> None:
    """A sensor that fails in every final state but the one it waits for; what is not there is `NONEXISTENT`."""

    def look(operator: Any) -> Look:
        target = operator.target_state.value
        return Look(
            Call(f"aws-sdk:eks:{operation}", arguments, name="look"),
            status=f"$p_seen.{field}.Status",
            done=(target,),
            failed=tuple(end for end in ("ACTIVE", *ends) if end != target),
            gone="ResourceNotFound" if target == "NONEXISTENT" else "",
        )

    sensor(f"{_SENSORS}.eks.{name}", look)


_CLUSTER = {"clusterName": attr("cluster_name")}
_eks("EksClusterStateSensor", "describeCluster", {"name": attr("cluster_name")}, "Cluster", "FAILED")
_eks(
    "EksFargateProfileStateSensor",
    "describeFargateProfile",
    {**_CLUSTER, "fargateProfileName": attr("fargate_profile_name")},
    "FargateProfile",
    "CREATE_FAILED",
    "DELETE_FAILED",
)
_eks(
    "EksNodegroupStateSensor",
    "describeNodegroup",
    {**_CLUSTER, "nodegroupName": attr("nodegroup_name")},
    "Nodegroup",
    "CREATE_FAILED",
    "DELETE_FAILED",
)


# Lambda

sensor(
    f"{_SENSORS}.lambda_function.LambdaFunctionStateSensor",
    Look(
        Call(
            "aws-sdk:lambda:getFunction",
            {"FunctionName": attr("function_name"), "Qualifier": attr("qualifier")},
            name="look",
            keep={"p_seen": "$states.result.Configuration.{'State': State, 'Reason': StateReason}"},
        ),
        status="$p_seen.State",
        done=lambda operator: [item for item in operator.target_states if item != "Failed"],
        failed=("Failed",),
        reason="$p_seen.Reason",
    ),
)


# Step Functions

sensor(
    f"{_SENSORS}.step_function.StepFunctionExecutionSensor",
    Look(
        Call("aws-sdk:sfn:describeExecution", {"ExecutionArn": attr("execution_arn")}, name="look"),
        status="$p_seen.Status",
        done=("SUCCEEDED", "PENDING_REDRIVE"),
        failed=("FAILED", "TIMED_OUT", "ABORTED"),
        reason="$p_seen.Cause",
        output="$exists($p_seen.Output) ? $parse($p_seen.Output) : null",
    ),
    xcom="the output of the execution; the operator pushes it under the key output instead",
    key="output",
)
