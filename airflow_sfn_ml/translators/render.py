"""Render what only Airflow knows, as each task would have rendered it itself.

The start task does it for all members. Within a template, ``task`` and ``ti.task_id`` are the member's, filters and
macros are the Dag's, and native rendering is the member's own setting.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import PurePath
from typing import Any

from airflow_sfn_ml.asl.refs import WHOLE, Param, Text, walk
from airflow_sfn_ml.compiler.data import job_name_base
from airflow_sfn_ml.exceptions import NotPrepared, SfnMlError, TranslationError
from airflow_sfn_ml.steps import ServiceStep
from airflow_sfn_ml.translators.members import Member, request_problems
from airflow_sfn_ml.translators.preparations import Start, prepare


class _AsMember:
    """A task instance that says it is another task's."""

    def __init__(self, ti: Any, task: Any) -> None:
        self._ti = ti
        self.task = task
        self.task_id = task.task_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)


def render_member(
    member: Member, operator: Any, context: Mapping[str, Any], start: Start | None = None
) -> dict[str, Any]:
    """The values of *member* for the execution's input, by JSON pointer; its actions are done.

    :param start: what preparations and actions ask AWS and Airflow with.
    :raises NotPrepared: AWS or a file could not be reached; it may be another time.
    :raises Exception: whatever the templates raise; the caller names the task.
    """
    if not member.params and not member.actions:
        return {}
    own = _AsMember(context["ti"], operator)
    seen = {**context, "task": operator, "ti": own, "task_instance": own}
    environment = operator.get_template_env()
    step = member.node.step if isinstance(member.node.step, ServiceStep) else None
    values = {
        pointer: plain(operator.render_template(template, seen, environment, set()))
        for pointer, template in member.params.items()
    }
    asked = start or Start(_no_hook)
    try:
        for pointer, steps in member.preparations.items():
            values[pointer] = prepare(values[pointer], steps, asked)
        for action in member.actions:
            action.do(operator.render_template(action.value, seen, environment, set()), asked)
    except SfnMlError:
        raise
    except Exception as error:
        raise NotPrepared(
            f"{operator.task_id}: what the operator does before its call failed: {type(error).__name__}: {error}"
        ) from error
    whole = values.get(WHOLE)
    if isinstance(whole, dict):
        if step is not None and step.name_field:
            base = str(whole.get(step.name_field) or member.node.name)
            whole = {**whole, step.name_field: job_name_base(base, step.name_limit)}
        values[WHOLE] = whole
    if step is not None and step.name_field and f"/{step.name_field}" in values:
        values[f"/{step.name_field}"] = job_name_base(str(values[f"/{step.name_field}"]), step.name_limit)
    return values


def _no_hook() -> Any:
    raise TranslationError("there is no connection to AWS here")


def rendered_problems(member: Member, values: Mapping[str, Any], task_id: str) -> list[str]:
    """What the services would refuse of the request of *member*, now that its values are known."""
    step = member.node.step
    if step is None or not values:
        return []

    def leaf(item: Any) -> Any:
        match item:
            case Param():
                return values[item.pointer]
            case Text() if all(isinstance(part, (str, Param)) for part in item.parts):
                return "".join(
                    str(values[part.pointer]) if isinstance(part, Param) else str(part) for part in item.parts
                )
            case _:
                return item

    return [
        f"{task_id}: {problem}" for problem in request_problems(step.with_request(walk(step.request, leaf)), task_id)
    ]


def plain(value: Any) -> Any:
    """*value* as JSON: dates as ISO 8601, paths as their addresses, lazy sequences as lists.

    :raises TypeError: it holds something that JSON cannot.
    """
    return json.loads(json.dumps(value, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, PurePath) or hasattr(value, "protocol"):  # a path, also that of an object store
        return str(value)
    if hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray)):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be part of a request")
