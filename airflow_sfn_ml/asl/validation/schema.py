"""Which fields exist where, of which JSON type, and in which query language: the tables behind the rules of structure.

The sources are the Amazon States Language specification and AWS's developer guide; the numbers' bounds are those that
the guide and CreateStateMachine state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_sfn_ml.asl.validation.model import JSONATA, JSONPATH

SECONDS = 99_999_999
"""AWS's bound of every time in seconds, about three years."""


@dataclass(frozen=True)
class Field:
    """What a field may hold.

    :param types: names of JSON types (integer is a number too); empty for anything.
    :param only: the query language that knows the field; None for both.
    :param nullable: null has a meaning.
    :param expression: in JSONata, an expression may stand for the value.
    :param least, most: the bounds of a number.
    :param choices: the values of a text.
    """

    types: tuple[str, ...] = ()
    only: str | None = None
    nullable: bool = False
    expression: bool = False
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()


Fields = Mapping[str, Field]

TEXT = Field(("string",))
BOOLEAN = Field(("boolean",))
OBJECT = Field(("object",))
LIST = Field(("array",))
LANGUAGE = Field(("string",), choices=(JSONPATH, JSONATA))
PATH = Field(("string",), JSONPATH)
NULLABLE_PATH = Field(("string",), JSONPATH, nullable=True)
TEMPLATE = Field((), JSONPATH)
ARGUMENTS = Field((), JSONATA)
OUTPUT = Field((), JSONATA)
ASSIGN = Field(("object",), expression=True)
WAIT_SECONDS = Field(("integer",), expression=True, least=0, most=SECONDS)
TIMEOUT = Field(("integer",), expression=True, least=1, most=SECONDS)
COUNT = Field(("integer",), expression=True, least=0)
EXPRESSIVE_TEXT = Field(("string",), expression=True)

_STATE: Fields = {"Type": TEXT, "Comment": TEXT, "QueryLanguage": LANGUAGE}
_SHAPING: Fields = {**_STATE, "InputPath": NULLABLE_PATH, "OutputPath": NULLABLE_PATH, "Output": OUTPUT}
_FLOW: Fields = {**_SHAPING, "Assign": ASSIGN, "Next": TEXT, "End": BOOLEAN}
_WORKING: Fields = {
    **_FLOW,
    "Parameters": TEMPLATE,
    "ResultSelector": TEMPLATE,
    "ResultPath": NULLABLE_PATH,
    "Retry": LIST,
    "Catch": LIST,
}

STATES: Mapping[str, Fields] = {
    "Task": {
        **_WORKING,
        "Resource": TEXT,
        "Arguments": ARGUMENTS,
        "Credentials": Field(("object",), expression=True),
        "TimeoutSeconds": TIMEOUT,
        "TimeoutSecondsPath": PATH,
        "HeartbeatSeconds": TIMEOUT,
        "HeartbeatSecondsPath": PATH,
    },
    "Pass": {**_FLOW, "Result": TEMPLATE, "ResultPath": NULLABLE_PATH, "Parameters": TEMPLATE},
    "Choice": {**_SHAPING, "Assign": ASSIGN, "Choices": LIST, "Default": TEXT},
    "Wait": {
        **_FLOW,
        "Seconds": WAIT_SECONDS,
        "SecondsPath": PATH,
        "Timestamp": EXPRESSIVE_TEXT,
        "TimestampPath": PATH,
    },
    "Succeed": _SHAPING,
    "Fail": {**_STATE, "Error": EXPRESSIVE_TEXT, "ErrorPath": PATH, "Cause": EXPRESSIVE_TEXT, "CausePath": PATH},
    "Parallel": {**_WORKING, "Branches": LIST, "Arguments": ARGUMENTS},
    "Map": {
        **_WORKING,
        "ItemProcessor": OBJECT,
        "Iterator": OBJECT,
        "Items": Field(("array", "object"), JSONATA, expression=True),
        "ItemsPath": NULLABLE_PATH,
        "ItemSelector": Field(),
        "ItemReader": OBJECT,
        "ItemBatcher": OBJECT,
        "ResultWriter": OBJECT,
        "MaxConcurrency": COUNT,
        "MaxConcurrencyPath": PATH,
        "ToleratedFailureCount": COUNT,
        "ToleratedFailureCountPath": PATH,
        "ToleratedFailurePercentage": Field(("number",), expression=True, least=0, most=100),
        "ToleratedFailurePercentagePath": PATH,
        "Label": TEXT,
    },
}

MACHINE: Fields = {
    "StartAt": TEXT,
    "States": OBJECT,
    "Comment": TEXT,
    "QueryLanguage": LANGUAGE,
    "Version": TEXT,
    "TimeoutSeconds": Field(("integer",), least=1, most=SECONDS),
}
BRANCH: Fields = {key: MACHINE[key] for key in ("StartAt", "States", "Comment")}
PROCESSOR: Fields = {**BRANCH, "ProcessorConfig": OBJECT}

RETRIER: Fields = {
    "ErrorEquals": LIST,
    "IntervalSeconds": Field(("integer",), least=1, most=SECONDS),
    "MaxAttempts": Field(("integer",), least=0, most=SECONDS),
    "BackoffRate": Field(("number",), least=1),
    "MaxDelaySeconds": Field(("integer",), least=1, most=31_622_400),
    "JitterStrategy": Field(("string",), choices=("FULL", "NONE")),
    "Comment": TEXT,
}
CATCHER: Fields = {
    "ErrorEquals": LIST,
    "Next": TEXT,
    "ResultPath": NULLABLE_PATH,
    "Output": OUTPUT,
    "Assign": ASSIGN,
    "Comment": TEXT,
}

CONFIG: Fields = {
    "Mode": Field(("string",), choices=("INLINE", "DISTRIBUTED")),
    "ExecutionType": Field(("string",), choices=("STANDARD", "EXPRESS")),
}
READER: Fields = {
    "Resource": TEXT,
    "ReaderConfig": OBJECT,
    "Parameters": TEMPLATE,
    "Arguments": ARGUMENTS,
}
WRITER: Fields = {
    "Resource": TEXT,
    "WriterConfig": OBJECT,
    "Parameters": TEMPLATE,
    "Arguments": ARGUMENTS,
}
WRITER_CONFIG: Fields = {
    "OutputType": Field(("string",), choices=("JSON", "JSONL")),
    "Transformation": Field(("string",), choices=("NONE", "COMPACT", "FLATTEN")),
}
BATCHER: Fields = {
    "MaxItemsPerBatch": Field(("integer",), expression=True, least=1),
    "MaxItemsPerBatchPath": PATH,
    "MaxInputBytesPerBatch": Field(("integer",), expression=True, least=1),
    "MaxInputBytesPerBatchPath": PATH,
    "BatchInput": Field(("object",), expression=True),
}

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "Task": ("Resource",),
    "Choice": ("Choices",),
    "Parallel": ("Branches",),
}
ONE_OF: tuple[tuple[str, str], ...] = (
    ("TimeoutSeconds", "TimeoutSecondsPath"),
    ("HeartbeatSeconds", "HeartbeatSecondsPath"),
    ("MaxConcurrency", "MaxConcurrencyPath"),
    ("ToleratedFailureCount", "ToleratedFailureCountPath"),
    ("ToleratedFailurePercentage", "ToleratedFailurePercentagePath"),
    ("Error", "ErrorPath"),
    ("Cause", "CausePath"),
    ("ItemProcessor", "Iterator"),
)
"""Pairs of which at most one may be there."""
