"""What an operator does to its values on a worker before it calls AWS: numbers out of text, ARNs out of role names.

A translator marks a value with `prepared`; where it is known at parse and needs nothing of AWS, it is prepared there.
What Airflow renders, and what needs AWS or a connection, becomes a parameter that the start task renders and prepares.
A value that another task of the group makes is prepared by JSONata, where the preparation knows how, else it stays.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Path, Ref, Text, pointer, reads_item, refs_in
from airflow_sfn_ml.compiler.data import base_limit, job_name_base
from airflow_sfn_ml.exceptions import UnsupportedTemplate

if TYPE_CHECKING:
    from airflow_sfn_ml.translators.templates import Reading

Place = tuple[str, ...]
"""Keys that lead into a value. Lists on the way count as all of their items."""


class Start:
    """What the start task can ask for while it prepares: clients of AWS, roles, connections.

    :param hook: makes the hook of the group; called when it is first needed.
    """

    def __init__(self, hook: Callable[[], Any]) -> None:
        self._make = hook
        self._hook: Any = None
        self._clients: dict[str, Any] = {}
        self._roles: dict[str, str] = {}

    @property
    def hook(self) -> Any:
        """The hook of the group's connection."""
        if self._hook is None:
            self._hook = self._make()
        return self._hook

    def client(self, service: str) -> Any:
        """The client of *service*, with the group's connection."""
        if service not in self._clients:
            self._clients[service] = self.hook.client_of(service)
        return self._clients[service]

    def role_arn(self, role: str) -> str:
        """The ARN of *role*, as the Amazon provider finds it: what holds a slash is one."""
        if "/" in role:
            return role
        if role not in self._roles:
            self._roles[role] = str(self.client("iam").get_role(RoleName=role)["Role"]["Arn"])
        return self._roles[role]

    def connection(self, conn_id: str) -> Any:
        """The Airflow connection *conn_id*."""
        from airflow.sdk import Connection

        return Connection.get(conn_id)


def _never(value: Any) -> bool:
    return False


@dataclass(frozen=True)
class Preparation:
    """One thing done to a value.

    :param do: takes the value and the `Start`, which is None at parse.
    :param at_start: tells of a value known at parse whether it has to wait for the start: it needs AWS or Airflow.
    :param code: the JSONata around a value that another task makes; None leaves such a value as it is.
    :param refuses: why a value that another task makes cannot be taken; empty if it can.
    """

    do: Callable[[Any, Any], Any]
    at_start: Callable[[Any], bool] = _never
    code: tuple[str, str] | None = None
    refuses: str = ""


VERBATIM = Preparation(lambda value, start: value)
"""Text that looks like a template and is none: Airflow renders only what an operator names in its template fields."""
Step = tuple[Place, Preparation]


@dataclass(frozen=True)
class Prepared:
    """A value that a translator gives, with what is done to it; made by `prepared`."""

    value: Any
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Whole:
    """A value that is known by now, and was not when the task was read first: translators must not look into it.

    An instance of a mapped task, translated when the execution starts, gets its arguments so, and becomes the same
    states as the instance that was translated at parse, whose arguments were not there.
    """

    value: Any

    def resolve(self, context: Any) -> Any:
        """As what stands for values that are not known has it."""
        return self.value


def prepared(value: Any, *steps: Step | Preparation) -> Any:
    """*value*, prepared by *steps*: a preparation of the whole, or one with the place in it."""
    placed = tuple(((), step) if isinstance(step, Preparation) else step for step in steps)
    if isinstance(value, Prepared):
        return Prepared(value.value, (*value.steps, *placed))
    return Prepared(value, placed) if placed and value is not None else value


@dataclass(frozen=True)
class Action:
    """What the start task does for a member beside rendering its values: uploads.

    :param value: rendered by Airflow as the operator would have it.
    :param do: takes the rendered value and the `Start`.
    """

    value: Any
    do: Callable[[Any, Start], None] = field(compare=False)


def verbatim(value: Any, endings: tuple[str, ...] = ()) -> Any:
    """*value*, in which text that looks like a template, or like the file of one by its *endings*, is only text."""
    match value:
        case dict():
            return {key: verbatim(item, endings) for key, item in value.items()}
        case list() | tuple():
            return [verbatim(item, endings) for item in value]
        case str() if any(begin in value for begin in ("{{", "{%", "{#")) or (endings and value.endswith(endings)):
            return Prepared(value, (((), VERBATIM),))
        case _:
            return value


