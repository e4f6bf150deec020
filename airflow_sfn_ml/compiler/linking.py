"""States in a row: each part of a chain leads to the next one, whatever way it ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Catch, Choice, ChoiceRule, FlowState, Parallel, State, StateMachine
from airflow_sfn_ml.asl.states import WorkingState
from airflow_sfn_ml.compiler.names import fresh

FOLLOWING = "\0following"
"""Stands for the name of the first state of the next part, until that is known."""

Linked = tuple[State, ...]
"""The states of one part; the last of them leads on to the next part."""


def linked(parts: Sequence[Linked], apart: Linked = ()) -> tuple[State, ...]:
    """The states of all *parts*, each part leading to the next, and those that are reached by name only."""
    states: list[State] = []
    for position, part in enumerate(parts):
        following = parts[position + 1][0].name if position + 1 < len(parts) else None
        last = part[-1]
        if isinstance(last, FlowState) and following is not None:
            last = replace(last, next=following)
        states += [_leading(state, following) for state in (*part[:-1], last)]
    return (*states, *apart)


def leads_on(part: Linked) -> bool:
    """Whether a state of *part* needs something to lead on to."""
    return any(target == FOLLOWING for state in part for target in _targets(state))


def catching(state: FlowState, catch: Catch, taken: set[str]) -> WorkingState:
    """*state* with *catch*; a state of a kind that cannot catch is put into a branch of its own."""
    if isinstance(state, WorkingState):
        return replace(state, catch=(*state.catch, catch))
    inner = replace(state, name=fresh(f"{state.name}: run", taken), assign=None)
    return Parallel(
        state.name,
        arguments={},
        branches=(StateMachine(inner.name, (inner,)),),
        catch=(catch,),
        assign=state.assign,
        output=state.output,
        comment=state.comment,
    )


def _leading(state: State, following: str | None) -> State:
    """*state* with the name of what follows."""
    if not any(target == FOLLOWING for target in _targets(state)):
        return state
    assert following is not None
    changes: dict[str, Any] = {}
    if isinstance(state, Choice):
        changes["choices"] = tuple(
            ChoiceRule({**rule, "Next": following}) if rule.next == FOLLOWING else rule for rule in state.choices
        )
        changes["default"] = following if state.default == FOLLOWING else state.default
    if isinstance(state, WorkingState):
        changes["catch"] = tuple(
            replace(catch, next=following) if catch.next == FOLLOWING else catch for catch in state.catch
        )
    return replace(state, **changes)


def _targets(state: State) -> Iterator[object]:
    if isinstance(state, Choice):
        yield from (rule.next for rule in state.choices)
        yield state.default
    if isinstance(state, WorkingState):
        yield from (catch.next for catch in state.catch)
