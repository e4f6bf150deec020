"""Checking requests with SageMaker's own model, as botocore ships it.

botocore checks required members and types on the client side only, and never patterns, enumerations or ranges of
numbers. A request that a state machine computed reaches the service unchecked, so it is checked here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from botocore.model import Shape
from botocore.validate import ParamValidator

from airflow_sfn_ml.local.jobs.job import operation


class InvalidRequestError(Exception):
    """SageMaker would refuse the request; the message is that of its ValidationException."""


def check(action: str, request: dict[str, Any]) -> None:
    """Raise InvalidRequestError unless `request` fits the input of `action` ("CreateTrainingJob")."""
    shape = operation(action).input_shape
    report = ParamValidator().validate(request, shape)
    problems = report.generate_report().splitlines() if report.has_errors() else list(_constraints(request, shape, ""))
    if problems:
        count = len(problems)
        noun = "error" if count == 1 else "errors"
        raise InvalidRequestError(f"{count} validation {noun} detected: {'; '.join(problems)}")


def _constraints(value: Any, shape: Shape, path: str) -> Iterator[str]:
    match shape.type_name:
        case "structure":
            members = shape.members
            for name, item in value.items():
                if name in members:
                    yield from _constraints(item, members[name], f"{path}.{_lower(name)}" if path else _lower(name))
        case "list":
            yield from _size(len(value), shape, value, path)
            for index, item in enumerate(value):
                yield from _constraints(item, shape.member, f"{path}.{index + 1}.member")
        case "map":
            yield from _size(len(value), shape, value, path)
            for key, item in value.items():
                yield from _constraints(item, shape.value, f"{path}.{key}.member")
        case "string":
            yield from _string(value, shape, path)
        case "integer" | "long":
            yield from _number(value, shape, path)


def _string(value: str, shape: Shape, path: str) -> Iterator[str]:
    metadata = shape.metadata
    if metadata.get("enum") and value not in metadata["enum"]:
        yield _violated(value, path, f"satisfy enum value set: [{', '.join(metadata['enum'])}]")
    pattern = metadata.get("pattern")
    if pattern and not _fits(pattern, value):
        yield _violated(value, path, f"satisfy regular expression pattern: {pattern}")
    yield from _size(len(value), shape, value, path)


def _fits(pattern: str, value: str) -> bool:
    try:
        return re.fullmatch(pattern, value, re.DOTALL) is not None
    except re.error:
        return True  # written for another regular expression engine


def _size(size: int, shape: Shape, value: Any, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and size > high:
        yield _violated(value, path, f"have length less than or equal to {high}")
    if low is not None and size < low:
        yield _violated(value, path, f"have length greater than or equal to {low}")


def _number(value: int, shape: Shape, path: str) -> Iterator[str]:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if high is not None and value > high:
        yield _violated(value, path, f"have value less than or equal to {high}")
    if low is not None and value < low:
        yield _violated(value, path, f"have value greater than or equal to {low}")


def _violated(value: Any, path: str, constraint: str) -> str:
    shown = str(value)[:200]
    return f"Value '{shown}' at '{path}' failed to satisfy constraint: Member must {constraint}"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
