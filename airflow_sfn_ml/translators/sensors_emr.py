"""The sensors of EMR, its containers, its notebooks and its serverless jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import FUSES
from airflow_sfn_ml.translators.sensing import ATTEMPTED, Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


def _targets(name: str, producer: str, *ordinary: str) -> Own:
    return Own(name, (producer,), unless=(("target_states", sorted(ordinary)),))


def _deferred(target: str, failing: list[str]) -> Callable[[Any], list[str]]:
    """The deferrable forms look for these once, and then for the ordinary ones only."""

    def check(operator: Any) -> list[str]:
        if operator.deferrable is not True:
            return []
        other = [
            name
            for name, ordinary in (("target_states", [target]), ("failed_states", failing))
            if list(getattr(operator, name)) != ordinary
        ]
        return [f"{name} with deferrable=True (use deferrable=False: no worker waits here)" for name in other]

    return check


sensor(
    f"{_SENSORS}.emr.EmrJobFlowSensor",
    Look(
        Call("aws-sdk:emr:describeCluster", {"ClusterId": attr("job_flow_id")}, name="look"),
        status="$p_seen.Cluster.Status.State",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.Cluster.Status.StateChangeReason.Message",
        deferred=ATTEMPTED,
    ),
    check=_deferred("TERMINATED", ["TERMINATED_WITH_ERRORS"]),
)
sensor(
    f"{_SENSORS}.emr.EmrStepSensor",
    Look(
        Call("aws-sdk:emr:describeStep", {"ClusterId": attr("job_flow_id"), "StepId": attr("step_id")}, name="look"),
        status="$p_seen.Step.Status.State",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.Step.Status.FailureDetails.Message",
        deferred=ATTEMPTED,
    ),
    own=_targets("step_id", "EmrAddStepsOperator", "COMPLETED"),
    check=_deferred("COMPLETED", ["CANCELLED", "FAILED", "INTERRUPTED"]),
    note=FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrServerlessJobSensor",
    Look(
        Call(
            "aws-sdk:emrserverless:getJobRun",
            {"ApplicationId": attr("application_id"), "JobRunId": attr("job_run_id")},
            name="look",
        ),
        status="$p_seen.JobRun.State",
        done=lambda operator: set(operator.target_states) - {"FAILED", "CANCELLING", "CANCELLED"},
        failed=("FAILED", "CANCELLING", "CANCELLED"),
        reason="$p_seen.JobRun.StateDetails",
    ),
    own=_targets("job_run_id", "EmrServerlessStartJobOperator", "SUCCESS"),
    note=FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrServerlessApplicationSensor",
    Look(
        Call("aws-sdk:emrserverless:getApplication", {"ApplicationId": attr("application_id")}, name="look"),
        status="$p_seen.Application.State",
        done=lambda operator: set(operator.target_states) - {"STOPPED", "TERMINATED"},
        failed=("STOPPED", "TERMINATED"),
        reason="$p_seen.Application.StateDetails",
    ),
    own=_targets("application_id", "EmrServerlessCreateApplicationOperator", "CREATED", "STARTED"),
    note=FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrContainerSensor",
    Look(
        Call(
            "aws-sdk:emrcontainers:describeJobRun",
            {"VirtualClusterId": attr("virtual_cluster_id"), "Id": attr("job_id")},
            name="look",
        ),
        status="$p_seen.JobRun.State",
        done=("COMPLETED",),
        failed=("FAILED", "CANCELLED", "CANCEL_PENDING"),
        reason="$p_seen.JobRun.StateDetails",
        every="poll_interval",
        deferred=("poll_interval", "max_retries"),
    ),
    own=Own("job_id", ("EmrContainerOperator",)),
    note="It looks every `poll_interval` seconds, as the operator does within one poke. " + FUSES,
)
sensor(
    f"{_SENSORS}.emr.EmrNotebookExecutionSensor",
    Look(
        Call(
            "aws-sdk:emr:describeNotebookExecution",
            {"NotebookExecutionId": attr("notebook_execution_id")},
            name="look",
        ),
        status="$p_seen.NotebookExecution.Status",
        done=lambda operator: operator.target_states,
        failed=lambda operator: operator.failed_states,
        reason="$p_seen.NotebookExecution.LastStateChangeReason",
    ),
)
