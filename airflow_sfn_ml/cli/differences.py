"""What differs between two definitions, in words: state by state, field by field. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST = 100
"""Longer values are cut in the middle: both ends tell more than one."""


def differences(before: Any, after: Any) -> list[str]:
    """One line for each difference: ``+`` added, ``-`` removed, ``~`` changed; states by their names."""
    return list(_compare(before, after, ""))


def _compare(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            place = _below(path, key)
            if key not in after:
                yield f"- {place}{_value(place, before[key])}"
            elif key not in before:
                yield f"+ {place}{_value(place, after[key])}"
            else:
                yield from _compare(before[key], after[key], place)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compare(old, new, f"{path}[{position}]")
    else:
        yield f"~ {path}: {_text(before)} -> {_text(after)}"


def _below(path: str, key: str) -> str:
    """The place of *key*: the States of a machine are left out, since a state is known by its name."""
    if key == "States":
        return path
    return f"{path}.{key}" if path else key


def _value(path: str, value: Any) -> str:
    if isinstance(value, Mapping) and "Type" in value:
        resource = str(value.get("Resource", "")).rpartition("states:::")[2]
        return f" ({' '.join(part for part in (str(value['Type']), resource) if part)})"
    return f": {_text(value)}"


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2 - 2]} ... {text[-LONGEST // 2 + 3 :]}"
