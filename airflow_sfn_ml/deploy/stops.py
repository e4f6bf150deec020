"""How the job of one task is stopped while its execution goes on. Pure.

Step Functions stops executions, not states. But a job that was stopped fails its state, which the machine then takes as
any failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.deploy.place import Place

REASON = "The task was marked failed in Airflow"


@dataclass(frozen=True)
class Stop:
    """The call that stops a job.

    :param service: as boto3 calls it.
    :param arguments: of the job's id and the request that started it.
    :param resource: what the IAM action is allowed on, after the account.
    """

    service: str
    method: str
    action: str
    resource: str
    arguments: Callable[[str, Mapping[str, Any]], dict[str, Any]]


STOPS: Mapping[str, Stop] = {
    "sagemaker:createProcessingJob": Stop(
        "sagemaker",
        "stop_processing_job",
        "sagemaker:StopProcessingJob",
        "processing-job/*",
        lambda job, _: {"ProcessingJobName": job},
    ),
    "sagemaker:createTrainingJob": Stop(
        "sagemaker",
        "stop_training_job",
        "sagemaker:StopTrainingJob",
        "training-job/*",
        lambda job, _: {"TrainingJobName": job},
    ),
    "sagemaker:createTransformJob": Stop(
        "sagemaker",
        "stop_transform_job",
        "sagemaker:StopTransformJob",
        "transform-job/*",
        lambda job, _: {"TransformJobName": job},
    ),
    "sagemaker:createHyperParameterTuningJob": Stop(
        "sagemaker",
        "stop_hyper_parameter_tuning_job",
        "sagemaker:StopHyperParameterTuningJob",
        "hyper-parameter-tuning-job/*",
        lambda job, _: {"HyperParameterTuningJobName": job},
    ),
    "glue:startJobRun": Stop(
        "glue",
        "batch_stop_job_run",
        "glue:BatchStopJobRun",
        "job/*",
        lambda job, request: {"JobName": request["JobName"], "JobRunIds": [job]},
    ),
    "batch:submitJob": Stop(
        "batch", "terminate_job", "batch:TerminateJob", "job/*", lambda job, _: {"jobId": job, "reason": REASON}
    ),
    "ecs:runTask": Stop(
        "ecs",
        "stop_task",
        "ecs:StopTask",
        "task/*",
        lambda job, request: {
            "task": job,
            "reason": REASON,
            **({"cluster": request["Cluster"]} if "Cluster" in request else {}),
        },
    ),
    "athena:startQueryExecution": Stop(
        "athena",
        "stop_query_execution",
        "athena:StopQueryExecution",
        "workgroup/*",
        lambda job, _: {"QueryExecutionId": job},
    ),
}
"""By integration, without its pattern."""


def stop_of(integration: str) -> Stop | None:
    """How a job that *integration* (``sagemaker:createTrainingJob.sync``) began is stopped; None if it cannot be."""
    return STOPS.get(integration.partition(".")[0])


def stop_grants(resources: Iterable[str], place: Place) -> list[tuple[str, str]]:
    """The IAM actions that stop the jobs of a definition's *resources*, each with what it is needed on."""
    found: set[tuple[str, str]] = set()
    for resource in resources:
        stop = stop_of(resource.rpartition(":states:::")[2])
        if stop is not None and resource.endswith((".sync", ".sync:2")):
            service = stop.action.partition(":")[0]
            found.add((stop.action, f"arn:{place.partition}:{service}:{place.region}:{place.account}:{stop.resource}"))
    return sorted(found)