def read_prepared(reading: Reading, given: Prepared, path: Path) -> Any:
    """What *given* stands for: called by `Reading.read`.

    :raises UnsupportedTemplate: another task makes a value that cannot be prepared then.
    """
    here = [step for place, step in given.steps if not place]
    if VERBATIM in here:
        # what begins as an expression of the machine does, has to be one, of nothing but the text
        return Code((Given(given.value),)) if given.value.startswith("{%") else given.value
    below = [(place, step) for place, step in given.steps if place]
    read = reading.read(_marked(given.value, below), path)
    container = isinstance(given.value, (dict, list, tuple))
    whole: list[Step] = [((), step) for step in here]
    steps = whole if container else [*below, *whole]
    if not steps:
        return read
    kinds = set(_symbols(read))
    if {Ref, Item} & kinds or reads_item(read) or any(True for _ in refs_in(read)):
        return _later(reading.task, read, steps)
    if kinds or any(step.at_start(read) for step in here):
        return _at_start(reading, given, path)
    for step in here:
        read = step.do(read, None)
    return read


def _marked(value: Any, below: list[Step]) -> Any:
    """*value* with what is below marked for preparation, where it is written out."""
    if not below:
        return value
    if isinstance(value, dict):
        return {
            key: prepared(item, *((place[1:], step) for place, step in below if place[0] == key))
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [prepared(item, *below) for item in value]
    return value


def _at_start(reading: Reading, given: Prepared, path: Path) -> Param:
    """All of *given* as one parameter, to be prepared when it has been rendered."""
    where = pointer(path)
    begins = "/" if not path else where + "/"
    for inner in [key for key in reading.params if key.startswith(begins)]:
        del reading.params[inner]
        reading.preparations.pop(inner, None)
    reading.params[where] = given.value.value if isinstance(given.value, Whole) else given.value
    # what stands deeper is done first, as it is where the value is written out
    reading.preparations[where] = tuple(sorted(given.steps, key=lambda step: -len(step[0])))
    return Param(reading.task, where)


def _later(task: str, read: Any, steps: list[Step]) -> Any:
    for place, step in steps:
        if step.refuses:
            raise UnsupportedTemplate(f"{task}: {step.refuses}")
        if not place and step.code:
            read = Code((step.code[0], Given(read), step.code[1]))
    return read


def _symbols(value: Any) -> Iterator[type]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _symbols(item)
    elif isinstance(value, list):
        for item in value:
            yield from _symbols(item)
    elif isinstance(value, (Ref, Param, Item, Text, Code)):
        yield type(value)


def prepare(value: Any, steps: tuple[Step, ...], start: Start) -> Any:
    """*value* as it was rendered, with *steps* done."""
    for place, step in steps:
        value = _done(value, place, step, start)
    return value


def _done(value: Any, place: Place, step: Preparation, start: Start) -> Any:
    if not place:
        return step.do(value, start)
    if isinstance(value, list):
        return [_done(item, place, step, start) for item in value]
    if isinstance(value, Mapping) and value.get(place[0]) is not None:
        return {**value, place[0]: _done(value[place[0]], place[1:], step, start)}
    return value


# The common ones


def _number(value: Any, start: Start | None) -> Any:
    return int(value) if isinstance(value, str) and value.strip().lstrip("-").isdigit() else value


INTEGER = Preparation(_number, code=("$number(", ")"))
"""Text becomes a number."""


def _is_role_name(value: Any) -> bool:
    return isinstance(value, str) and "/" not in value


ROLE = Preparation(
    lambda value, start: start.role_arn(value) if _is_role_name(value) else value,
    at_start=_is_role_name,
)
"""The name of a role becomes its ARN: the start task asks IAM."""


@cache
def tags(key: str = "Key") -> Preparation:
    """A dict becomes a list of ``{"Key": ..., "Value": ...}``; what is a list already stays."""
    items = f"[$each($t, function($v, $k) {{ {{'{key}': $k, 'Value': $v}} }})]"

    def do(value: Any, start: Start | None) -> Any:
        if not isinstance(value, Mapping):
            return value
        return [{key: name, "Value": item} for name, item in value.items()]

    return Preparation(do, code=(f"(function($t) {{ $type($t) = 'object' ? {items} : $t }})(", ")"))


JSON = Preparation(
    lambda value, start: json.dumps(value),
    code=("(function($t) { $substring($t, 1, $length($t) - 2) })($string([", "]))"),
)
"""A value becomes JSON text."""


def integers(*places: Place) -> tuple[Step, ...]:
    """Text at *places* becomes numbers."""
    return tuple((place, INTEGER) for place in places)


@cache
def named(limit: int) -> Preparation:
    """A name becomes one that SageMaker allows, cut so that a suffix still fits into *limit* characters."""
    return Preparation(
        lambda value, start: job_name_base(str(value), limit),
        code=("$substring($replace(", f", /[^A-Za-z0-9]+/, '-'), 0, {base_limit(limit)})"),
    )


@cache
def merged_extra(conn_id: str | None) -> Preparation:
    """A dict is merged over what the connection *conn_id* holds as its extra, as ``emr_conn_id`` is."""

    def do(value: Any, start: Any) -> Any:
        return {**start.connection(conn_id).extra_dejson, **(value or {})} if conn_id else value

    return Preparation(
        do,
        at_start=lambda value: bool(conn_id),
        refuses="the configuration is merged with a connection at the start of the execution, before a task of the "
        "group has run; take it from a task before the group",
    )
