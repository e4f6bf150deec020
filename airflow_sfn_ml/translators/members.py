"""From the tasks of a group to the nodes of the compiler's graph, with what Airflow has to render for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Param, Ref, Text
from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.names import STATE_NAME_LIMIT
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.steps.requests import check_request
from airflow_sfn_ml.translators.policies import retry_of, timeout_of
from airflow_sfn_ml.translators.registry import original_class, translate
from airflow_sfn_ml.translators.templates import Reading

NEVER_RUN = ("on_execute_callback", "on_skipped_callback")


@dataclass(frozen=True)
class Member:
    """One task of a group, read.

    :param node: what the compiler needs.
    :param params: what Airflow renders when the execution is started, by JSON pointer within the request.
    :param integers: paths within the request whose rendered text becomes a number.
    """

    node: Node
    params: Mapping[str, Any]
    integers: tuple[tuple[str, ...], ...] = ()
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def read_member(
    operator: Any, name: str, members: Mapping[str, str], conn_id: str | None, region: str | None
) -> Member:
    """Read *operator*, whose state is *name*; *members* maps the group's task ids to the names of their states.

    Never raises for what is wrong with the task: the problems are in the result, so that all can be told at once.
    """
    problems = _task_problems(operator, name, conn_id, region)
    warnings = tuple(
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
        )
        request = reading.read(translation.step.request)
    except TranslationError as error:
        return Member(nothing, {}, problems=(*problems, str(error)), warnings=warnings)
    step = translation.step.with_request(_integers(request, translation.integers))
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
    )
    return Member(node, dict(reading.params), translation.integers, problems, warnings)


def request_problems(step: Any, task_id: str) -> list[str]:
    """What SageMaker would refuse of the request of *step*, as far as it is known yet."""
    if isinstance(step, Procedure) or isinstance(step.request, (Param, Ref, Code)):
        return []
    if not isinstance(step.request, dict):
        return [f"the request is {type(step.request).__name__}, not a dict"]
    found = check_request(
        step.service,
        step.operation,
        step.request,
        injected=(step.name_field,) if step.name_field else (),
        dynamic=lambda value: isinstance(value, (Ref, Param, Text, Code)),
    )
    return [f"{problem.path}: {problem.message}" for problem in found if problem.severity == "error"]


def given(operator: Any, name: str) -> Any:
    """The attribute *name* as the user set it, even where Airflow sees another value in a follower."""
    return operator.__dict__.get(name, getattr(original_class(operator), name, None))


def _task_problems(operator: Any, name: str, conn_id: str | None, region: str | None) -> tuple[str, ...]:
    problems = []
    rule = str(getattr(operator.trigger_rule, "value", operator.trigger_rule))
    if rule != "all_success":
        problems.append(
            f"{operator.task_id}: trigger rule {rule} cannot be kept inside of the group; move the task after the "
            "group, where "
            "Airflow evaluates the rule on the tasks of the group"
        )
    if operator.is_setup or operator.is_teardown:
        problems.append(f"{operator.task_id}: setup and teardown tasks must stand outside of the group")
    own = getattr(operator, "aws_conn_id", None)
    if own not in (None, "aws_default", conn_id):
        problems.append(
            f"{operator.task_id}: aws_conn_id {own!r} differs from the group's {conn_id!r}; a state machine calls "
            "services with "
            "its own role, so give the connection to the group"
        )
    own_region = getattr(operator, "region_name", None)
    if own_region not in (None, region):
        problems.append(
            f"{operator.task_id}: region_name {own_region!r} differs from the group's {region!r}; a state machine "
            "calls "
            "services of its own region only"
        )
    return tuple(problems)


def _native(operator: Any) -> bool:
    own = getattr(operator, "render_template_as_native_obj", None)
    return bool(operator.dag.render_template_as_native_obj if own is None else own)


def _integers(request: Any, paths: tuple[tuple[str, ...], ...]) -> Any:
    """*request* with text under *paths* turned into numbers, as the upstream operators do."""
    for path in paths:
        request = with_integer(request, path)
    return request


def with_integer(value: Any, path: tuple[str, ...]) -> Any:
    """*value* with the text under *path* turned into a number, where it is there and is one."""
    if not path:
        return int(value) if isinstance(value, str) and value.strip().isdigit() else value
    if not isinstance(value, dict) or path[0] not in value:
        return value
    return {**value, path[0]: with_integer(value[path[0]], path[1:])}
