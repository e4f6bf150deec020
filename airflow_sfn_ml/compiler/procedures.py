"""A task of several states: one branch, which has the task's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, FlowState, Map, Parallel, Retry, State, StateMachine, Task
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.compiler.graph import Node
from airflow_sfn_ml.compiler.limits import timed
from airflow_sfn_ml.compiler.names import state_name
from airflow_sfn_ml.compiler.retriers import NEVER, retriers
from airflow_sfn_ml.steps.procedure import Procedure


def procedure_work(
    node: Node, procedure: Procedure, partition: str, visible: Mapping[str, str]
) -> tuple[FlowState, Any]:
    """The state of *node* and its XCom."""
    bound = procedure.with_request(bind(node.name, procedure.request, visible))
    states = bound.states if len(bound.states) == 1 else timed(bound.states, node.timeout_seconds)
    credentials = bind(node.name, node.credentials, visible) if node.credentials else None
    states = _placed(node.name, states, partition, credentials)
    only = states[0]
    final = (Retry(error_equals=procedure.final, max_attempts=0),) if procedure.final else ()
    retry = (*final, NEVER, node.retry) if node.retry else ()
    if len(states) == 1 and isinstance(only, FlowState):
        return _single(node, only, retry or (NEVER,)), only.output if bound.has_output else {}
    branch = StateMachine(states[0].name, states)
    state = Parallel(node.name, arguments={}, branches=(branch,), retry=retry, comment=node.comment)
    return state, "{% $states.result[0] %}" if bound.has_output or bound.may_skip else {}


def _single(node: Node, state: FlowState, retry: tuple[Retry, ...]) -> FlowState:
    state = replace(state, name=node.name, output=None, comment=node.comment)
    if not isinstance(state, Task):
        return state
    own = state.timeout_seconds
    limit = node.timeout_seconds
    if limit is not None and isinstance(own, int):
        limit = min(limit, own)
    return replace(state, retry=(*state.retry, *retry), timeout_seconds=own if limit is None else limit)


def _placed(task: str, states: tuple[State, ...], partition: str, credentials: Any) -> tuple[State, ...]:
    """*states* with names that say whose they are, whole resources, the task's role and the retries of every call."""
    names = {state.name: state_name(f"{task}: {state.name}") for state in states}
    placed: list[State] = []
    for state in states:
        changes: dict[str, Any] = {"name": names[state.name]}
        if isinstance(state, FlowState) and state.next:
            changes["next"] = names[str(state.next)]
        if isinstance(state, Choice):
            changes["choices"] = tuple(ChoiceRule({**rule, "Next": names[str(rule.next)]}) for rule in state.choices)
            changes["default"] = names[str(state.default)] if state.default else None
        if isinstance(state, Task):
            changes["resource"] = f"arn:{partition}:states:::{state.resource}"
            changes["credentials"] = state.credentials or credentials
            changes["retry"] = retriers(str(state.resource), state.retry, caught=bool(state.catch))
        if isinstance(state, (Task, Parallel, Map)):
            changes["catch"] = tuple(replace(catch, next=names[str(catch.next)]) for catch in state.catch)
        if isinstance(state, Map) and state.item_processor is not None:
            inner = _placed(task, state.item_processor.states, partition, credentials)
            changes["item_processor"] = replace(state.item_processor, start_at=inner[0].name, states=inner)
        placed.append(replace(state, **changes))
    return tuple(placed)
