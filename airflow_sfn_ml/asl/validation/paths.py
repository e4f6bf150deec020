"""JSONPath: fields that hold paths, and payload templates with their intrinsic functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.asl import jsonpath
from airflow_sfn_ml.asl.validation.language import keys
from airflow_sfn_ml.asl.validation.model import JSONPATH, State, remembered
from airflow_sfn_ml.asl.validation.rules import Finding, state_rule

PLAIN = ("InputPath", "OutputPath", "ResultPath", "ItemsPath")
VALUES = (
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "SecondsPath",
    "TimestampPath",
    "MaxConcurrencyPath",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "ErrorPath",
    "CausePath",
)
CALLABLE = ("ErrorPath", "CausePath")
"""These also take an intrinsic function."""
TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign", "Credentials")
NESTING = 10


@remembered
def path_fields(state: State) -> Iterator[Finding]:
    """Path and text of every field that holds a JSONPath as such."""
    if state.language != JSONPATH:
        return
    for key in (*PLAIN, *VALUES):
        if isinstance(state.body.get(key), str):
            yield f"{state.path}/{key}", state.body[key]
    for path, catcher in state.objects("Catch"):
        if isinstance(catcher.get("ResultPath"), str):
            yield f"{path}/ResultPath", catcher["ResultPath"]
    if state.type == "Choice":
        for path, rule in comparisons(state):
            for key, value in rule.items():
                if (key == "Variable" or key.endswith("Path")) and isinstance(value, str):
                    yield f"{path}/{key}", value


@remembered
def comparisons(state: State) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every rule of a Choice, those within And, Or and Not too."""
    todo = list(state.objects("Choices"))
    while todo:
        path, rule = todo.pop(0)
        yield path, rule
        for key in ("And", "Or"):
            inner = rule.get(key)
            if isinstance(inner, list):
                todo += [(f"{path}/{key}[{n}]", part) for n, part in enumerate(inner) if isinstance(part, Mapping)]
        if isinstance(rule.get("Not"), Mapping):
            todo.append((f"{path}/Not", rule["Not"]))


@remembered
def templates(state: State) -> Iterator[tuple[str, Any]]:
    """Path and content of every payload template."""
    if state.language != JSONPATH:
        return
    for key in TEMPLATES:
        if key in state.body:
            yield f"{state.path}/{key}", state.body[key]
    for holder, key in (("ItemReader", "Parameters"), ("ResultWriter", "Parameters"), ("ItemBatcher", "BatchInput")):
        inner = state.body.get(holder)
        if state.type == "Map" and isinstance(inner, Mapping) and key in inner:
            yield f"{state.path}/{holder}/{key}", inner[key]
    for field in ("Catch", "Choices"):
        for path, item in state.objects(field):
            if "Assign" in item:
                yield f"{path}/Assign", item["Assign"]


@remembered
def evaluated(state: State) -> Iterator[tuple[str, Any]]:
    """Path and value of every ``name.$`` within the payload templates."""
    for path, template in templates(state):
        todo = [(path, template)]
        while todo:
            at, item = todo.pop(0)
            if isinstance(item, Mapping):
                for key, value in item.items():
                    if key.endswith(".$"):
                        yield f"{at}/{key}", value
                    else:
                        todo.append((f"{at}/{key}", value))
            elif isinstance(item, list):
                todo += [(f"{at}[{n}]", part) for n, part in enumerate(item)]


@state_rule("bad-path")
def bad_path(state: State) -> Iterator[Finding]:
    for path, text in path_fields(state):
        if not jsonpath.is_intrinsic(text) or path.endswith(("InputPath", "OutputPath", "ResultPath", "Variable")):
            fault = jsonpath.path_fault(text)
            if fault:
                yield path, f"{text!r} is no JSONPath: {fault}"


@state_rule("call-for-path", severity="warning")
def call_for_path(state: State) -> Iterator[Finding]:
    for path, text in path_fields(state):
        if jsonpath.is_intrinsic(text) and not path.endswith((*CALLABLE, "InputPath", "OutputPath", "ResultPath")):
            yield path, "an intrinsic function is not known to be evaluated here; compute the value in a Pass before"


@state_rule("wide-result-path")
def wide_result_path(state: State) -> Iterator[Finding]:
    for path, text in path_fields(state):
        if path.endswith("/ResultPath") and not jsonpath.path_fault(text) and not jsonpath.is_reference(text):
            yield path, f"{text!r} may name several places; ResultPath names one: $.field or $.list[0]"


