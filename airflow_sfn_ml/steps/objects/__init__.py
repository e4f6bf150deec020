"""SageMaker objects to requests, by their attributes: the SDK's version 2 and 3, stand-ins, and plain dicts.

Nothing of an object is dropped: each function reads every attribute for which the request has a field. They are loaded
when they are first used: who gives requests as dicts does not pay for them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.objects.code import Upload
    from airflow_sfn_ml.steps.objects.models import ExpectedModel, container, model_request
    from airflow_sfn_ml.steps.objects.processing import processing_request
    from airflow_sfn_ml.steps.objects.training import training_request
    from airflow_sfn_ml.steps.objects.transforms import transform_request
    from airflow_sfn_ml.steps.objects.tuning import tuning_request

_WHERE = {
    "ExpectedModel": "models",
    "Upload": "code",
    "container": "models",
    "model_request": "models",
    "processing_request": "processing",
    "training_request": "training",
    "transform_request": "transforms",
    "tuning_request": "tuning",
}

__all__ = [
    "ExpectedModel",
    "Upload",
    "container",
    "model_request",
    "processing_request",
    "training_request",
    "transform_request",
    "tuning_request",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value
