"""From a group to a program: read every member, find every problem, compile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_sfn_ml.compiler import Node, Program, compile_graph
from airflow_sfn_ml.exceptions import CompileError, CrossesGroup, TranslationError
from airflow_sfn_ml.operators.follow import Follower
from airflow_sfn_ml.operators.follow_mapped import MappedFollower
from airflow_sfn_ml.task_group.mapping import collapsed, mapping_problems
from airflow_sfn_ml.task_group.nesting import mapped_groups
from airflow_sfn_ml.task_group.ordering import order_problems, ordered
from airflow_sfn_ml.translators import Member, read_member
from airflow_sfn_ml.translators.mapped import read_mapped
from airflow_sfn_ml.translators.mapped_groups import MappedGroup, read_mapped_group


@dataclass(frozen=True)
class Compiled:
    """A group, compiled.

    :param members: what Airflow renders for each, by the name of the state.
    :param warnings: what is lost of a task's settings.
    :param nodes: the graph that was compiled.
    :param maps: the mapped groups of tasks in it, by name.
    """

    program: Program
    members: Mapping[str, Member]
    warnings: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    maps: Mapping[str, MappedGroup] = field(default_factory=dict)


def compile_group(
    group: Any, named: list[tuple[Any, str]], expected: Mapping[str, float | timedelta] = MappingProxyType({})
) -> Compiled:
    """Compile the tasks in *named*, each with the name of its state.

    :param expected: how long tasks are expected to take, by task id, with or without the group's.
    :raises CompileError: with every problem of the group.
    """
    names = {operator.task_id: name for operator, name in named}
    problems = list(_problems(group, named))
    members: dict[str, Member] = {}
    for operator, name in named:
        if isinstance(operator, MappedFollower):
            alone = is_distributed(group, operator)
            read = read_mapped(operator, name, names, group.aws_conn_id, group.region_name, distributed=alone)
            members.setdefault(name, read)
        elif not isinstance(operator, MappedOperator):
            members.setdefault(name, read_member(operator, name, names, group.aws_conn_id, group.region_name))
    problems += [problem for member in members.values() for problem in member.problems]
    survives = getattr(group, "on_failure", "continue") == "continue"
    problems += [problem for operator, _ in named for problem in order_problems(operator, survives)]
    durations = _durations(group.group_id, expected)
    problems += [
        f"{task_id}: is in expected_durations, but is no task of the group"
        for task_id in durations
        if task_id not in names
    ]
    crossings = list(_crossings(group, named))
    inside = {name: states for name, (_, states) in mapped_groups(group, named).items()}
    maps, told = _maps(group, named, names)
    problems += told
    if problems or crossings:
        raise (CompileError if problems else CrossesGroup)([*problems, *crossings])
    nodes = [
        replace(ordered(members[name].node, operator, names), duration=durations.get(operator.task_id))
        for operator, name in named
    ]
    if told := list(mapping_problems(nodes, inside)):
        raise CompileError(told)
    nodes = collapsed(nodes, maps, inside)
    program = compile_graph(nodes, survive=survives, **_labels(group))
    warnings = [text for member in members.values() for text in member.warnings]
    if program.report.warning:
        warnings.append(f"{group.group_id}: {program.report.warning}")
    return Compiled(program, members, tuple(warnings), tuple(nodes), maps)


def _maps(
    group: Any, named: list[tuple[Any, str]], names: Mapping[str, str]
) -> tuple[dict[str, MappedGroup], list[str]]:
    """The mapped groups of tasks in *group*, read, and what is wrong with them."""
    maps: dict[str, MappedGroup] = {}
    problems: list[str] = []
    for name, (mapped, _) in mapped_groups(group, named).items():
        asked = group.distributed_maps
        if asked is not True and not isinstance(asked, bool) and not {name, mapped.group_id}.isdisjoint(asked):
            problems.append(
                f"{mapped.group_id}: a mapped group of tasks cannot be distributed, since its tasks read from around "
                "it; map single tasks, or start a Dag of its own for each item"
            )
        try:
            maps[name] = read_mapped_group(mapped, name, names)
        except TranslationError as error:
            problems.append(str(error))
    return maps, problems


def compile_repair(group: Any, compiled: Compiled) -> Program:
    """The machine of *group* that passes over what an earlier execution has done.

    It is another one than the group's own: there, a gate before each task would cost a transition each, and most runs
    need no repair.
    """
    survives = getattr(group, "on_failure", "continue") == "continue"
    return compile_graph(list(compiled.nodes), survive=survives, reusable=True, **_labels(group))


def _labels(group: Any) -> dict[str, Any]:
    return {
        "partition": _partition(group.role_arn),
        "comment": f"Task group {group.group_id} of Airflow Dag {group.dag.dag_id}",
    }


def _durations(group_id: str, expected: Mapping[str, float | timedelta]) -> dict[str, float]:
    """*expected* in seconds, by whole task id."""
    prefix = f"{group_id}."
    return {
        task_id if task_id.startswith(prefix) else prefix + task_id: (
            value.total_seconds() if isinstance(value, timedelta) else value
        )
        for task_id, value in expected.items()
    }


def _problems(group: Any, named: list[tuple[Any, str]]) -> Iterator[str]:
    """What is wrong with the group as such."""
    if not group.role_arn:
        yield f"{group.group_id}: role_arn is missing: the state machine needs an IAM role to work with"
    seen: dict[str, str] = {}
    for operator, name in named:
        task_id = operator.task_id
        if name in seen:
            yield f"{task_id}: its state would have the name {name!r}, as that of {seen[name]} has; rename one of them"
        seen[name] = task_id
        if isinstance(operator, MappedOperator) and type(operator) is not MappedOperator and not _follows(operator):
            yield (
                f"{task_id}: {operator.operator_name} cannot run inside of a state machine, mapped or not; move the "
                "task before or after the group, or do its work in a job"
            )
        elif not _follows(operator):
            yield (
                f"{task_id}: was added to the group after its with block; create it inside of the block, or enter the "
                "block again"
            )


def _follows(operator: Any) -> bool:
    return isinstance(operator, (Follower, MappedFollower))


def is_distributed(group: Any, operator: Any) -> bool:
    """Whether the iterations of *operator* are to be executions of their own."""
    asked = group.distributed_maps
    return asked if isinstance(asked, bool) else not {operator.task_id, operator.label}.isdisjoint(asked)


def _crossings(group: Any, named: list[tuple[Any, str]]) -> Iterator[str]:
    """Paths that leave the group and come back: the group would have to wait for itself."""
    ends = {operator.task_id for operator, _ in named} | {group.start_task_id}
    for operator, _ in named:
        for first in sorted(set(operator.downstream_task_ids) - ends):
            back = _way_back(group.dag, first, ends)
            if back:
                yield (
                    f"{operator.task_id} -> {' -> '.join(back)}: this path leaves the group and comes back, so the "
                    "group would wait for itself; move the tasks between into the group, or split it in two"
                )


def _way_back(dag: Any, first: str, ends: set[str]) -> list[str]:
    paths, seen = [[first]], {first}
    while paths:
        path = paths.pop(0)
        for task_id in sorted(dag.get_task(path[-1]).downstream_task_ids):
            if task_id in ends:
                return [*path, task_id]
            if task_id not in seen:
                seen.add(task_id)
                paths.append([*path, task_id])
    return []


def _partition(role_arn: str | None) -> str:
    """The partition of AWS that the role belongs to, and with it everything else."""
    parts = (role_arn or "").split(":")
    return parts[1] if parts[0] == "arn" and len(parts) > 1 else "aws"
