"""A Choice's rule in a few words, for the edge that it stands for.

``{"Variable": "$.auc", "NumericGreaterThanEquals": 0.8}`` and ``{% $states.input.auc >= 0.8 %}`` both become
``auc ≥ 0.8``. It is a caption, not an expression: quotes and types are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_SIGNS = (
    ("GreaterThanEquals", "≥"),
    ("LessThanEquals", "≤"),
    ("GreaterThan", ">"),
    ("LessThan", "<"),
    ("Equals", "="),
    ("Matches", "like"),
)
_TESTS = {
    "IsPresent": "present",
    "IsNull": "null",
    "IsBoolean": "a boolean",
    "IsNumeric": "a number",
    "IsString": "a string",
    "IsTimestamp": "a timestamp",
}
_STRING = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
_OPERATORS = {">=": "≥", "<=": "≤", "!=": "≠"}


def edge_caption(rule: Mapping[str, object]) -> str:
    """What stands at the edge of a Choice's *rule*: what its author calls it, else its condition."""
    comment = rule.get("Comment")
    return comment if isinstance(comment, str) and comment else caption(rule)


def caption(rule: Mapping[str, object]) -> str:
    """The condition of *rule* in a few words."""
    if "Condition" in rule:
        return _jsonata(rule["Condition"])
    for key, word in (("And", " and "), ("Or", " or ")):
        parts = rule.get(key)
        if isinstance(parts, list | tuple):
            return word.join(_inner(part) for part in parts)
    if isinstance(rule.get("Not"), Mapping):
        return f"not {_inner(rule['Not'])}"
    return _comparison(rule)


def _inner(part: object) -> str:
    """A rule inside another one, in brackets where the words would otherwise be read wrongly."""
    if not isinstance(part, Mapping):
        return str(part)
    text = caption(part)
    return f"({text})" if "And" in part or "Or" in part else text


def _comparison(rule: Mapping[str, object]) -> str:
    variable = _path(rule.get("Variable", ""))
    for key, expected in rule.items():
        if key in _TESTS:
            return f"{variable} is {'' if expected is True else 'not '}{_TESTS[key]}"
        kind = key.removesuffix("Path")
        for ending, sign in _SIGNS:
            if kind.endswith(ending):
                return f"{variable} {sign} {_path(expected) if kind != key else _plain(expected)}"
    return variable


def _path(value: object) -> str:
    text = _plain(value)
    return text[2:] if text.startswith("$.") else text


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _jsonata(condition: object) -> str:
    if not isinstance(condition, str):
        return _plain(condition)
    text = condition.strip()
    if text.startswith("{%") and text.endswith("%}"):
        text = text[2:-2]
    parts = _STRING.split(text)
    for position in range(0, len(parts), 2):
        part = parts[position].replace("$states.input.", "")
        for operator, sign in _OPERATORS.items():
            part = part.replace(operator, sign)
        parts[position] = " ".join(f" {part} ".split(" ")) if part.strip() else part
    return " ".join("".join(parts).split())
