"""What Airflow says of the order of a group's tasks beyond edges: trigger rules, setups and teardowns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.rules import AFTER_FAILURE, REFUSED, RULES


def ordered(node: Node, operator: Any, names: Mapping[str, str]) -> Node:
    """*node* with what decides whether it runs.

    :param names: the names of the states of the group's tasks, by task id.
    """
    rule = rule_of(operator)
    upstream = node.upstream
    if rule == "always":
        # The rule asks for nothing, so its edges order nothing but what the task reads: Airflow starts it with the
        # others, before a branch can skip it.
        upstream = frozenset(ref.task for ref in node.reads) & upstream
    return replace(
        node,
        upstream=upstream,
        rule=rule if rule in RULES else "all_success",
        outside=any(task_id not in names for task_id in operator.upstream_task_ids),
        setup=bool(operator.is_setup),
        setups=frozenset() if operator.is_teardown else frozenset(_setups_around(operator, names)) - upstream,
        forgiven=bool(operator.is_teardown and not operator.on_failure_fail_dagrun),
    )


def order_problems(operator: Any, survives: bool) -> Iterator[str]:
    """What a machine cannot keep of the order of *operator*.

    :param survives: whether other branches run on after a failure.
    """
    rule = rule_of(operator)
    if rule not in RULES:
        instead = f"use {REFUSED[rule]}, " if rule in REFUSED else ""
        yield (
            f"{operator.task_id}: trigger rule {rule} cannot be kept inside of the group: a join of a state machine "
            f"waits for everything before it; {instead}or move the task after the group, where Airflow evaluates the "
            "rule on the tasks of the group"
        )
    elif not survives and operator.is_teardown:
        yield (
            f"{operator.task_id}: is a teardown, and the group's on_failure is 'stop', which ends the execution at the "
            "first failure, before any teardown; use on_failure='continue', or move setup and teardown out of the group"
        )
    elif not survives and rule in AFTER_FAILURE:
        yield (
            f"{operator.task_id}: trigger rule {rule} is for what runs after a failure, and the group's on_failure is "
            "'stop', which ends the execution at the first one; use on_failure='continue', or move the task after the "
            "group"
        )


def rule_of(operator: Any) -> str:
    """The trigger rule of *operator*."""
    rule = operator.trigger_rule
    return str(getattr(rule, "value", rule))


def _setups_around(operator: Any, names: Mapping[str, str]) -> Iterator[str]:
    for setup in operator.get_upstreams_only_setups():
        if setup.task_id in names:
            yield names[setup.task_id]
