"""Service steps: each one call, as data. Pure."""

from airflow_sfn_ml.steps.base import ServiceStep
from airflow_sfn_ml.steps.sagemaker import ProcessingStep, TrainingStep

__all__ = ["ProcessingStep", "ServiceStep", "TrainingStep"]
