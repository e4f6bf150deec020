"""The Amazon States Language: its states as values, to and from JSON, and its rules. Pure: standard library only.

``parse`` and ``render`` lose nothing; ``digest`` names a definition; ``validate`` tells what AWS would refuse.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.asl.digest import digest
from airflow_sfn_ml.asl.parse import parse
from airflow_sfn_ml.asl.render import render
from airflow_sfn_ml.asl.states import (
    ABSENT,
    NULL,
    Catch,
    Choice,
    ChoiceRule,
    Fail,
    FlowState,
    Map,
    Parallel,
    Pass,
    Retry,
    State,
    StateMachine,
    Succeed,
    Task,
    Wait,
)

if TYPE_CHECKING:
    from airflow_sfn_ml.asl.validation import Problem, validate

_RULES = ("Problem", "validate")

__all__ = [
    "ABSENT",
    "NULL",
    "Catch",
    "Choice",
    "ChoiceRule",
    "Fail",
    "FlowState",
    "Map",
    "Parallel",
    "Pass",
    "Problem",
    "Retry",
    "State",
    "StateMachine",
    "Succeed",
    "Task",
    "Wait",
    "digest",
    "parse",
    "render",
    "validate",
]


def __getattr__(name: str) -> Any:
    """Load the rules when they are first asked for: most who build a machine do not check it."""
    if name not in _RULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module("airflow_sfn_ml.asl.validation"), name)
    globals()[name] = value
    return value
