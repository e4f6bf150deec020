"""The states of the Amazon States Language, as values.

States refer to each other by name, as they do in the language itself, so a state is a plain value: it can be shared,
compared and rendered on its own. Attributes are the language's field names in snake case; payloads (Parameters,
Arguments, Output, ...) are plain JSON data, kept as given; JSONata expressions are strings ``{% ... %}``.

``None`` always means that the field is absent. Where the JSON has a null (``"ResultPath": null``), the attribute is
`NULL`. A state without `next` ends its machine, and renders ``"End": true``. What a definition holds beyond that
(unknown fields, values of a shape that no attribute can hold) is kept in `extra`, so that nothing is lost on the way
from JSON to states and back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any, ClassVar, Literal


class Mark(Enum):
    """What a field may hold beside a value."""

    NULL = "null"
    ABSENT = "absent"

    def __repr__(self) -> str:
        return self.name


NULL = Mark.NULL
"""JSON's null as the whole value of a field."""
ABSENT = Mark.ABSENT
"""Only for `FlowState.end`: neither Next nor End is there, which is wrong but can be said."""

Null = Literal[Mark.NULL]
Number = int | float | str | Null
"""A number, or an expression that gives one."""
Text = str | Null
Payload = Any
"""Plain JSON data, or `NULL`."""
Fields = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Retry:
    """One retrier: which errors to try again, and when. Absent values are AWS's: 1 s, 3 attempts, rate 2."""

    error_equals: tuple[str, ...] = ()
    interval_seconds: int | Null | None = None
    max_attempts: int | Null | None = None
    backoff_rate: float | Null | None = None
    max_delay_seconds: int | Null | None = None
    jitter_strategy: Text | None = None
    comment: Text | None = None
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Catch:
    """One catcher: where to go on after which errors."""

    error_equals: tuple[str, ...] = ()
    next: Text | None = None
    result_path: Text | None = None
    output: Payload = None
    assign: Payload = None
    comment: Text | None = None
    extra: Fields = field(default_factory=dict)


class ChoiceRule(Mapping[str, Any]):
    """One rule of a Choice, a frozen mapping of its fields: ``ChoiceRule({"Condition": "{% ... %}", "Next": "A"})``."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Fields | None = None, /, **more: Any) -> None:
        self._fields: dict[str, Any] = {**(fields or {}), **more}

    @classmethod
    def when(cls, condition: str, next: str, **more: Any) -> ChoiceRule:
        """The rule of the JSONata expression *condition*; *more* are further fields of the JSON (``Assign=...``)."""
        return cls({"Condition": condition, "Next": next, **more})

    @property
    def next(self) -> str | None:
        """The state that follows when the rule holds; rules inside And, Or and Not have none."""
        return self._fields.get("Next")

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __repr__(self) -> str:
        return f"ChoiceRule({self._fields!r})"


@dataclass(frozen=True)
class State:
    """What all states have in common."""

    type: ClassVar[str]

    name: str
    _: KW_ONLY
    comment: Text | None = None
    query_language: Text | None = None
    extra: Fields = field(default_factory=dict)


@dataclass(frozen=True)
class ShapingState(State):
    """A state that shapes its output: all but Fail. The paths are JSONPath's, `output` is JSONata's."""

    _: KW_ONLY
    input_path: Text | None = None
    output_path: Text | None = None
    output: Payload = None


@dataclass(frozen=True)
class FlowState(ShapingState):
    """A state that goes on to `next`, or ends its machine when it has none."""

    _: KW_ONLY
    assign: Payload = None
    next: Text | None = None
    end: bool | Mark | None = None
    """Absent: what `next` implies. Otherwise exactly what the JSON says beside Next."""


@dataclass(frozen=True)
class WorkingState(FlowState):
    """A state that does something that may fail: it can retry, catch and keep its result."""

    _: KW_ONLY
    parameters: Payload = None
    result_selector: Payload = None
    result_path: Text | None = None
    retry: tuple[Retry, ...] = ()
    catch: tuple[Catch, ...] = ()


@dataclass(frozen=True)
class Task(WorkingState):
    """Call a service, an activity or a function; `resource` names it and how to wait for it."""

    type = "Task"

    _: KW_ONLY
    resource: Text
    arguments: Payload = None
    credentials: Payload = None
    timeout_seconds: Number | None = None
    timeout_seconds_path: Text | None = None
    heartbeat_seconds: Number | None = None
    heartbeat_seconds_path: Text | None = None


@dataclass(frozen=True)
class Pass(FlowState):
    """Do nothing but shape data."""

    type = "Pass"

    _: KW_ONLY
    result: Payload = None
    result_path: Text | None = None
    parameters: Payload = None


@dataclass(frozen=True)
class Choice(ShapingState):
    """Go on with the first rule that holds, or with `default`."""

    type = "Choice"

    _: KW_ONLY
    choices: tuple[ChoiceRule, ...] = ()
    default: Text | None = None
    assign: Payload = None


@dataclass(frozen=True)
class Wait(FlowState):
    """Wait for some seconds or until a moment."""

    type = "Wait"

    _: KW_ONLY
    seconds: Number | None = None
    seconds_path: Text | None = None
    timestamp: Text | None = None
    timestamp_path: Text | None = None


@dataclass(frozen=True)
class Succeed(ShapingState):
    """End the machine (or the branch) well."""

    type = "Succeed"


@dataclass(frozen=True)
class Fail(State):
    """End the machine (or the state around it) with an error."""

    type = "Fail"

    _: KW_ONLY
    error: Text | None = None
    error_path: Text | None = None
    cause: Text | None = None
    cause_path: Text | None = None


@dataclass(frozen=True)
class Parallel(WorkingState):
    """Run machines side by side and wait for all of them; the result is the list of their outputs."""

    type = "Parallel"

    _: KW_ONLY
    branches: tuple[StateMachine, ...] = ()
    arguments: Payload = None


@dataclass(frozen=True)
class Map(WorkingState):
    """Run a machine once for each item; `iterator` and `parameters` are the former names of `item_processor` and
    `item_selector`."""

    type = "Map"

    _: KW_ONLY
    item_processor: StateMachine | None = None
    iterator: StateMachine | None = None
    items: Payload = None
    items_path: Text | None = None
    item_selector: Payload = None
    item_reader: Payload = None
    item_batcher: Payload = None
    result_writer: Payload = None
    max_concurrency: Number | None = None
    max_concurrency_path: Text | None = None
    tolerated_failure_count: Number | None = None
    tolerated_failure_count_path: Text | None = None
    tolerated_failure_percentage: Number | None = None
    tolerated_failure_percentage_path: Text | None = None
    label: Text | None = None


@dataclass(frozen=True)
class StateMachine:
    """A set of states and where to begin: a whole definition, a branch of a Parallel or the processor of a Map."""

    start_at: str
    states: tuple[State, ...]
    query_language: Text | None = None
    comment: Text | None = None
    timeout_seconds: int | Null | None = None
    version: Text | None = None
    processor_config: Payload = None
    """Only in the processor of a Map: ``{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}``."""
    extra: Fields = field(default_factory=dict)


STATES: Mapping[str, type[State]] = {cls.type: cls for cls in (Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map)}
"""The classes of the eight states by the name of their Type."""
