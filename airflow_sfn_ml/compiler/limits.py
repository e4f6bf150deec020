"""Time limits of a task of several states: no state around them has a limit, so each of them keeps its part of it.

The moment at which the task began is kept by its first state. A call may take what is left of the limit; a loop looks
before each wait whether it is over. After a redrive the limit counts anew, as that of a single state does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, FlowState, Map, Parallel, Pass, State, Task, Wait
from airflow_sfn_ml.compiler.jsonata import expression
from airflow_sfn_ml.steps.loops import BEGAN, ELAPSED, ENTERED, too_late
from airflow_sfn_ml.steps.procedure import PAYLOADS

OVER = "over"
"""The short name of the Fail of the task's own limit."""
BEGIN = "begin"


def timed(states: tuple[State, ...], limit: int | None) -> tuple[State, ...]:
    """*states* with the task's *limit* in seconds kept, and with the moment of its beginning if anything reads it."""
    if limit is not None:
        first, waits = states[0].name, {state.name for state in states if isinstance(state, Wait)}
        states = tuple(_limited(state, limit, first, waits) for state in states)
        if waits:
            states = (*states, too_late(OVER, f"took longer than {limit} seconds, its execution_timeout"))
    return _begun(states) if any(BEGAN in text for state in states for text in _texts(state)) else states


def _limited(state: State, limit: int, first: str, waits: set[str]) -> State:
    if isinstance(state, Task):
        own = state.timeout_seconds if isinstance(state.timeout_seconds, int) else None
        if state.name == first:
            return replace(state, timeout_seconds=min(limit, own or limit))
        shorter = f"{own}, " if own else ""
        left = f"$max([1, $floor($min([{shorter}{limit} - {ELAPSED}]))])"
        return replace(state, timeout_seconds=expression(left))
    if isinstance(state, Choice):
        over = ChoiceRule.when(expression(f"{ELAPSED} > {limit}"), OVER)
        position = next((place for place, rule in enumerate(state.choices) if rule.next in waits), len(state.choices))
        if position < len(state.choices) or state.default in waits:
            return replace(state, choices=(*state.choices[:position], over, *state.choices[position:]))
    return state


def _begun(states: tuple[State, ...]) -> tuple[State, ...]:
    """*states* with the beginning kept by the first, or by one before it where others come back to the first."""
    first = states[0]
    now = {BEGAN: expression(ENTERED)}
    simple = isinstance(first, FlowState) and not isinstance(first, (Map, Parallel)) and not getattr(first, "catch", ())
    if simple and isinstance(first, FlowState) and first.name not in _targets(states):
        return (replace(first, assign={**(first.assign or {}), **now}), *states[1:])
    return (Pass(BEGIN, assign=now, next=first.name), *states)


def _targets(states: tuple[State, ...]) -> set[str]:
    found: set[str] = set()
    for state in states:
        found.add(str(getattr(state, "next", None)))
        found.add(str(getattr(state, "default", None)))
        found |= {str(rule.next) for rule in getattr(state, "choices", ())}
        found |= {str(catch.next) for catch in getattr(state, "catch", ())}
    return found


def _texts(state: State) -> Iterator[str]:
    for name in (*PAYLOADS, "timeout_seconds"):
        value: Any = getattr(state, name, None)
        if value is not None:
            yield json.dumps(value, default=dict)
