"""Why a state failed, for people.

A job that ran and failed leaves the document of its Describe call in the cause, as JSON. What is in there that helps
is the service's reason, the container's last message, its exit code, and where the log is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from airflow_sfn_ml.history.jobs import document
from airflow_sfn_ml.history.view import ExecutionView, StateView

LOG_GROUPS = {
    "ProcessingJob": "/aws/sagemaker/ProcessingJobs",
    "TrainingJob": "/aws/sagemaker/TrainingJobs",
    "TransformJob": "/aws/sagemaker/TransformJobs",
}
"""Where SageMaker's jobs write, by kind; the names of their log streams begin with the job's name and a slash."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a state failed.

    :param error: the name of the error, as Retry and Catch see it.
    :param reason: the service's reason.
    :param exit_message: what the container left as its message.
    :param cause: the cause as AWS told it, where it is not the description of a job.
    :param log_group: the log group of the job in CloudWatch Logs, if it has one, and *log_stream_prefix* what the names
        of its streams begin with.
    """

    state: str
    error: str | None = None
    job: str | None = None
    job_arn: str | None = None
    reason: str | None = None
    exit_message: str | None = None
    exit_code: int | None = None
    cause: str | None = None
    log_group: str | None = None
    log_stream_prefix: str | None = None


def failure(view: ExecutionView, name: str) -> Failure:
    """What is known of why the state *name* of *view* failed; of one that did not, only its job."""
    state = view.state(name)
    described = document(state.cause)
    kind, job = _sagemaker_job(described, state)
    reason = _text(described, "FailureReason")
    exit_message = _text(described, "ExitMessage")
    code = re.search(r"exit code:? (-?\d+)", reason or "", re.IGNORECASE)
    told = reason or exit_message
    return Failure(
        state=name,
        error=state.error,
        job=job or state.job,
        job_arn=(_text(described, f"{kind}Arn") if kind else None) or state.job_arn,
        reason=reason,
        exit_message=exit_message,
        exit_code=int(code.group(1)) if code else None,
        cause=None if told else state.cause,
        log_group=LOG_GROUPS[kind] if kind and job else None,
        log_stream_prefix=f"{job}/" if kind and job else None,
    )


def _sagemaker_job(described: Mapping[str, object], state: StateView) -> tuple[str | None, str | None]:
    """Kind and name of the state's SageMaker job: from its description, else from what the last attempt called."""
    for kind in LOG_GROUPS:
        job = _text(described, f"{kind}Name")
        if job:
            return kind, job
    if state.attempts:
        last = state.attempts[-1]
        called = (last.resource or "").removeprefix("create").removesuffix(".sync")
        if last.resource_type == "sagemaker" and called in LOG_GROUPS:
            return called, last.job
    return None, None


def _text(described: Mapping[str, object], key: str) -> str | None:
    value = described.get(key)
    return value if isinstance(value, str) and value else None
