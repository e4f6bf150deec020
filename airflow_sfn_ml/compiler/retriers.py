"""What is tried again whatever the user says: throttled calls, and quotas that others may free."""

from __future__ import annotations

from airflow_sfn_ml.asl import Retry

THROTTLED = Retry(
    error_equals=("SageMaker.AmazonSageMakerException",),
    interval_seconds=2,
    max_attempts=6,
    backoff_rate=2,
    max_delay_seconds=30,
    jitter_strategy="FULL",
)
"""Throttling and refused requests reach the machine under this one name, so the retries are bounded."""
AT_LIMIT = Retry(
    error_equals=("SageMaker.ResourceLimitExceededException",),
    interval_seconds=60,
    max_attempts=20,
    backoff_rate=1.5,
    max_delay_seconds=600,
)
"""The account's quota of instances is in use; other jobs may end."""
NEVER = Retry(
    error_equals=("States.QueryEvaluationError", "States.Permissions"),
    max_attempts=0,
)
"""Trying again changes nothing, and would run a job that has finished a second time. Stands before the user's
retrier."""


def service_retriers(integration: str) -> tuple[Retry, ...]:
    """The retriers of a call of *integration* (``sagemaker:createTrainingJob.sync``)."""
    return (THROTTLED, AT_LIMIT)
