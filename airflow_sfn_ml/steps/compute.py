"""Steps that compute, with the names of ``stepfunctions.steps.compute``."""

from __future__ import annotations

from airflow_sfn_ml.steps.base import CallbackStep, JobStep

__all__ = [
    "LambdaStep",
    "GlueStartJobRunStep",
    "BatchSubmitJobStep",
    "EcsRunTaskStep",
]


class LambdaStep(CallbackStep):
    """Invoke a Lambda function; its answer is under ``Payload``."""

    row = "lambda:invoke"


class GlueStartJobRunStep(JobStep):
    """Run a Glue job."""

    row = "glue:startJobRun"


class BatchSubmitJobStep(JobStep):
    """Run an AWS Batch job."""

    row = "batch:submitJob"


class EcsRunTaskStep(JobStep):
    """Run an ECS or Fargate task."""

    row = "ecs:runTask"
