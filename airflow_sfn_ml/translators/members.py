"""From the tasks of a group to the nodes of the compiler's graph, with what Airflow has to render for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from airflow_sfn_ml.asl import Map, State, Task
from airflow_sfn_ml.asl.refs import Code, Item, Param, Ref, Text, refs_in
from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.names import STATE_NAME_LIMIT
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps import ServiceStep
from airflow_sfn_ml.steps.calls import argument_problems
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.steps.requests import check_request
from airflow_sfn_ml.translators.connections import connection_of
from airflow_sfn_ml.translators.policies import retry_of, timeout_of
from airflow_sfn_ml.translators.preparations import Action, Step
from airflow_sfn_ml.translators.registry import original_class, translate
from airflow_sfn_ml.translators.templates import Reading

NEVER_RUN = ("on_execute_callback", "on_skipped_callback")


@dataclass(frozen=True)
class Member:
    """One task of a group, read.

    :param node: what the compiler needs.
    :param params: what Airflow renders when the execution is started, by JSON pointer within the request.
    :param preparations: what is done to the rendered values, by the same pointers.
    :param actions: what the start task does for it beside that.
    """

    node: Node
    params: Mapping[str, Any]
    preparations: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    actions: tuple[Action, ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_member(
    operator: Any, name: str, members: Mapping[str, str], conn_id: str | None, region: str | None
) -> Member:
    """Read *operator*, whose state is *name*; *members* maps the group's task ids to the names of their states.

    Never raises for what is wrong with the task: the problems are in the result, so that all can be told at once.
    """
    follows = connection_of(operator, name, conn_id, region)
    problems = follows.problems
    warnings = follows.warnings + tuple(
        f"{operator.task_id}: {attribute} never runs: the task is not executed by a worker"
        for attribute in NEVER_RUN
        if getattr(operator, attribute, None)
    )
    upstream = frozenset(members[task_id] for task_id in operator.upstream_task_ids if task_id in members)
    nothing = Node(name, None, upstream)
    try:
        translation = translate(operator, operator.task_id)
        if translation.step is None:
            return Member(nothing, {}, problems=problems, warnings=warnings)
        reading = Reading(
            name,
            members,
            dag_id=operator.dag_id,
            native=_native(operator),
            template_ext=tuple(operator.template_ext),
            environment=cache(operator.get_template_env),
            operator=partial(_operator, operator.dag),
            mapped_over=operator.__dict__.get("_sfn_ml_mapped_over"),
        )
        request = reading.read(translation.step.request)
    except TranslationError as error:
        return Member(nothing, {}, problems=(*problems, str(error)), warnings=warnings)
    step: ServiceStep | Procedure | Decision = translation.step.with_request(request)
    if isinstance(step, Decision):
        step = step.named(members)
    warnings += tuple(f"{operator.task_id}: {text}" for text in translation.warnings)
    problems += tuple(f"{operator.task_id}: {problem}" for problem in request_problems(step, operator.task_id))
    node = Node(
        name,
        step,
        upstream,
        retry=retry_of(
            given(operator, "retries"),
            given(operator, "retry_delay"),
            given(operator, "retry_exponential_backoff"),
            given(operator, "max_retry_delay"),
        ),
        timeout_seconds=timeout_of(given(operator, "execution_timeout"), translation.timeout_seconds),
        comment=operator.task_id if len(operator.task_id) > STATE_NAME_LIMIT else None,
        credentials=follows.credentials,
    )
    return Member(
        node,
        {**reading.params, **dict(follows.params)},
        {**reading.preparations, **dict(follows.preparations)},
        (*translation.actions, *follows.actions),
        (*problems, *_action_problems(operator, name, members, translation.actions)),
        warnings,
    )


def _action_problems(
    operator: Any, name: str, members: Mapping[str, str], actions: tuple[Action, ...]
) -> Iterator[str]:
    """What is done before the execution begins cannot need what a task of the group makes."""
    for action in actions:
        reading = Reading(name, members, dag_id=operator.dag_id, native=_native(operator))
        if any(True for _ in refs_in(reading.read(action.value))):
            yield (
                f"{operator.task_id}: uploads need the result of a task of this group, and the start task does them "
                "before the execution begins; upload in a task of its own"
            )


def request_problems(step: Any, task_id: str) -> list[str]:
    """What the services would refuse of the request of *step*, as far as it is known yet."""
    if isinstance(step, Procedure):
        return list(_state_problems(step.states))
    if not isinstance(step, ServiceStep):
        return []
    if isinstance(step.request, Text):
        return ["the request is the text of a template, not a dict; use .output, or render_template_as_native_obj"]
    if is_symbol(step.request):
        return []
    if not isinstance(step.request, dict):
        return [f"the request is {type(step.request).__name__}, not a dict"]
    found = check_request(
        step.service,
        step.operation,
        step.request,
        injected=(step.name_field,) if step.name_field else (),
        dynamic=is_symbol,
    )
    return [f"{problem.path}: {problem.message}" for problem in found if problem.severity == "error"]


def is_symbol(value: Any) -> bool:
    """Whether *value* becomes known only later."""
    return isinstance(value, (Ref, Param, Item, Text, Code))


def _state_problems(states: tuple[State, ...]) -> Iterator[str]:
    for state in states:
        if isinstance(state, Map) and state.item_processor is not None:
            yield from _state_problems(state.item_processor.states)
        if not isinstance(state, Task):
            continue
        try:
            found = argument_problems(str(state.resource), state.arguments or {}, is_symbol)
        except ValueError as error:
            yield f"{state.name}: {error}"
            continue
        yield from (f"{state.name}: {problem.path}: {problem.message}" for problem in found)


def given(operator: Any, name: str) -> Any:
    """The attribute *name* as the user set it, even where Airflow sees another value in a follower."""
    return operator.__dict__.get(name, getattr(original_class(operator), name, None))


def _operator(dag: Any, task_id: str) -> Any:
    return dag.task_dict.get(task_id)


def _native(operator: Any) -> bool:
    own = getattr(operator, "render_template_as_native_obj", None)
    return bool(operator.dag.render_template_as_native_obj if own is None else own)
