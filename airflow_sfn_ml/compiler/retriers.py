"""What is tried again whatever the user says: throttled calls, and quotas that others may free.

How a throttled call is called differs: SageMaker's optimised integration has one name for all that the API refuses,
most services have names of their own, and calls of ``aws-sdk:`` carry the name that AWS's SDK for Java gives the error.
Where a name also covers refusals that will not go away, the attempts are few. A name that a service never uses costs
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

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

PREFIXES = {
    "apigateway": "ApiGateway",
    "appflow": "Appflow",
    "athena": "Athena",
    "batch": "Batch",
    "bedrock": "Bedrock",
    "bedrockagent": "BedrockAgent",
    "bedrockagentruntime": "BedrockAgentRuntime",
    "bedrockruntime": "BedrockRuntime",
    "cloudformation": "CloudFormation",
    "codebuild": "CodeBuild",
    "comprehend": "Comprehend",
    "databasemigration": "DatabaseMigration",
    "databrew": "DataBrew",
    "datasync": "DataSync",
    "dynamodb": "DynamoDb",
    "ec2": "Ec2",
    "ecr": "Ecr",
    "ecs": "Ecs",
    "eks": "Eks",
    "elasticmapreduce": "ElasticMapReduce",
    "emr": "Emr",
    "emrcontainers": "EmrContainers",
    "emrserverless": "EmrServerless",
    "eventbridge": "EventBridge",
    "events": "EventBridge",
    "glue": "Glue",
    "kinesisanalyticsv2": "KinesisAnalyticsV2",
    "lambda": "Lambda",
    "opensearchserverless": "OpenSearchServerless",
    "quicksight": "QuickSight",
    "rds": "Rds",
    "redshift": "Redshift",
    "redshiftdata": "RedshiftData",
    "s3": "S3",
    "sagemaker": "SageMaker",
    "sfn": "Sfn",
    "sns": "Sns",
    "sqs": "Sqs",
    "states": "StepFunctions",
}
"""What stands before the dot of an error, by the name of the service in a resource."""
OWN = {
    "batch": ("Batch.AWSBatchException",),
    "ecs": ("ECS.AmazonECSException", "AmazonECS.Unknown"),
    "glue": ("Glue.AWSGlueException", "Glue.ConcurrentRunsExceededException"),
    "lambda": ("Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
}
"""Names of optimised integrations for what may go away by itself (AWS's guide, "Handling errors")."""
THROTTLES = ("ThrottlingException", "TooManyRequestsException", "ThrottledException", "InternalServerException")
UNMODELLED = {
    "Ec2",
    "Emr",
    "Rds",
    "Redshift",
    "SageMaker",
    "CloudFormation",
    "DatabaseMigration",
    "S3",
    "Ecr",
    "Neptune",
}
"""Services of ``aws-sdk:`` that do not model throttling, so that it bears their general name: ``Ec2.Ec2Exception``."""


def service_retriers(integration: str) -> tuple[Retry, ...]:
    """The retriers of a call of *integration*: ``sagemaker:createTrainingJob.sync``, ``aws-sdk:glue:getCrawler``."""
    sdk = integration.startswith("aws-sdk:")
    service = integration.removeprefix("aws-sdk:").partition(":")[0].replace("-", "")
    if service == "sagemaker" and not sdk:
        return (THROTTLED, AT_LIMIT)
    prefix = PREFIXES.get(service)
    if prefix is None:
        prefix = service[:1].upper() + service[1:]
    names = [f"{prefix}.{name}" for name in THROTTLES]
    names += [] if sdk else OWN.get(service, ())
    names += [_general(prefix)] if sdk and prefix in UNMODELLED else []
    return (
        Retry(
            error_equals=tuple(names),
            interval_seconds=2,
            max_attempts=6,
            backoff_rate=2,
            max_delay_seconds=30,
            jitter_strategy="FULL",
        ),
    )


def _general(prefix: str) -> str:
    return f"{prefix}.{prefix}Exception"


QUICK = Retry(interval_seconds=1, max_attempts=2, jitter_strategy="FULL")
"""The retrier of a name that throttling shares with an answer that the procedure waits for."""
SHARED = {THROTTLED.error_equals[0], *(_general(prefix) for prefix in UNMODELLED)}


def retriers(integration: str, own: tuple[Retry, ...], *, caught: bool = False) -> tuple[Retry, ...]:
    """The retriers of a call that has its *own*: those come first, and the others leave out what they name.

    :param caught: whether an error of the call may be an answer (it exists already, it is gone), which should not take
        a minute of retries where it comes under the same name as throttling.
    """
    if caught:
        named = {error for retry in own for error in retry.error_equals}
        shared = sorted(
            error
            for retry in service_retriers(integration)
            for error in retry.error_equals
            if error in SHARED and error not in named
        )
        own = (*own, *((replace(QUICK, error_equals=tuple(shared)),) if shared else ()))
    return (*own, *_others(service_retriers(integration), {error for retry in own for error in retry.error_equals}))


def _others(retriers: tuple[Retry, ...], named: set[str]) -> Iterator[Retry]:
    for retry in retriers:
        left = tuple(error for error in retry.error_equals if error not in named)
        if left:
            yield replace(retry, error_equals=left)
