"""Templates rendered twice: by Airflow's own Jinja, and by the state machine's interpreter."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from airflow.sdk.definitions._internal.templater import create_template_env
from airflow.sdk.definitions.context import render_template
from airflow.sdk.execution_time import macros

from airflow_sfn_ml.asl.refs import Param
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.compiler.jsonata import within
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.translators.render import plain
from airflow_sfn_ml.translators.templates import Reading

OUTSIDE = {"ds": "2026-11-24", "params": {"n": 3, "s": "out", "l": ["x", "y"], "f": 2.5}}


class Refused(Exception):
    """The state machine does not say what the template makes."""


class Failed(Exception):
    """Jinja fails."""


def environment(native: bool = False, **more: Any) -> Any:
    """The environment that Airflow makes for a Dag."""
    return create_template_env(native=native, **more)


def by_jinja(template: str, xcoms: Mapping[str, Any], native: bool = False) -> Any:
    """What Airflow makes of *template* where the tasks have pushed *xcoms*."""

    def pull(task_ids: Any = None, dag_id: Any = None, key: str = "return_value", **_: Any) -> Any:
        return xcoms.get(task_ids) if isinstance(task_ids, str) else [xcoms.get(item) for item in task_ids]

    ti = SimpleNamespace(xcom_pull=pull)
    context: Any = {**OUTSIDE, "ti": ti, "task_instance": ti, "macros": macros}
    try:
        return plain(render_template(environment(native).from_string(template), context, native=native))
    except Exception as error:
        raise Failed(str(error)) from error


def by_machine(template: str, xcoms: Mapping[str, Any], native: bool = False) -> Any:
    """What the state machine makes of it, with the tasks ``g.a`` and ``g.b`` in the group."""
    code, variables = machine_code(template, xcoms, native)
    if code is None:
        return variables
    try:
        return evaluate(code, variables)
    except EvaluationError as error:
        raise Refused(str(error)) from error


def machine_code(template: str, xcoms: Mapping[str, Any], native: bool = False) -> tuple[str | None, Any]:
    """The expression that *template* becomes, and its variables; no expression, and the value, if it is Airflow's."""
    env = environment(native)
    reading = Reading("t", {"g.a": "a", "g.b": "b"}, dag_id="d", native=native, environment=lambda: env)
    try:
        symbol = reading.read(template)
    except UnsupportedTemplate as error:
        raise Refused(str(error)) from error
    task = SimpleNamespace(get_template_env=lambda: env)
    ti = SimpleNamespace(xcom_pull=lambda task_ids, **_: xcoms.get(task_ids))
    context: Any = {**OUTSIDE, "ti": ti, "task_instance": ti, "macros": macros, "task": task}
    try:
        values = {pointer: plain(_rendered(value, env, context, native)) for pointer, value in reading.params.items()}
    except Exception as error:
        raise Refused(f"the start: {error}") from error
    if isinstance(symbol, Param):
        return None, values[symbol.pointer]
    code = bind("t", symbol, {"a": "a", "b": "b"})
    states = {"context": {"Execution": {"Input": {"values": {"t": values}}}}}
    variables = json.loads(json.dumps({"a": xcoms.get("g.a"), "b": xcoms.get("g.b"), "states": states}))
    return within(code), variables


def _rendered(value: Any, env: Any, context: Any, native: bool) -> Any:
    if isinstance(value, str):
        return render_template(env.from_string(value), context, native=native)
    return value.resolve(context)
