"""SageMaker objects to requests, by their attributes: the SDK's version 2 and 3, stand-ins, and plain dicts.

Nothing of an object is dropped: each function reads every attribute for which the request has a field.
"""

from airflow_sfn_ml.steps.objects.code import Upload
from airflow_sfn_ml.steps.objects.models import ExpectedModel, model_request
from airflow_sfn_ml.steps.objects.processing import processing_request
from airflow_sfn_ml.steps.objects.training import training_request
from airflow_sfn_ml.steps.objects.transforms import transform_request
from airflow_sfn_ml.steps.objects.tuning import tuning_request

__all__ = [
    "ExpectedModel",
    "Upload",
    "model_request",
    "processing_request",
    "training_request",
    "transform_request",
    "tuning_request",
]
