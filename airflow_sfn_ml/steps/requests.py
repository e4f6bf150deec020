"""Check a request against the API's own model, before anything is deployed. Offline: no client, no region, no network.

botocore checks some of this when it sends a request, but Step Functions sends it, hours later perhaps, and botocore
does not look at patterns, enumerations and upper limits. What the service knows beyond its model is in `rules`.

A value that becomes known only later passes every check: a JSONata expression, or what the caller calls dynamic.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from airflow_sfn_ml.steps.casing import Spelling, pascal
from airflow_sfn_ml.steps.rules import rule_problems
from airflow_sfn_ml.steps.service_model import ServiceModel, Shape, service_model

Dynamic = Callable[[Any], bool]

SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "timestamp": (str, int, float, datetime),
    "blob": (str, bytes),
}
NUMBERS = frozenset({"integer", "long", "float", "double"})
OPEN_ENUM = re.compile("InstanceType|AcceleratorType")
"""Enumerations that grow with every release of AWS: a value that this botocore does not know may be right."""


@dataclass(frozen=True)
class RequestProblem:
    """Something that the service would refuse.

    :param path: where in the request, as in ``ProcessingInputs[0].S3Input.LocalPath``.
    """

    path: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def check_request(
    service: str,
    operation: str,
    request: Mapping[str, Any],
    *,
    injected: Iterable[str] = (),
    dynamic: Dynamic | None = None,
    spelled: Spelling = pascal,
) -> list[RequestProblem]:
    """What *service* would refuse of *request*, as far as its values are known.

    :param service: as boto3 calls it: ``sagemaker``.
    :param operation: as the API or as ASL writes it: ``CreateTrainingJob`` or ``createTrainingJob``.
    :param request: in PascalCase, as ASL wants it for every service.
    :param spelled: how exactly: `casing.spelling` of the resource.
    :param injected: the fields of the request that are added later, so that they may be absent.
    :param dynamic: tells of any value whether it becomes known only later.
    :raises ValueError: there is no such service or operation.
    """
    model = service_model(service)
    name = operation[:1].upper() + operation[1:]
    shape = model.input_shape(name)
    if shape is None:
        raise ValueError(f"{service} has no operation {name!r}{_did_you_mean(name, model.operations())}")

    def later(value: Any) -> bool:
        return _is_expression(value) or (dynamic is not None and dynamic(value))

    found = list(_Check(model, later, frozenset(injected), spelled).structure(model.shape(shape), request, ""))
    named = [RequestProblem(path, message) for path, message in rule_problems(service, name, request, later)]
    return [*found, *named]


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


class _Check:
    """One walk through a request, along its shapes."""

    def __init__(
        self, model: ServiceModel, later: Dynamic, injected: frozenset[str], spelled: Spelling = pascal
    ) -> None:
        self.model = model
        self.later = later
        self.injected = injected
        self.spelled = spelled

    def value(self, name: str, value: Any, path: str) -> Iterator[RequestProblem]:
        if self.later(value):
            return
        shape = self.model.shape(name)
        kind = shape["type"]
        if value is None:
            yield RequestProblem(path, "null is not a value; leave the field out")
        elif kind == "structure":
            yield from self.structure(shape, value, path)
        elif kind == "list":
            yield from self.items(shape, value, path)
        elif kind == "map":
            yield from self.entries(shape, value, path)
        else:
            yield from _scalar(name, shape, value, path)

    def structure(self, shape: Shape, value: Any, path: str) -> Iterator[RequestProblem]:
        if not isinstance(value, Mapping):
            yield _wrong_type(path, "an object", value)
            return
        if shape.get("document"):
            return
        members = {self.spelled(name): member for name, member in shape["members"].items()}
        for key, item in value.items():
            at = f"{path}.{key}" if path else str(key)
            if key in members:
                yield from self.value(members[key]["shape"], item, at)
            else:
                yield RequestProblem(at, f"there is no such field{_did_you_mean(str(key), list(members))}")
        given = set(value) if path else set(value) | self.injected
        for name in map(self.spelled, shape.get("required", ())):
            if name not in given:
                yield RequestProblem(f"{path}.{name}" if path else name, "is required")
        if shape.get("union") and len(value) != 1:
            yield RequestProblem(path, f"takes exactly one of {', '.join(members)}, not {len(value)}")

    def items(self, shape: Shape, value: Any, path: str) -> Iterator[RequestProblem]:
        if not isinstance(value, (list, tuple)):
            yield _wrong_type(path, "an array", value)
            return
        yield from _limits(shape, len(value), path, "items")
        for index, item in enumerate(value):
            yield from self.value(shape["member"]["shape"], item, f"{path}[{index}]")

    def entries(self, shape: Shape, value: Any, path: str) -> Iterator[RequestProblem]:
        if not isinstance(value, Mapping):
            yield _wrong_type(path, "an object", value)
            return
        yield from _limits(shape, len(value), path, "entries")
        for key, item in value.items():
            yield from self.value(shape["key"]["shape"], key, f"{path} (key {key!r})")
            yield from self.value(shape["value"]["shape"], item, f"{path}.{key}")


def _scalar(name: str, shape: Shape, value: Any, path: str) -> Iterator[RequestProblem]:
    kind = shape["type"]
    if kind == "blob":
        return  # Step Functions writes any JSON into it
    if not isinstance(value, SCALARS[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield _wrong_type(path, f"a {kind}" if kind != "integer" else "an integer", value)
    elif kind in NUMBERS and isinstance(value, (int, float)):
        yield from _limits(shape, value, path, "")
    elif kind == "string" and isinstance(value, str):
        yield from _text(name, shape, value, path)


def _text(name: str, shape: Shape, value: str, path: str) -> Iterator[RequestProblem]:
    known = shape.get("enum")
    if known is not None:
        if value not in known:
            severity: Literal["error", "warning"] = "warning" if OPEN_ENUM.search(name) else "error"
            told = f"{value!r} is not a known value{_did_you_mean(value, known)}"
            yield RequestProblem(path, told if len(known) > 12 else f"{told}; known are {', '.join(known)}", severity)
        return
    wrong = list(_limits(shape, len(value), path, "characters"))
    yield from wrong
    pattern = _pattern(shape["pattern"]) if "pattern" in shape and not wrong else None
    if pattern is not None and not pattern.fullmatch(value):
        yield RequestProblem(path, f"{_cut(value)} does not match {shape['pattern']}")


def _limits(shape: Shape, value: float, path: str, unit: str) -> Iterator[RequestProblem]:
    has = f"has {value} {unit}" if unit else f"is {value}"
    if "min" in shape and value < shape["min"]:
        yield RequestProblem(path, f"{has}, and the least is {shape['min']}")
    if "max" in shape and value > shape["max"]:
        yield RequestProblem(path, f"{has}, and the most is {shape['max']}")


@lru_cache(maxsize=512)
def _pattern(source: str) -> re.Pattern[str] | None:
    """*source* for Python; None where it says what only Java can, such as most classes of Unicode."""
    for java, python in ((r"\p{L}", r"\w"), (r"\p{N}", r"\d"), (r"\p{Z}", r"\s"), (r"\p{M}", "")):
        source = source.replace(java, python)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python wonders about [[; AWS means it
            return re.compile(source)
    except re.error:
        return None


def _wrong_type(path: str, expected: str, value: Any) -> RequestProblem:
    return RequestProblem(path or "request", f"must be {expected}, not the {type(value).__name__} {_cut(value)}")


def _did_you_mean(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name.lower(), [item.lower() for item in known], 1, 0.7)
    found = next((item for item in known if close and item.lower() == close[0]), None)
    return f", did you mean {found!r}?" if found else ""


def _cut(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
