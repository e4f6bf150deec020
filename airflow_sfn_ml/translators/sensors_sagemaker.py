"""The sensors of SageMaker's jobs, endpoints and pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import FUSES
from airflow_sfn_ml.translators.sensing import Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


_BUSY = ("InProgress", "Stopping")


def _sagemaker(
    name: str,
    operation: str,
    arguments: Mapping[str, Any],
    status: str,
    own: Own,
    failed: tuple[str, ...] = ("Failed",),
    busy: tuple[str, ...] = _BUSY,
    **more: Any,
) -> None:
    """A sensor that is done with every status that is neither busy nor failed."""
    seen = f"$p_seen.{status}"
    named = ", ".join(f"'{item}'" for item in (*busy, *failed))
    sensor(
        f"{_SENSORS}.sagemaker.{name}",
        Look(
            Call(f"aws-sdk:sagemaker:{operation}", arguments, name="look"),
            status=seen,
            done=f"$exists({seen}) and $not({seen} in [{named}])",
            failed=failed,
            reason="$p_seen.FailureReason",
        ),
        own=own,
        **{"note": FUSES, **more},
    )


def _job(kind: str, operator: str = "", answer: tuple[str, ...] = (), limit: int = 63) -> Own:
    return Own("job_name", (operator,) if operator else (), argument=f"{kind}JobName", answer=answer, limit=limit)


_sagemaker(
    "SageMakerEndpointSensor",
    "describeEndpoint",
    {"EndpointName": attr("endpoint_name")},
    "EndpointStatus",
    Own("endpoint_name", ("SageMakerEndpointOperator",)),
    busy=("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"),
)
_sagemaker(
    "SageMakerTransformSensor",
    "describeTransformJob",
    {"TransformJobName": attr("job_name")},
    "TransformJobStatus",
    _job("Transform", "SageMakerTransformOperator", ("Transform", "TransformJobName")),
)
_sagemaker(
    "SageMakerTuningSensor",
    "describeHyperParameterTuningJob",
    {"HyperParameterTuningJobName": attr("job_name")},
    "HyperParameterTuningJobStatus",
    _job("HyperParameterTuning", "SageMakerTuningOperator", ("Tuning", "HyperParameterTuningJobName"), 32),
)
_sagemaker(
    "SageMakerTrainingSensor",
    "describeTrainingJob",
    {"TrainingJobName": attr("job_name")},
    "TrainingJobStatus",
    _job("Training", "SageMakerTrainingOperator", ("Training", "TrainingJobName")),
    failed=("Failed", "Stopped"),
    lost=("the job's log (print_log); the task's log has its last lines if it fails",),
)
_sagemaker(
    "SageMakerProcessingSensor",
    "describeProcessingJob",
    {"ProcessingJobName": attr("job_name")},
    "ProcessingJobStatus",
    _job("Processing", "SageMakerProcessingOperator", ("Processing", "ProcessingJobName")),
    failed=("Failed", "Stopped"),
)
_sagemaker(
    "SageMakerPipelineSensor",
    "describePipelineExecution",
    {"PipelineExecutionArn": attr("pipeline_exec_arn")},
    "PipelineExecutionStatus",
    Own("pipeline_exec_arn", ("SageMakerStartPipelineOperator",)),
    busy=("Executing", "Stopping"),
    lost=("the list of steps in the log (verbose)",),
)
_sagemaker(
    "SageMakerAutoMLSensor",
    "describeAutoMLJob",
    {"AutoMLJobName": attr("job_name")},
    "AutoMLJobStatus",
    Own("job_name", ()),
    note="",
)
