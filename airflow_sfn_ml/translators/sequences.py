"""Parts of procedures: conditions that have to hold, and what is put away after a failure.

Answers in boto3's spelling, for operators whose XCom is what boto3 gave them: the names of fields are found in
botocore's model of the answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, Fail, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.steps.calls import api_of
from airflow_sfn_ml.steps.casing import spelling
from airflow_sfn_ml.steps.service_model import ServiceModel, service_model
from airflow_sfn_ml.translators.phrases import written
from airflow_sfn_ml.translators.sensing import code, when

BROKEN = "broken"


def required(name: str, condition: str, then: str, cause: str) -> list[State]:
    """Go on to *then* if *condition* holds, else fail with *cause*, both in JSONata."""
    return [
        Choice(name, choices=(when((condition,), then),), default=f"{name} not"),
        Fail(f"{name} not", error="JobFailed", cause=code(cause)),
    ]


def cleaned(states: Iterable[State], cleanup: Task, after: tuple[str, ...] = ("failed", "late")) -> list[State]:
    """*states* with *cleanup* done after a failure in one of *after*; the task fails with the reason all the same."""
    found: list[State] = []
    for state in states:
        if isinstance(state, Fail) and state.name in after:
            kept = {"p_failure": {"error": state.error, "cause": state.cause}}
            state = Pass(state.name, assign=kept, next=cleanup.name)
        found.append(state)
    catch = Catch(error_equals=("States.ALL",), next=BROKEN)
    end = Fail(BROKEN, error=code("$p_failure.error"), cause=code("$p_failure.cause"))
    return [*found, replace(cleanup, next=BROKEN, catch=(catch,)), end]


def as_list(value: Any) -> Any:
    """*value* as a list: one item becomes a list of it, whenever it becomes known."""
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, str) and written(value):
        return [value]
    return Code(("(function($v) { $type($v) = 'array' ? $v : [$v] })(", Given(value), ")"))


def tags(value: Any) -> Any:
    """*value* as the list of tags that upstream makes of a dict; what is no dict stays."""
    if isinstance(value, dict):
        return [{"Key": key, "Value": item} for key, item in value.items()]
    return value


def as_boto(resource: str, source: str) -> str:
    """JSONata: the answer of *resource* that *source* gives, its fields as boto3 names them."""
    renamed = _renamed(resource)
    return f"$parse({_respelled(source, renamed)})" if renamed else source


def as_boto_text(resource: str, source: str) -> str:
    """JSONata: the same as JSON text, which some operators push."""
    renamed = _renamed(resource)
    return _respelled(source, renamed) if renamed else f"$string({source})"


def _respelled(source: str, renamed: dict[str, str]) -> str:
    table = json.dumps(renamed, ensure_ascii=False).replace('"', "'")
    name = "$substring($m.match, 1, $length($m.match) - 3)"
    return (
        f'$replace($string({source}), /"({"|".join(renamed)})":/, '
        f"function($m) {{ '\"' & $lookup({table}, {name}) & '\":' }})"
    )


def _renamed(resource: str) -> dict[str, str]:
    """The fields of the answer whose names differ, as Step Functions and as botocore have them."""
    api = api_of(resource)
    assert api is not None
    model = service_model(api[0])
    shape, spelled = model.output_shape(api[1]), spelling(resource)
    names = sorted(_members(model, shape, set())) if shape else []
    return {spelled(name): name for name in names if spelled(name) != name}


def _members(model: ServiceModel, name: str, seen: set[str]) -> set[str]:
    if name in seen:
        return set()
    seen.add(name)
    shape = model.shape(name)
    if shape["type"] == "structure":
        found = set(shape["members"])
        return found.union(*(_members(model, item["shape"], seen) for item in shape["members"].values()))
    inner = {"list": "member", "map": "value"}.get(shape["type"])
    return _members(model, shape[inner]["shape"], seen) if inner else set()