@state_rule("wide-path", severity="warning")
def wide_path(state: State) -> Iterator[Finding]:
    for path, text in path_fields(state):
        last = path.rpartition("/")[2]
        if last in PLAIN or jsonpath.is_intrinsic(text) or jsonpath.path_fault(text):
            continue
        if not jsonpath.is_reference(text):
            yield path, f"{text!r} may name several values, and one is needed; use only fields and indexes"


@state_rule("foreign-result-path", severity="warning")
def foreign_result_path(state: State) -> Iterator[Finding]:
    for path, text in path_fields(state):
        if path.endswith("/ResultPath") and (text.startswith("$$") or jsonpath.variable_of(text)):
            yield path, f"{text!r} is not in the input; ResultPath writes to $ or to a field of it"


@state_rule("bad-template")
def bad_template(state: State) -> Iterator[Finding]:
    for path, value in evaluated(state):
        key = path.rpartition("/")[2]
        if not isinstance(value, str):
            yield path, f"the value of {key} must be text: a JSONPath or an intrinsic function"
        elif not jsonpath.is_intrinsic(value):
            fault = jsonpath.path_fault(value)
            if fault:
                yield path, f"{value!r} is neither a JSONPath nor an intrinsic function: {fault}"


@state_rule("bad-intrinsic")
def bad_intrinsic(state: State) -> Iterator[Finding]:
    for path, text in intrinsics(state):
        fault = jsonpath.intrinsic(text).fault
        if fault:
            yield path, f"{text!r} cannot be read: {fault}"


@state_rule("intrinsic-arguments", severity="warning")
def intrinsic_arguments(state: State) -> Iterator[Finding]:
    for path, text in intrinsics(state):
        call = jsonpath.intrinsic(text)
        for name, count in call.calls if not call.fault else ():
            least, most = jsonpath.ARITY[name]
            if count < least or (most is not None and count > most):
                wanted = f"{least}" if least == most else f"{least} to {most}" if most else f"at least {least}"
                yield path, f"States.{name} takes {wanted} arguments, not {count}"


@state_rule("intrinsic-depth", severity="warning")
def intrinsic_depth(state: State) -> Iterator[Finding]:
    for path, text in intrinsics(state):
        if jsonpath.intrinsic(text).depth > NESTING:
            yield path, f"more than {NESTING} calls stand within each other; compute a part in a Pass before"


@remembered
def intrinsics(state: State) -> Iterator[Finding]:
    """Path and text of every call of an intrinsic function."""
    for path, value in evaluated(state):
        if isinstance(value, str) and jsonpath.is_intrinsic(value):
            yield path, value
    for path, text in path_fields(state):
        if path.endswith(CALLABLE) and jsonpath.is_intrinsic(text):
            yield path, text


@state_rule("both-keys", severity="warning")
def both_keys(state: State) -> Iterator[Finding]:
    for path, template in templates(state):
        names = dict(keys(template, path))
        for at, key in names.items():
            if key.endswith(".$") and at[:-2] in names:
                yield at, f"{key} and {key[:-2]} give the same field; keep one"


@state_rule("path-without-dollar", severity="warning")
def path_without_dollar(state: State) -> Iterator[Finding]:
    """AWS warns of the same (NO_DOLLAR)."""
    for path, template in templates(state):
        todo = [(path, template)]
        while todo:
            at, item = todo.pop(0)
            if isinstance(item, Mapping):
                for key, value in item.items():
                    if isinstance(value, str) and not key.endswith(".$") and _looks_evaluated(value):
                        yield f"{at}/{key}", f"the value is taken as it stands; write {key}.$ to have it evaluated"
                    todo.append((f"{at}/{key}", value))


@state_rule("path-in-result", "Pass", severity="warning")
def path_in_result(state: State) -> Iterator[Finding]:
    """AWS warns of the same (PASS_RESULT_IS_STATIC)."""
    if state.language == JSONPATH:
        for path, key in keys(state.body.get("Result"), f"{state.path}/Result"):
            if key.endswith(".$"):
                yield path, "Result is taken as it stands; use Parameters to have it evaluated"


def _looks_evaluated(value: str) -> bool:
    return (
        value in ("$", "$$")
        or value.startswith(("$.", "$[", "$$."))
        or (jsonpath.is_intrinsic(value) and jsonpath.intrinsic(value).fault is None)
    )
