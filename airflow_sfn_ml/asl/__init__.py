"""The Amazon States Language: its states as values, to and from JSON, and its rules. Pure: standard library only.

``parse`` and ``render`` lose nothing; ``digest`` names a definition; ``validate`` tells what AWS would refuse.
"""

from __future__ import annotations

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
    "Retry",
    "State",
    "StateMachine",
    "Succeed",
    "Task",
    "Wait",
    "digest",
    "parse",
    "render",
]

