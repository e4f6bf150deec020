"""The rules of a Choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl.validation.model import JSONATA, JSONPATH, State
from airflow_sfn_ml.asl.validation.paths import comparisons
from airflow_sfn_ml.asl.validation.rules import Finding, state_rule
from airflow_sfn_ml.asl.validation.structure import json_type
from airflow_sfn_ml.asl.validation.times import is_timestamp

_ORDER = ("Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals")
OPERANDS: Mapping[str, str] = {
    **{f"String{name}": "string" for name in (*_ORDER, "Matches")},
    **{f"Numeric{name}": "number" for name in _ORDER},
    **{f"Timestamp{name}": "timestamp" for name in _ORDER},
    "BooleanEquals": "boolean",
    **{f"Is{name}": "boolean" for name in ("Null", "Present", "Numeric", "String", "Boolean", "Timestamp")},
    **{f"{kind}{name}Path": "string" for kind in ("String", "Numeric", "Timestamp") for name in _ORDER},
    "BooleanEqualsPath": "string",
}
"""What each comparison compares with."""
SELECTORS = ("And", "Or", "Not", "Variable", "Condition")
COMMON = ("Next", "Comment", "Assign")


@state_rule("no-choices", "Choice")
def no_choices(state: State) -> Iterator[Finding]:
    if state.body.get("Choices") == []:
        yield f"{state.path}/Choices", "Choices is empty; a Choice needs a rule"


@state_rule("choice-not-object", "Choice")
def choice_not_object(state: State) -> Iterator[Finding]:
    choices = state.body.get("Choices")
    for position, rule in enumerate(choices if isinstance(choices, list) else ()):
        if not isinstance(rule, Mapping):
            yield f"{state.path}/Choices[{position}]", "a rule is an object"


@state_rule("choice-without-next", "Choice")
def choice_without_next(state: State) -> Iterator[Finding]:
    for path, rule in state.objects("Choices"):
        if not isinstance(rule.get("Next"), str):
            yield path, "the rule needs Next, the name of a state"


@state_rule("nested-next", "Choice")
def nested_next(state: State) -> Iterator[Finding]:
    for path, rule in _nested(state):
        if "Next" in rule:
            yield f"{path}/Next", "only the outermost rule has Next; move it there"


@state_rule("choice-selector", "Choice")
def choice_selector(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        found = [key for key in SELECTORS if key in rule]
        if len(found) != 1:
            wanted = "Condition" if state.language == JSONATA else "one of And, Or, Not and Variable"
            yield path, f"a rule needs {wanted}; it has {' and '.join(found) or 'none'}"


@state_rule("choice-comparison", "Choice")
def choice_comparison(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        found = [key for key in rule if key in OPERANDS]
        if "Variable" in rule and len(found) != 1:
            yield path, f"a rule with Variable needs one comparison; it has {' and '.join(found) or 'none'}"


@state_rule("unknown-comparison", "Choice")
def unknown_comparison(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        for key in rule:
            if key not in OPERANDS and key not in (*SELECTORS, *COMMON, "Output"):
                yield f"{path}/{key}", f"{key} is no comparison; StringEquals, NumericLessThan, IsPresent ... are"


@state_rule("choice-operand", "Choice")
def choice_operand(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        for key, value in rule.items():
            wanted = OPERANDS.get(key)
            if wanted and not _fits(value, wanted):
                shape = "a timestamp such as 2030-01-01T00:00:00Z" if wanted == "timestamp" else f"a {wanted}"
                yield f"{path}/{key}", f"{key} compares with {shape}, not with {value!r}"


@state_rule("choice-language", "Choice")
def choice_language(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        foreign = ("Condition", "Output") if state.language == JSONPATH else (*OPERANDS, "Variable", "And", "Or", "Not")
        for key in rule:
            if key in foreign:
                other = JSONATA if state.language == JSONPATH else JSONPATH
                remedy = "Variable and a comparison" if state.language == JSONPATH else "Condition"
                yield f"{path}/{key}", f"{key} belongs to {other}, and the state speaks {state.language}; use {remedy}"


@state_rule("empty-junction", "Choice")
def empty_junction(state: State) -> Iterator[Finding]:
    for path, rule in comparisons(state):
        for key, shape in (("And", list), ("Or", list), ("Not", Mapping)):
            if key in rule and (not isinstance(rule[key], shape) or not rule[key]):
                wanted = "a rule" if key == "Not" else "a list of rules"
                yield f"{path}/{key}", f"{key} needs {wanted}"


@state_rule("condition-not-expression", "Choice")
def condition_not_expression(state: State) -> Iterator[Finding]:
    for path, rule in state.objects("Choices"):
        condition = rule.get("Condition", "{%")
        if state.language == JSONATA and not isinstance(condition, (str, bool)):
            yield f"{path}/Condition", "Condition is an expression, {% ... %}"


@state_rule("constant-condition", "Choice", severity="warning")
def constant_condition(state: State) -> Iterator[Finding]:
    for path, rule in state.objects("Choices"):
        condition = rule.get("Condition", "{%")
        if state.language == JSONATA and (
            isinstance(condition, bool) or (isinstance(condition, str) and not condition.startswith("{%"))
        ):
            yield f"{path}/Condition", "Condition should be an expression, {% ... %}; as plain text it is not evaluated"


def _nested(state: State) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path, rule in comparisons(state):
        if "/" in path[len(state.path) + 1 :]:
            yield path, rule


def _fits(value: Any, wanted: str) -> bool:
    return is_timestamp(value) if wanted == "timestamp" else json_type(value) == wanted
