"""From the fields that a user gave to those of the language: placeholders become paths or expressions.

In JSONPath some values have a field of their own when they are paths (``seconds`` and ``seconds_path``), a whole
payload that is a placeholder is the state's ``input_path``, and a Pass's ``result`` with placeholders is its
``parameters``. In JSONata all of them are expressions, and what the SDK calls ``parameters`` has the name that
JSONata gives it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import NULL
from airflow_sfn_ml.inputs.expressions import Expression, holds_expression
from airflow_sfn_ml.inputs.lowering import jsonata_payload, jsonpath_payload, plain
from airflow_sfn_ml.inputs.paths import quoted
from airflow_sfn_ml.inputs.placeholders import Placeholder

JSONATA = "JSONata"
JSONPATH = "JSONPath"
NULLABLE = frozenset({"input_path", "output_path", "result_path"})
PAYLOADS = frozenset(
    {
        *("parameters", "arguments", "result_selector", "credentials", "assign", "output", "items"),
        *("item_selector", "item_reader", "item_batcher", "result_writer"),
    }
)
PATHS = frozenset({*NULLABLE, "items_path"})
CODE_PATHS = frozenset({"error_path", "cause_path"})
"""Paths that may also be an intrinsic function."""
WITH_PATH = frozenset(
    {
        *("seconds", "timestamp", "timeout_seconds", "heartbeat_seconds", "error", "cause"),
        *("max_concurrency", "tolerated_failure_count", "tolerated_failure_percentage"),
    }
)
"""Fields that have a twin ``<name>_path``."""
ONLY_JSONATA = frozenset({"arguments", "output", "items"})
ONLY_JSONPATH = frozenset({"input_path", "output_path", "result_selector"})
_REFERENCE = re.compile(r"\$\.([A-Za-z_][A-Za-z0-9_]*)|\$\['([^']+)'\]")


def speaks_jsonata(fields: Mapping[str, Any]) -> bool:
    """Whether *fields* can only be meant as JSONata: one of its own fields, or an expression as a whole value."""
    return any(
        value is not None and (name in ONLY_JSONATA or (isinstance(value, str) and value.startswith("{%")))
        for name, value in fields.items()
    )


def lowered(fields: Mapping[str, Any], language: str, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """*fields* as attributes of the language's states.

    :param names: what ``parameters`` and ``result`` are called in JSONata.
    :raises ValueError: a placeholder or a field stands where the query language cannot have it.
    """
    return _jsonata(fields, names or {}) if language == JSONATA else _jsonpath(fields)


def _jsonpath(fields: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            if name in NULLABLE:
                made[name] = NULL
            continue
        try:
            made.update(_jsonpath_field("parameters" if name == "result" and holds_expression(value) else name, value))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    if "parameters" in made and "result" in fields and "parameters" in fields and holds_expression(fields["result"]):
        raise ValueError("result: with placeholders it is written as Parameters, which are given as well")
    return made


def _jsonpath_field(name: str, value: Any) -> dict[str, Any]:
    if name in ONLY_JSONATA:
        raise ValueError("only states whose query language is JSONata have this field")
    if name == "parameters" and isinstance(value, Expression):
        if not isinstance(value, Placeholder):
            raise ValueError(f"{value!r} cannot be all of it in JSONPath; give the state query_language='JSONata'")
        return {"input_path": value.to_jsonpath()}
    if name in PAYLOADS:
        return {name: jsonpath_payload(value)}
    if isinstance(value, Expression):
        if name in WITH_PATH:
            path = f"{name}_path"
            return {path: value.to_jsonpath() if path in CODE_PATHS else _path(value)}
        if name in CODE_PATHS:
            return {name: value.to_jsonpath()}
        if name in PATHS or name.endswith("_path"):
            return {name: _path(value)}
    return {name: plain(value)}


def _path(value: Expression) -> str:
    if not isinstance(value, Placeholder):
        raise ValueError(f"{value!r} is computed, and only a path can stand here")
    return value.to_jsonpath()


def _jsonata(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None and name != "result_path":
            continue
        try:
            if name == "result_path" and "result" in names:
                raise ValueError("only states that do something have this in JSONata; use output")
            field = _jsonata_field(names.get(name, name), value)
            for given in field.keys() & made.keys():
                raise ValueError(f"it is written as {given}, which is given as well")
            made.update(field)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return made


def _jsonata_field(name: str, value: Any) -> dict[str, Any]:
    if name in ONLY_JSONPATH:
        raise ValueError("a JSONata state does not have this field; use arguments, output or assign")
    if name == "result_path":
        output = kept_beside(value, "$states.result")
        return {} if output is None else {"output": output}
    if name.endswith("_path"):
        if not isinstance(value, Expression):
            raise ValueError(f"{value!r} is a path, and this state's query language is JSONata")
        name = {"items_path": "items"}.get(name, name.removesuffix("_path"))
    if name in PAYLOADS or isinstance(value, Expression):
        return {name: jsonata_payload(value)}
    return {name: plain(value)}


def kept_beside(result_path: Any, result: str) -> str | None:
    """The JSONata output that puts *result* where the JSONPath field ResultPath would.

    :raises ValueError: the path is deeper than one field.
    """
    if result_path is None:
        return "{% $states.input %}"
    path = result_path.to_jsonpath() if isinstance(result_path, Placeholder) else result_path
    if path == "$":
        return None
    match = _REFERENCE.fullmatch(path)
    if match is None:
        raise ValueError(f"{path!r} cannot be said in JSONata; use output")
    return f"{{% $merge([$states.input, {{{quoted(match[1] or match[2])}: {result}}}]) %}}"
