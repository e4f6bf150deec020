"""The sensors of Comprehend and Bedrock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import FUSES, PRINTING
from airflow_sfn_ml.translators.sensing import RETRIED, Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


# Comprehend

sensor(
    f"{_SENSORS}.comprehend.ComprehendStartPiiEntitiesDetectionJobCompletedSensor",
    Look(
        Call("aws-sdk:comprehend:describePiiEntitiesDetectionJob", {"JobId": attr("job_id")}, name="look"),
        status="$p_seen.PiiEntitiesDetectionJobProperties.JobStatus",
        done=("SUBMITTED", "COMPLETED"),
        failed=("FAILED", "STOP_REQUESTED", "STOPPED"),
        reason="$p_seen.PiiEntitiesDetectionJobProperties.Message",
        deferred=RETRIED,
    ),
    own=Own("job_id", ("ComprehendStartPiiEntitiesDetectionJobOperator",)),
    note=FUSES,
)


def _trained(operator: Any) -> tuple[str, ...]:
    return ("TRAINED",) if operator.fail_on_warnings else ("TRAINED", "TRAINED_WITH_WARNING")


def _untrained(operator: Any) -> tuple[str, ...]:
    warning = ("TRAINED_WITH_WARNING",) if operator.fail_on_warnings else ()
    return ("DELETING", "STOP_REQUESTED", "STOPPED", "IN_ERROR", *warning)


sensor(
    f"{_SENSORS}.comprehend.ComprehendCreateDocumentClassifierCompletedSensor",
    Look(
        Call(
            "aws-sdk:comprehend:describeDocumentClassifier",
            {"DocumentClassifierArn": attr("document_classifier_arn")},
            name="look",
        ),
        status="$p_seen.DocumentClassifierProperties.Status",
        done=_trained,
        failed=_untrained,
        reason="$p_seen.DocumentClassifierProperties.Message",
        deferred=RETRIED,
    ),
    own=Own(
        "document_classifier_arn",
        ("ComprehendCreateDocumentClassifierOperator",),
        unless=(("fail_on_warnings", False),),
    ),
    lost=(PRINTING,),
    note=FUSES,
)


# Bedrock


def _bedrock(
    name: str,
    resource: str,
    arguments: Mapping[str, Any],
    status: str,
    busy: Any,
    failed: tuple[str, ...],
    own: Own,
    reason: str = "",
) -> None:
    """A sensor that is done with every status that is neither busy nor failed."""

    def done(operator: Any) -> str:
        waiting = busy(operator) if callable(busy) else busy
        return f"$exists({status}) and $not({status} in [{', '.join(repr(item) for item in (*waiting, *failed))}])"

    sensor(
        f"{_SENSORS}.bedrock.{name}",
        Look(
            Call(resource, arguments, name="look"),
            status=status,
            done=done,
            failed=failed,
            reason=reason,
            deferred=RETRIED,
        ),
        own=own,
        note=FUSES if own.producers else "",
    )


_bedrock(
    "BedrockCustomizeModelCompletedSensor",
    "aws-sdk:bedrock:getModelCustomizationJob",
    {"JobIdentifier": attr("job_name")},
    "$p_seen.Status",
    ("InProgress",),
    ("Failed", "Stopping", "Stopped"),
    Own("job_name", ("BedrockCustomizeModelOperator",)),
    "$p_seen.FailureMessage",
)
_bedrock(
    "BedrockProvisionModelThroughputCompletedSensor",
    "aws-sdk:bedrock:getProvisionedModelThroughput",
    {"ProvisionedModelId": attr("model_id")},
    "$p_seen.Status",
    ("Creating", "Updating"),
    ("Failed",),
    Own("model_id", ("BedrockCreateProvisionedModelThroughputOperator",)),
    "$p_seen.FailureMessage",
)
_bedrock(
    "BedrockKnowledgeBaseActiveSensor",
    "aws-sdk:bedrockagent:getKnowledgeBase",
    {"KnowledgeBaseId": attr("knowledge_base_id")},
    "$p_seen.KnowledgeBase.Status",
    ("CREATING", "UPDATING"),
    ("DELETING", "FAILED"),
    Own("knowledge_base_id", ("BedrockCreateKnowledgeBaseOperator",)),
    "$join([$p_seen.KnowledgeBase.FailureReasons], '; ')",
)
_bedrock(
    "BedrockIngestionJobSensor",
    "aws-sdk:bedrockagent:getIngestionJob",
    {
        "KnowledgeBaseId": attr("knowledge_base_id"),
        "DataSourceId": attr("data_source_id"),
        "IngestionJobId": attr("ingestion_job_id"),
    },
    "$p_seen.IngestionJob.Status",
    ("STARTING", "IN_PROGRESS"),
    ("FAILED",),
    Own("ingestion_job_id", ("BedrockIngestDataOperator",)),
    "$join([$p_seen.IngestionJob.FailureReasons], '; ')",
)


def _batch_busy(operator: Any) -> tuple[str, ...]:
    scheduled = ("Scheduled",) if operator.success_state == "completed" else ()
    return ("Submitted", "InProgress", "Stopping", "Validating", *scheduled)


_bedrock(
    "BedrockBatchInferenceSensor",
    "aws-sdk:bedrock:getModelInvocationJob",
    {"JobIdentifier": attr("job_arn")},
    "$p_seen.Status",
    _batch_busy,
    ("Failed", "Stopped", "PartiallyCompleted", "Expired"),
    Own("job_arn", ()),
    "$p_seen.Message",
)
