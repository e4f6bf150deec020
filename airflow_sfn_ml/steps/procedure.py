"""A task that takes more than one state: a call and a loop that waits for what it began, or several calls.

The states are those of the language, under short names of their own (``start``, ``look``, ``wait``); the compiler makes
one branch of them, which has the task's name, so that the task fails, is tried again and is caught as a whole. A
procedure of a single state needs no branch: it is the task's state.

Within a procedure, the fields of its states may hold symbols, and its variables (``Assign``) are its own: their names
begin with ``p_``, which no variable around them does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from airflow_sfn_ml.asl import ChoiceRule, Map, State, StateMachine
from airflow_sfn_ml.asl.states import WorkingState

PAYLOADS = (
    "arguments",
    "output",
    "assign",
    "choices",
    "credentials",
    "seconds",
    "timeout_seconds",
    "timestamp",
    "error",
    "cause",
    "items",
    "item_selector",
    "max_concurrency",
)
"""The fields of states that may hold symbols."""

SKIPPED = "airflow: skipped"
"""The only field of the output of a task that says of itself that it is to count as skipped; it holds the reason."""


@dataclass(frozen=True)
class Procedure:
    """States that do the work of one task, together.

    :param state_id: the name of the task.
    :param states: the first is where it begins; `next` names another of them. What the last one puts out is the
        task's XCom: nothing, if it says so by *has_output*.
    :param final: errors after which the task is not tried again, whatever its retries.
    :param may_skip: whether it may put out `skipped` instead of a result.
    """

    state_id: str
    states: tuple[State, ...]
    has_output: bool = True
    final: tuple[str, ...] = ()
    may_skip: bool = False

    @property
    def request(self) -> dict[str, Any]:
        """Everything in the states that may hold symbols, by the names of state and field."""
        return _payloads(self.states)

    def with_request(self, request: Mapping[str, Any]) -> Procedure:
        """The same procedure with other values in its states."""
        return replace(self, states=_with(self.states, request))


def _payloads(states: tuple[State, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for state in states:
        fields = {name: _plain(value) for name in PAYLOADS if (value := getattr(state, name, None)) is not None}
        if isinstance(state, WorkingState) and state.catch:
            fields["catch"] = [{"assign": catch.assign, "output": catch.output} for catch in state.catch]
        if isinstance(state, Map) and state.item_processor is not None:
            fields["item_processor"] = _payloads(state.item_processor.states)
        found[state.name] = fields
    return found


def _plain(value: Any) -> Any:
    """The rules of a Choice as plain dicts; everything else as it is."""
    if isinstance(value, tuple) and any(isinstance(item, ChoiceRule) for item in value):
        return [dict(item) for item in value]
    return value


def _with(states: tuple[State, ...], request: Mapping[str, Any]) -> tuple[State, ...]:
    changed: list[State] = []
    for state in states:
        fields: dict[str, Any] = dict(request.get(state.name, {}))
        if "choices" in fields:
            fields["choices"] = tuple(ChoiceRule(rule) for rule in fields["choices"])
        if isinstance(state, WorkingState) and "catch" in fields:
            pairs = zip(state.catch, fields["catch"], strict=True)
            fields["catch"] = tuple(replace(catch, **changes) for catch, changes in pairs)
        if isinstance(state, Map) and isinstance(state.item_processor, StateMachine):
            inner = _with(state.item_processor.states, fields.pop("item_processor", {}))
            fields["item_processor"] = replace(state.item_processor, states=inner)
        changed.append(replace(state, **fields))
    return tuple(changed)
