"""From states to the JSON that AWS takes. Linear in the size of the machine."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.fields import FIELDS
from airflow_sfn_ml.asl.states import (
    ABSENT,
    NULL,
    Catch,
    ChoiceRule,
    FlowState,
    Map,
    Parallel,
    Retry,
    State,
    StateMachine,
)


def render(machine: StateMachine) -> dict[str, Any]:
    """The definition of *machine* as plain dicts and lists, fit for ``json.dumps``."""
    body = _present(machine)
    states: dict[str, Any] = {}
    for state in machine.states:
        states[state.name] = render_state(state)
    body["States"] = states
    return body


def render_state(state: State) -> dict[str, Any]:
    """The body of one state, as it stands under its name."""
    body = {"Type": state.type, **_present(state)}
    if isinstance(state, FlowState) and state.end is None and state.next is None:
        body["End"] = True
    if isinstance(state, Parallel) and state.branches:
        branches = []
        for branch in state.branches:
            branches.append(render(branch))
        body["Branches"] = branches
    if isinstance(state, Map):
        for key, inner in (("ItemProcessor", state.item_processor), ("Iterator", state.iterator)):
            if inner is not None:
                body[key] = render(inner)
    return body


def _present(value: Any) -> dict[str, Any]:
    """The fields of *value* that are there, machines within it still as they are, and those it only keeps."""
    body: dict[str, Any] = {}
    for attribute, key in FIELDS[type(value)]:
        item = getattr(value, attribute)
        if item is not None and item is not ABSENT and item != ():
            body[key] = _plain(item)
    body.update(value.extra)
    return body


def _plain(item: Any) -> Any:
    """*item* as plain data."""
    if item is NULL:
        return None
    if isinstance(item, (Retry, Catch)):
        return _present(item)
    if isinstance(item, ChoiceRule):
        return {key: _plain(part) for key, part in item.items()}
    return [_plain(part) for part in item] if isinstance(item, (list, tuple)) else item
