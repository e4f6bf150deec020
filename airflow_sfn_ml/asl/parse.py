"""From the JSON of a definition to states. Loses nothing: ``render(parse(d)) == d`` for every definition.

Parsing asks only that the definition has the shape of a machine; whether it obeys the language is `validate`'s matter.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from airflow_sfn_ml.asl.fields import FIELDS
from airflow_sfn_ml.asl.states import (
    ABSENT,
    NULL,
    STATES,
    Catch,
    ChoiceRule,
    FlowState,
    Retry,
    State,
    StateMachine,
    Task,
)
from airflow_sfn_ml.exceptions import DefinitionError

_ATTRIBUTES = {cls: {key: attribute for attribute, key in pairs} for cls, pairs in FIELDS.items()}


def parse(definition: Mapping[str, Any] | str) -> StateMachine:
    """The machine of *definition*, given as a dict or as JSON text.

    :raises DefinitionError: it is not JSON, or not shaped like a machine: no States, a state of an unknown Type.
    """
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except ValueError as error:
            raise DefinitionError(f"the definition is not JSON: {error}") from None
        except RecursionError:
            raise DefinitionError("the definition is nested too deeply to be read") from None
    if not isinstance(definition, Mapping):
        raise DefinitionError("a definition is an object with StartAt and States")
    return _machine(definition, "")


def _machine(body: Mapping[str, Any], path: str) -> StateMachine:
    states, start_at = body.get("States"), body.get("StartAt")
    if not isinstance(states, Mapping):
        raise DefinitionError(f"{path or '/'}: a machine needs an object States")
    if not isinstance(start_at, str):
        raise DefinitionError(f"{path or '/'}: a machine needs StartAt, the name of one of its states")
    parsed = []
    for name, state in states.items():
        parsed.append(_state(name, state, f"{path}/States/{name}"))
    rest = _attributes(StateMachine, {key: item for key, item in body.items() if key not in ("StartAt", "States")})
    return StateMachine(start_at, tuple(parsed), **rest)


def _state(name: str, body: Any, path: str) -> State:
    if not isinstance(body, Mapping):
        raise DefinitionError(f"{path}: a state is an object")
    kind = body.get("Type")
    cls = STATES.get(kind) if isinstance(kind, str) else None
    if cls is None:
        raise DefinitionError(f"{path}: Type is {kind!r}, not one of {', '.join(STATES)}")
    given = _attributes(cls, {key: item for key, item in body.items() if key != "Type"})
    for attribute, key in (("item_processor", "ItemProcessor"), ("iterator", "Iterator")):
        if attribute in given:
            given[attribute] = _machine(given[attribute], f"{path}/{key}")
    if "branches" in given:
        branches = []
        for position, branch in enumerate(given["branches"]):
            branches.append(_machine(branch, f"{path}/Branches/{position}"))
        given["branches"] = tuple(branches)
    if issubclass(cls, FlowState):
        given["end"] = _end(body)
    if issubclass(cls, Task):
        given.setdefault("resource", None)
    return cls(name, **given)


def _end(body: Mapping[str, Any]) -> Any:
    """None where `next` implies what the JSON says, else just what it says."""
    if "End" not in body:
        return None if "Next" in body else ABSENT
    if body["End"] is True and "Next" not in body:
        return None
    return NULL if body["End"] is None else body["End"]


def _attributes(cls: type, body: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of *cls* that *body* gives, and as `extra` what none of them can hold."""
    given: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for key, item in body.items():
        attribute = _ATTRIBUTES[cls].get(key)
        value = None if attribute is None else _VALUES.get(attribute, _plain)(item)
        if attribute is None or value is None:
            extra[key] = item
        else:
            given[attribute] = value
    if extra:
        given["extra"] = extra
    return given


def _plain(item: Any) -> Any:
    return NULL if item is None else item


def _strings(item: Any) -> tuple[str, ...] | None:
    return tuple(item) if isinstance(item, list) and item and all(isinstance(part, str) for part in item) else None


def _object(item: Any) -> Mapping[str, Any] | None:
    return item if isinstance(item, Mapping) else None


def _objects(item: Any) -> tuple[Mapping[str, Any], ...] | None:
    """A list of objects that is not empty: an empty tuple would mean that the field is absent."""
    return tuple(item) if isinstance(item, list) and item and all(isinstance(part, Mapping) for part in item) else None


def _each(make: Callable[[Mapping[str, Any]], Any]) -> Callable[[Any], Any]:
    def made(item: Any) -> Any:
        parts = _objects(item)
        return parts and tuple(make(part) for part in parts)

    return made


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "retry": _each(lambda part: Retry(**_attributes(Retry, part))),
    "catch": _each(lambda part: Catch(**_attributes(Catch, part))),
    "choices": _each(ChoiceRule),
    "branches": _objects,
    "item_processor": _object,
    "iterator": _object,
    "error_equals": _strings,
}
"""Attributes that hold more than the JSON as it is; each gives None where only `extra` can hold the item."""
