"""Read values of a request for a policy: exactly where they are written, else as far as they are known. Pure.

``'train-' & $states...`` is known to begin with ``train-``, and so is ``States.Format('train-{}', $.x)``; of any other
expression nothing is known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.jsonata import JsonataSyntaxError, Node, parse

ANY = "*"


@dataclass(frozen=True)
class Value:
    """A value as a pattern of IAM.

    :param known: whether it is written as it is, so that *pattern* has no wildcard of ours.
    """

    pattern: str
    known: bool = True


def values_at(request: Any, path: str, missing: str | None = None) -> list[Value]:
    """The values at *path*, parts joined by dots, ``*`` for all items of a list; none where the request has none.

    :param missing: what an item of a list means that does not have the field, while others may.
    """
    return list(_find(request, path.split("."), missing))


def _find(value: Any, parts: list[str], missing: str | None) -> Iterator[Value]:
    if isinstance(value, str) and _is_jsonata(value) and parts:
        yield Value(ANY, known=False)
    elif not parts:
        yield from _leaf(value)
    elif parts[0] == "*" and isinstance(value, list):
        for item in value:
            found = list(_find(item, parts[1:], missing))
            yield from found or ([Value(missing)] if missing is not None else [])
    elif isinstance(value, Mapping):
        if parts[0] in value:
            yield from _find(value[parts[0]], parts[1:], missing)
        elif f"{parts[0]}.$" in value:
            yield Value(_of_path(str(value[f"{parts[0]}.$"])) if len(parts) == 1 else ANY, known=False)


def _leaf(value: Any) -> Iterator[Value]:
    if isinstance(value, str) and _is_jsonata(value):
        yield _of_jsonata(value)
    elif isinstance(value, (str, int, float)):
        yield Value(str(value), known="${" not in str(value)) if "${" not in str(value) else Value(ANY, known=False)


def _is_jsonata(text: str) -> bool:
    return text.strip().startswith("{%") and text.strip().endswith("%}")


def _of_jsonata(text: str) -> Value:
    try:
        node = parse(text.strip()[2:-2])
    except JsonataSyntaxError:
        return Value(ANY, known=False)
    if node.kind == "string":
        return Value(str(node.value))
    return Value(f"{_head(node)}*", known=False)


def _head(node: Node) -> str:
    """The text that *node* is known to begin with."""
    if node.kind == "string":
        return str(node.value)
    if node.kind == "binary" and node.value == "&":
        left, right = node.children
        return _head(left) + (_head(right) if left.kind == "string" else "")
    return ""


def _of_path(text: str) -> str:
    """The pattern of a JSONPath or an intrinsic function."""
    match = re.match(r"States\.Format\(\s*'((?:[^'\\{]|\\.)*)", text)
    return f"{match.group(1)}*" if match else ANY
