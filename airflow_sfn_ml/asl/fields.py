"""Which attribute is which field of the JSON, and in which order fields are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from airflow_sfn_ml.asl.states import STATES, Catch, Retry, StateMachine

_SPECIAL = {"name", "extra", "states"}
_LAST = ("StartAt", "Retry", "Catch", "Next", "Default", "End")
_FIRST = ("Comment", "QueryLanguage", "Resource", "ErrorEquals")


def _key(attribute: str) -> str:
    return "".join(part.title() for part in attribute.split("_"))


def _position(key: str) -> int:
    if key in _FIRST:
        return _FIRST.index(key) - len(_FIRST)
    return 1 + _LAST.index(key) if key in _LAST else 0


def _fields_of(cls: type) -> tuple[tuple[str, str], ...]:
    pairs = [(f.name, _key(f.name)) for f in fields(cls) if f.name not in _SPECIAL]
    return tuple(sorted(pairs, key=lambda pair: _position(pair[1])))


FIELDS: Mapping[type, tuple[tuple[str, str], ...]] = {
    cls: _fields_of(cls) for cls in (StateMachine, Retry, Catch, *STATES.values())
}
"""(attribute, field) of each class, in the order of writing."""
