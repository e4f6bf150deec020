"""The identity of a definition: what a published version is found by."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from airflow_sfn_ml.asl.render import render
from airflow_sfn_ml.asl.states import StateMachine


def digest(definition: StateMachine | Mapping[str, Any]) -> str:
    """``sha256:`` and 64 hex digits over the canonical JSON: the order of keys and white space make no difference."""
    data = render(definition) if isinstance(definition, StateMachine) else definition
    return "sha256:" + sha256(canonical(data).encode("utf-8", "surrogatepass")).hexdigest()


def canonical(data: Any) -> str:
    """*data* as JSON with sorted keys and no white space.

    The standard encoder counts every level of nesting against the interpreter's recursion limit, which a machine of
    some 200 nested states reaches; those are written by hand.
    """
    try:
        return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except RecursionError:
        return "".join(_written(data))


def _written(data: Any) -> list[str]:
    """The pieces of the canonical JSON of *data*, with a stack of our own."""
    pieces: list[str] = []
    todo: list[tuple[bool, Any]] = [(False, data)]
    while todo:
        literal, item = todo.pop()
        if literal:
            pieces.append(item)
        elif isinstance(item, dict):
            parts: list[tuple[bool, Any]] = [(True, "{")]
            for position, key in enumerate(sorted(item)):
                comma = "," if position else ""
                parts += [(True, f"{comma}{json.dumps(key, ensure_ascii=False)}:"), (False, item[key])]
            todo += reversed([*parts, (True, "}")])
        elif isinstance(item, (list, tuple)):
            parts = [(True, "[")]
            for position, value in enumerate(item):
                parts += [(True, ",")] * bool(position) + [(False, value)]
            todo += reversed([*parts, (True, "]")])
        else:
            pieces.append(json.dumps(item, ensure_ascii=False))
    return pieces
