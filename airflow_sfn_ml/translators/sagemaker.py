"""The Amazon provider's SageMaker operators."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps import ProcessingStep, ServiceStep, TrainingStep
from airflow_sfn_ml.translators.preparations import Place, integers, prepared
from airflow_sfn_ml.translators.registry import Translation, translates

_MODULE = "airflow.providers.amazon.aws.operators.sagemaker"
_CLUSTER = (("InstanceCount",), ("VolumeSizeInGB",))
_MAX_RUNTIME = ("StoppingCondition", "MaxRuntimeInSeconds")


@translates(f"{_MODULE}.SageMakerProcessingOperator")
def processing(operator: Any) -> Translation:
    """CreateProcessingJob with the operator's config."""
    refused = (
        ["output_files_to_xcom (read the files in a task after the group)"] if operator.output_files_to_xcom else []
    )
    return _job(
        operator,
        ProcessingStep,
        refused,
        places=(*(("ProcessingResources", "ClusterConfig", *field) for field in _CLUSTER), _MAX_RUNTIME),
    )


@translates(f"{_MODULE}.SageMakerTrainingOperator")
def training(operator: Any) -> Translation:
    """CreateTrainingJob with the operator's config."""
    return _job(
        operator,
        TrainingStep,
        [],
        places=(
            *(("ResourceConfig", *field) for field in _CLUSTER),
            _MAX_RUNTIME,
            ("StoppingCondition", "MaxWaitTimeInSeconds"),
        ),
    )


def _job(operator: Any, step: type[ServiceStep], refused: list[str], *, places: tuple[Place, ...]) -> Translation:
    if not operator.wait_for_completion:
        refused.append("wait_for_completion=False (every task of the group is waited for)")
    if isinstance(operator.config, dict) and "S3Operations" in operator.config:
        refused.append("S3Operations in its config (upload in a task before the group)")
    if refused:
        raise TranslationError(f"{operator.task_id}: cannot do in a state machine: " + "; ".join(refused))
    return Translation(
        step(operator.label, request=prepared(operator.config, *integers(*places))),
        field="config",
        timeout_seconds=operator.max_ingestion_time,
    )
