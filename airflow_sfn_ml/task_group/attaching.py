"""Leaving the group's ``with``: add the start, let each member follow its state, draw the edges.

It may happen more than once: the group can be entered again, and a step can be added from outside. What was attached
before stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow.sdk import TaskGroup
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_sfn_ml.asl.refs import refs_in
from airflow_sfn_ml.operators.follow import Follower, Group, follow
from airflow_sfn_ml.operators.follow_mapped import follow_mapped
from airflow_sfn_ml.operators.start import StartExecutionOperator
from airflow_sfn_ml.task_group.nesting import map_name, mapped_group_of

START = "start"
FROM_DEFAULT_ARGS = frozenset(
    {
        "depends_on_past",
        "email",
        "email_on_failure",
        "end_date",
        "executor",
        "executor_config",
        "on_failure_callback",
        "owner",
        "pool",
        "pool_slots",
        "priority_weight",
        "queue",
        "run_as_user",
        "start_date",
        "wait_for_downstream",
        "weight_rule",
    }
)
"""What the start task takes from default_args; the rest is meant for tasks that do work."""


def make_start(group: Any) -> StartExecutionOperator:
    """The task that starts the execution of *group*."""
    defaults = {**group.dag.default_args, **group.default_args}
    kept = {name: value for name, value in defaults.items() if name in FROM_DEFAULT_ARGS}
    if group.max_concurrent_executions is not None:
        kept["max_active_tis_per_dag"] = 1  # two at once could take the same place
    return StartExecutionOperator(
        task_id=START, group=group, role_arn=group.role_arn, dag=group.dag, task_group=group, **kept
    )


def let_members_follow(group: Group, members: list[tuple[Any, str]]) -> None:
    """Let each of *members* (tasks with the names of their states) follow its state."""
    for operator, name in members:
        if type(operator) is MappedOperator:
            follow_mapped(operator, group, name)
        elif not isinstance(operator, (Follower, MappedOperator)):
            follow(operator, group, name)
            _follow_iteration(operator, group)


def _follow_iteration(operator: Any, group: Any) -> None:
    """Let *operator* follow its state in the iteration of its instance, if it is in a mapped group."""
    mapped = mapped_group_of(group, operator)
    if mapped is not None:
        operator.__dict__["_sfn_ml_within"] = map_name(group, mapped)
        operator.__dict__["_sfn_ml_mapped_over"] = mapped._expand_input


def wait_for_reads(members: list[tuple[Any, str]]) -> None:
    """Let a step that was given another step's output wait for it, as it would for an XCom."""
    by_name = {name: operator for operator, name in members}
    for operator, _ in members:
        for ref in refs_in(getattr(operator, "request", None)):
            source = by_name.get(ref.task)
            if source is not None and source.task_id not in operator.upstream_task_ids:
                source.set_downstream(operator)


def draw_edges(group: Any, start: StartExecutionOperator, members: list[tuple[Any, str]]) -> None:
    """Everything from outside gates the start, the start comes before all members, and the leaves before what follows.

    Edges that were drawn to the group while it was empty are known to the group alone, so they are drawn here.
    """
    inside = {operator.task_id for operator, _ in members}
    for operator, _ in members:
        for task_id in sorted(set(operator.upstream_task_ids) - inside - {start.task_id}):
            group.gate(task_id)
        if inside.isdisjoint(operator.upstream_task_ids) and start.task_id not in operator.upstream_task_ids:
            start.set_downstream(operator)
    for before in _tasks(group, group.upstream_task_ids, group.upstream_group_ids, "leaves"):
        before.set_downstream(start)
    leaves = [operator for operator in group.get_leaves() if operator is not start]
    for after in _tasks(group, group.downstream_task_ids, group.downstream_group_ids, "roots"):
        for leaf in leaves:
            leaf.set_downstream(after)


def _tasks(group: Any, task_ids: set[str], group_ids: set[str | None], ends: str) -> Iterator[Any]:
    for task_id in sorted(task_ids):
        yield group.dag.get_task(task_id)
    groups: dict[str | None, TaskGroup] = group.dag.task_group.get_task_group_dict()
    for group_id in sorted(str(name) for name in group_ids):
        yield from getattr(groups[group_id], ends)
