"""Run a group of Airflow tasks as one AWS Step Functions state machine.

The public names are loaded when they are first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sfn_ml.provider_info import get_provider_info
    from airflow_sfn_ml.steps import ProcessingStep, TrainingStep
    from airflow_sfn_ml.task_group import StateMachineTaskGroup
    from airflow_sfn_ml.translators import translates

__version__ = "0.1.0"

_WHERE = {
    "ProcessingStep": "airflow_sfn_ml.steps",
    "StateMachineTaskGroup": "airflow_sfn_ml.task_group",
    "TrainingStep": "airflow_sfn_ml.steps",
    "get_provider_info": "airflow_sfn_ml.provider_info",
    "translates": "airflow_sfn_ml.translators",
}

__all__ = ["ProcessingStep", "StateMachineTaskGroup", "TrainingStep", "get_provider_info", "translates"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_WHERE[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_WHERE})
