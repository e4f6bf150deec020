"""Render what only Airflow knows of a mapped task, each instance as it would have rendered it itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml.asl.refs import Code, Given, Param, Text, refs_in
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.expanding import expanded, instance_of
from airflow_sfn_ml.translators.laying import below, pick
from airflow_sfn_ml.translators.mapped import ITEMS, Mapped
from airflow_sfn_ml.translators.members import Member, read_member
from airflow_sfn_ml.translators.preparations import Start, Whole
from airflow_sfn_ml.translators.render import plain, render_member, rendered_problems


class _AtIndex:
    """A task instance that says it is the mapped one of an index."""

    def __init__(self, ti: Any, map_index: int) -> None:
        self._ti = ti
        self.map_index = map_index

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ti, name)


def render_mapped(
    member: Mapped,
    operator: Any,
    context: Mapping[str, Any],
    start: Start,
    names: Mapping[str, str],
    conn_id: str | None,
    region: str | None,
) -> dict[str, Any]:
    """The values of *member* for the execution's input.

    :param names: the names of the states of the group's tasks by task id; *conn_id* and *region* are the group's.
    :raises TranslationError: an instance cannot be run in the state machine, now that its arguments are known.
    """
    arguments = member.instances[0][0] if member.instances else member.stand_ins
    shared = Member(member.node, member.params, member.preparations, member.actions)
    values = render_member(shared, instance_of(operator, arguments), context, start)
    for position, (given, read) in enumerate(member.instances):
        own = render_member(read, instance_of(operator, given), _at(context, position), start)
        _check(read, {**values, **own}, f"{operator.task_id}[{position}]")
        values |= {below(f"/{ITEMS}/{position}", pointer): value for pointer, value in own.items()}
    if member.varying is not None:
        values[ITEMS] = [
            _item(member, operator, given, _at(context, position), start, names, conn_id, region)
            for position, given in enumerate(resolved(operator, context))
        ]
    return values


def resolved(operator: Any, context: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The arguments of each instance of *operator*, whose XComs are all there now."""
    given = operator._get_specified_expand_input().value
    if isinstance(given, Mapping):
        return expanded({key: _known(value, context) for key, value in given.items()})
    if isinstance(given, XComArg):
        return expanded(_known(given, context))
    return expanded([_known(item, context) for item in given])


def _known(value: Any, context: Mapping[str, Any]) -> Any:
    return _as_is(plain(value.resolve(context))) if isinstance(value, XComArg) else value


def _as_is(value: Any) -> Any:
    """*value* so that rendering it gives it back: Airflow renders no XCom that is mapped over."""
    if isinstance(value, dict):
        return {key: _as_is(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_is(item) for item in value]
    if isinstance(value, str) and ("{" in value or "." in value):
        return f"{{% raw %}}{value}{{% endraw %}}" if "endraw" not in value else value
    return value


def _at(context: Mapping[str, Any], position: int) -> dict[str, Any]:
    return {**context, "ti": _AtIndex(context["ti"], position)}


def _item(
    member: Mapped,
    operator: Any,
    given: Mapping[str, Any],
    context: Mapping[str, Any],
    start: Start,
    names: Mapping[str, str],
    conn_id: str | None,
    region: str | None,
) -> dict[str, Any]:
    """What the instance with the arguments *given* has of its own in its request."""
    label = f"{operator.task_id}[{context['ti'].map_index}]"
    hidden = {key: value if value is None else Whole(value) for key, value in given.items()}
    read = read_member(instance_of(operator, hidden), member.node.name, names, conn_id, region)
    if read.problems:
        raise TranslationError("; ".join(label + text.removeprefix(operator.task_id) for text in read.problems))
    values = render_member(read, instance_of(operator, given), context, start)
    _check(read, values, label)
    request = read.node.step.request if read.node.step else None
    item = {}
    assert member.varying is not None
    for key, path in member.varying.items():
        try:
            item[key] = _filled(pick(request, path), values)
        except (KeyError, IndexError, TypeError):
            where = ".".join(map(str, path))
            raise TranslationError(
                f"{label}: its request has no {where}, which those of other instances have: what it is mapped over "
                "changes what is asked; give every item the same fields"
            ) from None
    return item


def _check(read: Member, values: Mapping[str, Any], label: str) -> None:
    problems = rendered_problems(read, values, label)
    if problems:
        raise TranslationError("; ".join(problems))


def _filled(value: Any, values: Mapping[str, Any]) -> Any:
    """*value* with what Airflow has rendered."""
    match value:
        case Param():
            return values[value.pointer]
        case Text() if not any(True for _ in refs_in(value)):
            return "".join(str(_filled(part, values)) for part in value.parts)
        case dict():
            return {key: _filled(item, values) for key, item in value.items()}
        case list():
            return [_filled(item, values) for item in value]
        case Code() | Text() | Given():
            raise TranslationError("what an instance of a mapped task asks for is computed while the machine runs")
        case _:
            return value
