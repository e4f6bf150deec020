"""Placeholders: values of a definition that become known only while it runs. The SDK's ``stepfunctions.inputs``.

A placeholder stands wherever a value may stand; the state that holds it writes it in its own query language, JSONPath
as the SDK did, or JSONata.
"""

from airflow_sfn_ml.inputs.expressions import Expression, Intrinsic
from airflow_sfn_ml.inputs.functions import States
from airflow_sfn_ml.inputs.placeholders import (
    ContextObject,
    ExecutionInput,
    MapItemIndex,
    MapItemValue,
    Placeholder,
    StepInput,
    StepResult,
    ValidationResult,
    Variable,
)

__all__ = [
    "ContextObject",
    "ExecutionInput",
    "Expression",
    "Intrinsic",
    "MapItemIndex",
    "MapItemValue",
    "Placeholder",
    "States",
    "StepInput",
    "StepResult",
    "ValidationResult",
    "Variable",
]
