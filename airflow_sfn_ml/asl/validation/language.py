"""Which query language a state speaks, and fields of the other one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl.validation.model import JSONATA, JSONPATH, Definition, State
from airflow_sfn_ml.asl.validation.places import places
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, state_rule

REMEDIES = {
    "InputPath": "read $states.input in the expressions",
    "OutputPath": "say it in Output",
    "ResultPath": "merge it in Output",
    "ResultSelector": "say it in Output",
    "Result": "use Output",
    "Parameters": "use Arguments",
    "ItemsPath": "use Items",
    "Arguments": "use Parameters",
    "Output": "use ResultSelector, ResultPath and OutputPath",
    "Items": "use ItemsPath",
}


@definition_rule("jsonpath-field")
def jsonpath_field(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for path, key, _, field in place.known():
            if field.only == JSONPATH and place.language == JSONATA:
                remedy = REMEDIES.get(key) or f"use {key.removesuffix('Path')} with an expression"
                yield path, f"{key} belongs to JSONPath, and the state speaks JSONata; {remedy}"


@definition_rule("jsonata-field")
def jsonata_field(definition: Definition) -> Iterator[Finding]:
    for place in places(definition):
        for path, key, _, field in place.known():
            if field.only == JSONATA and place.language == JSONPATH:
                remedy = REMEDIES.get(key, "remove it")
                yield path, f'{key} belongs to JSONata, and the state speaks JSONPath; {remedy}, or set "QueryLanguage"'


@state_rule("language-downgrade")
def language_downgrade(state: State) -> Iterator[Finding]:
    if state.machine.top.get("QueryLanguage") == JSONATA and state.body.get("QueryLanguage") == JSONPATH:
        yield (
            f"{state.path}/QueryLanguage",
            "a state of a JSONata definition cannot go back to JSONPath; remove the field",
        )


@state_rule("jsonata-in-jsonpath", severity="warning")
def jsonata_in_jsonpath(state: State) -> Iterator[Finding]:
    """AWS takes such text as it stands."""
    if state.language == JSONPATH:
        for key in ("Parameters", "ResultSelector", "Assign", "ItemSelector", "Result", "Credentials"):
            for path, text in texts(state.body.get(key), f"{state.path}/{key}"):
                if text.startswith("{%") and text.endswith("%}"):
                    yield path, 'the text looks like JSONata, but the state speaks JSONPath; set "QueryLanguage"'


@state_rule("dollar-key-in-jsonata", severity="warning")
def dollar_key(state: State) -> Iterator[Finding]:
    if state.language == JSONATA:
        for key in ("Arguments", "Output", "Assign", "ItemSelector", "Credentials"):
            for path, name in keys(state.body.get(key), f"{state.path}/{key}"):
                if name.endswith(".$"):
                    yield path, f"{name} is not evaluated in JSONata; write {name[:-2]} with an expression"


def texts(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every text within *value* (no keys), with its path."""
    todo = [(path, value)]
    while todo:
        at, item = todo.pop()
        if isinstance(item, str):
            yield at, item
        elif isinstance(item, Mapping):
            todo += [(f"{at}/{key}", part) for key, part in reversed(list(item.items()))]
        elif isinstance(item, list):
            todo += [(f"{at}[{n}]", part) for n, part in reversed(list(enumerate(item)))]


def keys(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every key within *value*, with its path."""
    todo = [(path, value)]
    while todo:
        at, item = todo.pop()
        if isinstance(item, Mapping):
            for key, part in item.items():
                yield f"{at}/{key}", key
                todo.append((f"{at}/{key}", part))
        elif isinstance(item, list):
            todo += [(f"{at}[{n}]", part) for n, part in enumerate(item)]
