"""How a job that a state waits for is stopped, and how one sees that it was. Pure.

Step Functions stops executions, not states. But a job that was stopped fails its state, which the machine then takes as
any failure. When an execution is stopped, AWS tries to stop its jobs, without a promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.deploy.place import Place

REASON = "The task was stopped in Airflow"
ON_ANYTHING = frozenset({"batch:DescribeJobs"})
"""Actions that IAM cannot allow on single resources."""


@dataclass(frozen=True)
class Look:
    """The call that tells whether a job is at work.

    :param status: where the answer tells it: keys, and positions in lists.
    :param at_work: what it tells of a job that costs money and that nobody has stopped.
    """

    method: str
    action: str
    arguments: Callable[[str, Mapping[str, Any]], dict[str, Any]]
    status: tuple[str | int, ...]
    at_work: frozenset[str]

    def is_at_work(self, answer: Any) -> bool:
        """What the service's *answer* says; a job that it does not know is not at work."""
        for key in self.status:
            try:
                answer = answer[key]
            except (KeyError, IndexError):
                return False
        return answer in self.at_work


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
    look: Look


def _sagemaker(kind: str, label: str) -> Stop:
    """The calls for a kind of SageMaker's jobs."""
    snake, name = label.replace("-", "_"), f"{kind}Name"

    def named(job: str, _: Mapping[str, Any]) -> dict[str, Any]:
        return {name: job}

    look = Look(f"describe_{snake}", f"sagemaker:Describe{kind}", named, (f"{kind}Status",), frozenset({"InProgress"}))
    return Stop("sagemaker", f"stop_{snake}", f"sagemaker:Stop{kind}", f"{label}/*", named, look)


def _of_machine(job: str, request: Mapping[str, Any]) -> str:
    """The ARN of the execution *job* of the state machine, or its version, that *request* names."""
    machine = ":".join(str(request["StateMachineArn"]).split(":")[:7])
    return machine.replace(":stateMachine:", ":execution:", 1) + f":{job}"


def _on_cluster(request: Mapping[str, Any]) -> dict[str, Any]:
    return {"cluster": request["Cluster"]} if "Cluster" in request else {}


STOPS: Mapping[str, Stop] = {
    "sagemaker:createProcessingJob": _sagemaker("ProcessingJob", "processing-job"),
    "sagemaker:createTrainingJob": _sagemaker("TrainingJob", "training-job"),
    "sagemaker:createTransformJob": _sagemaker("TransformJob", "transform-job"),
    "sagemaker:createHyperParameterTuningJob": _sagemaker("HyperParameterTuningJob", "hyper-parameter-tuning-job"),
    "glue:startJobRun": Stop(
        "glue",
        "batch_stop_job_run",
        "glue:BatchStopJobRun",
        "job/*",
        lambda job, request: {"JobName": request["JobName"], "JobRunIds": [job]},
        Look(
            "get_job_run",
            "glue:GetJobRun",
            lambda job, request: {"JobName": request["JobName"], "RunId": job},
            ("JobRun", "JobRunState"),
            frozenset({"STARTING", "RUNNING", "WAITING"}),
        ),
    ),
    "batch:submitJob": Stop(
        "batch",
        "terminate_job",
        "batch:TerminateJob",
        "job/*",
        lambda job, _: {"jobId": job, "reason": REASON},
        Look(
            "describe_jobs",
            "batch:DescribeJobs",
            lambda job, _: {"jobs": [job]},
            ("jobs", 0, "status"),
            frozenset({"SUBMITTED", "PENDING", "RUNNABLE", "STARTING", "RUNNING"}),
        ),
    ),
    "ecs:runTask": Stop(
        "ecs",
        "stop_task",
        "ecs:StopTask",
        "task/*",
        lambda job, request: {"task": job, "reason": REASON, **_on_cluster(request)},
        Look(
            "describe_tasks",
            "ecs:DescribeTasks",
            lambda job, request: {"tasks": [job], **_on_cluster(request)},
            ("tasks", 0, "desiredStatus"),
            frozenset({"RUNNING"}),
        ),
    ),
    "athena:startQueryExecution": Stop(
        "athena",
        "stop_query_execution",
        "athena:StopQueryExecution",
        "workgroup/*",
        lambda job, _: {"QueryExecutionId": job},
        Look(
            "get_query_execution",
            "athena:GetQueryExecution",
            lambda job, _: {"QueryExecutionId": job},
            ("QueryExecution", "Status", "State"),
            frozenset({"QUEUED", "RUNNING"}),
        ),
    ),
    "states:startExecution": Stop(
        "stepfunctions",
        "stop_execution",
        "states:StopExecution",
        "execution:*",
        lambda job, request: {"executionArn": _of_machine(job, request), "cause": REASON},
        Look(
            "describe_execution",
            "states:DescribeExecution",
            lambda job, request: {"executionArn": _of_machine(job, request)},
            ("status",),
            frozenset({"RUNNING", "PENDING_REDRIVE"}),
        ),
    ),
}
"""By integration, without its pattern."""


def stop_of(integration: str) -> Stop | None:
    """How a job that *integration* (``sagemaker:createTrainingJob.sync``) began is stopped; None if it cannot be."""
    return STOPS.get(integration.partition(".")[0])


def stop_grants(resources: Iterable[str], place: Place) -> list[tuple[str, str]]:
    """The IAM actions that stop the jobs of a definition's *resources* and look whether they did, each with what it is
    needed on."""
    found: set[tuple[str, str]] = set()
    for resource in resources:
        stop = stop_of(resource.rpartition(":states:::")[2])
        if stop is None or not resource.endswith((".sync", ".sync:2")):
            continue
        for action in (stop.action, stop.look.action):
            service = action.partition(":")[0]
            on = f"arn:{place.partition}:{service}:{place.region}:{place.account}:{stop.resource}"
            found.add((action, "*" if action in ON_ANYTHING else on))
    return sorted(found)
