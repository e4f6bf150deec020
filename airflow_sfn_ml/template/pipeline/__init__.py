"""The pipelines of ``stepfunctions.template.pipeline``."""

from airflow_sfn_ml.template.pipeline.common import StepId, WorkflowTemplate
from airflow_sfn_ml.template.pipeline.inference import InferencePipeline
from airflow_sfn_ml.template.pipeline.train import TrainingPipeline

__all__ = ["InferencePipeline", "StepId", "TrainingPipeline", "WorkflowTemplate"]
