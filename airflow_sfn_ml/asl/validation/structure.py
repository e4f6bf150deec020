"""Which fields are there, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from airflow_sfn_ml.asl.validation import schema
from airflow_sfn_ml.asl.validation.model import JSONATA, JSONPATH, Definition, Machine, State
from airflow_sfn_ml.asl.validation.places import Place, places
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, machine_rule, state_rule

EVERYWHERE = {key for fields in schema.STATES.values() for key in fields}


@machine_rule("missing-machine-field")
def machine_fields(machine: Machine) -> Iterator[Finding]:
    for key in ("StartAt", "States"):
        if key not in machine.body:
            yield machine.path, f"{key} is missing; a state machine needs StartAt and States"


@machine_rule("no-states")
def no_states(machine: Machine) -> Iterator[Finding]:
    if machine.body.get("States") == {}:
        yield f"{machine.path}/States", "States is empty; give it at least one state"


@machine_rule("state-not-object")
def state_not_object(machine: Machine) -> Iterator[Finding]:
    states = machine.body.get("States")
    for name, body in states.items() if isinstance(states, Mapping) else ():
        if not isinstance(body, Mapping):
            yield f"{machine.path}/States/{name}", "a state is an object with a Type"


@state_rule("unknown-type")
def unknown_type(state: State) -> Iterator[Finding]:
    kind = state.body.get("Type")
    if kind is None:
        yield state.path, f"Type is missing; it is one of {', '.join(schema.STATES)}"
    elif kind not in list(schema.STATES):
        yield f"{state.path}/Type", f"Type {kind!r} is unknown; it is one of {', '.join(schema.STATES)}"


@state_rule("missing-field")
def missing_field(state: State) -> Iterator[Finding]:
    for key in schema.REQUIRED.get(state.type, ()):
        if key not in state.body:
            yield state.path, f"a {state.type} state needs {key}"


@definition_rule("unknown-field")
def unknown_field(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for key in place.body:
            if key not in place.fields and not place.open and not _elsewhere(place, key):
                yield f"{place.path}/{key}", f"{place.what} has no field {key}{_suggestion(key, place.fields)}"


@definition_rule("unknown-option", severity="warning")
def unknown_option(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for key in place.body:
            if key not in place.fields and place.open:
                yield f"{place.path}/{key}", f"{key} is not known in {place.what}{_suggestion(key, place.fields)}"


@definition_rule("misplaced-field")
def misplaced_field(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for key in place.body:
            if key not in place.fields and not place.open and _elsewhere(place, key) and not _top_only(place, key):
                homes = [kind for kind, fields in schema.STATES.items() if key in fields]
                where = f"it belongs to {', '.join(homes)}" if homes else "it belongs to the whole definition"
                yield f"{place.path}/{key}", f"{place.what} cannot have {key}; {where}"


@definition_rule("top-level-field", severity="warning")
def top_level_field(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for key in place.body:
            if key not in place.fields and _top_only(place, key):
                yield f"{place.path}/{key}", f"{key} stands at the top of a definition, not in {place.what}"


def _elsewhere(place: Place, key: str) -> bool:
    return key in EVERYWHERE or key in schema.MACHINE


def _top_only(place: Place, key: str) -> bool:
    """What a branch is not known to refuse; a processor refuses QueryLanguage."""
    if place.fields is schema.BRANCH:
        return key in schema.MACHINE
    return place.fields is schema.PROCESSOR and key in schema.MACHINE and key != "QueryLanguage"


def _suggestion(key: str, fields: schema.Fields) -> str:
    close = get_close_matches(key, fields, 1, 0.75) or [known for known in fields if known.lower() == key.lower()]
    return f"; did you mean {close[0]}?" if close else "; remove it"


@definition_rule("wrong-type")
def wrong_type(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for path, key, value, field in place.known():
            if not fits(value, field, place.language):
                wanted = " or ".join(field.types) + (" or an expression {% ... %}" if _expressive(place, field) else "")
                yield path, f"{key} is {json_type(value)}; it must be {wanted}"


@definition_rule("out-of-range")
def out_of_range(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for path, key, value, field in place.known():
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                low, high = field.least, field.most
                if (low is not None and value < low) or (high is not None and value > high):
                    bounds = f"at least {low}" if high is None else f"between {low} and {high:,}"
                    yield path, f"{key} is {value}; it must be {bounds}"


@definition_rule("not-a-choice")
def not_a_choice(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for path, key, value, field in place.known():
            if field.choices and isinstance(value, str) and value not in field.choices:
                yield path, f"{key} is {value!r}; it is one of {', '.join(field.choices)}"


@state_rule("both-fields")
def both_fields(state: State) -> Iterator[Finding]:
    for one, other in schema.ONE_OF:
        if one in state.body and other in state.body:
            yield f"{state.path}/{other}", f"{one} and {other} exclude each other; keep one"


@state_rule("payload-not-object", severity="warning")
def payload_not_object(state: State) -> Iterator[Finding]:
    fields = ("Parameters", "ResultSelector") if state.language == JSONPATH else ("Arguments",)
    for key in (*fields, "ItemSelector"):
        value = state.body.get(key, {})
        expression = state.language == JSONATA and isinstance(value, str) and value.startswith("{%")
        if not isinstance(value, Mapping) and not expression:
            yield f"{state.path}/{key}", f"{key} is {json_type(value)}; services take an object"


def _expressive(place: Place, field: schema.Field) -> bool:
    return field.expression and place.language == JSONATA


def fits(value: Any, field: schema.Field, language: str) -> bool:
    """Whether *value* has a type that *field* may hold."""
    if not field.types or (value is None and field.nullable):
        return True
    if field.expression and language == JSONATA and isinstance(value, str) and value.startswith("{%"):
        return True
    return any(_is(value, kind) for kind in field.types)


def _is(value: Any, kind: str) -> bool:
    if kind == "integer":
        return json_type(value) == "number" and value == int(value) if _finite(value) else False
    return json_type(value) == kind


def _finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and value == value and abs(value) != float("inf")


def json_type(value: Any) -> str:
    """The name of the JSON type of *value*."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case Mapping():
            return "object"
        case _:
            return "array"
