"""Sensors that wait for the job of another task of their group.

Such a task often waits itself; then the sensor after it has nothing left to do. Which job a sensor means is seen from
where its name comes: from the XCom of the task, or from the name that the task's own request has. The latter needs
care, since the machine adds a suffix to names of jobs (`naming`): the sensor has to look for the whole name, which
only the task's XCom holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml.asl.refs import Code, Given, refs_in
from airflow_sfn_ml.compiler.jsonata import select
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.translators.preparations import named as as_name
from airflow_sfn_ml.translators.preparations import prepared
from airflow_sfn_ml.translators.registry import original_class
from airflow_sfn_ml.translators.table import Call, waits
from airflow_sfn_ml.translators.templates import Reading


@dataclass(frozen=True)
class Own:
    """How a sensor names a job, and which operators begin such jobs.

    :param attribute: the attribute of the sensor with the name or id of the job.
    :param producers: the names of the operators' classes.
    :param waits: the attributes of these that say whether they wait; empty: they always do.
    :param argument: the field of the sensor's call that names the job.
    :param answer: where the XCom of the operator holds the whole name, for jobs whose names get a suffix.
    :param limit: how long such a name may be.
    :param unless: attributes of the sensor that say that it waits for something else than the job's good end, by their
        ordinary values.
    """

    attribute: str
    producers: tuple[str, ...]
    waits: tuple[str, ...] = ("wait_for_completion", "deferrable")
    argument: str = ""
    answer: tuple[str, ...] = ()
    limit: int = 63
    unless: tuple[tuple[str, Any], ...] = ()


def already_waited(operator: Any, own: Own) -> bool:
    """Whether the job of *operator* has ended well when the task runs, since the task that began it has waited."""
    if any(_plain(getattr(operator, name)) != ordinary for name, ordinary in own.unless):
        return False
    rule = getattr(operator.trigger_rule, "value", operator.trigger_rule)
    if str(rule) != "all_success":
        return False
    before = {task.task_id: task for task in producers(operator, own)}
    task = before.get(_pulled(operator, own) or "")
    return task is not None and (not own.waits or waits(task, *own.waits))


def named(operator: Any, call: Call, own: Own) -> Call:
    """*call* with the whole name of the job, where the name that *operator* gives is one that a task's job had."""
    given = getattr(operator, own.attribute)
    before = producers(operator, own) if own.answer and own.argument else []
    if not before or _pulled(operator, own) in {task.task_id for task in before}:
        return call
    parts: list[Any] = ["($base := ", Given(prepared(given, as_name(own.limit))), " & '-'; $own := ["]
    for position, task in enumerate(before):
        parts += [", " if position else "", "(", Given(task.output), f"){select('', own.answer)}"]
    parts += ["][$substring($, 0, $length($base)) = $base][0]; $exists($own) ? $own : ", Given(given), ")"]
    return replace(call, arguments={**call.arguments, own.argument: Code(tuple(parts))})


def producers(operator: Any, own: Own) -> list[Any]:
    """The tasks of the group that surely come before *operator* and begin such jobs."""
    group = getattr(operator, "__group__", None)
    before = sorted(operator.get_flat_relative_ids(upstream=True))
    tasks = (operator.dag.get_task(task_id) for task_id in before)
    return [
        task
        for task in tasks
        if getattr(task, "__group__", None) is group
        and group is not None
        and not task.is_mapped
        and any(cls.__name__ in own.producers for cls in original_class(task).__mro__)
    ]


def _pulled(operator: Any, own: Own) -> str | None:
    """The id of the task whose XCom names the job of *operator*."""
    given = getattr(operator, own.attribute)
    return next(iter(_sources(operator, given)), None)


def _sources(operator: Any, given: Any) -> Iterator[str]:
    if isinstance(given, XComArg):
        for task, _ in given.iter_references():
            yield task.task_id
        return
    if not isinstance(given, str):
        return
    tasks = {task_id: task_id for task_id in operator.get_flat_relative_ids(upstream=True)}
    reading = Reading("", tasks, dag_id=operator.dag_id)
    try:
        read = reading.read(given)
    except UnsupportedTemplate:
        return  # it is told when the sensor itself is read
    for ref in refs_in(read):
        yield ref.task


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        return sorted(str(item) for item in value)
    return value
