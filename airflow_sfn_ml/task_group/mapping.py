"""Mapped groups of tasks inside of the group: one node each for the compiler."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from airflow_sfn_ml.compiler import Node
from airflow_sfn_ml.compiler.graph import Graph
from airflow_sfn_ml.compiler.structure import structure
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.mapped_groups import MappedGroup


def collapsed(
    nodes: Sequence[Node], maps: Mapping[str, MappedGroup], inside: Mapping[str, Sequence[str]]
) -> list[Node]:
    """*nodes* with one node for each mapped group, in the place of its first task.

    :param inside: the tasks of each mapped group.
    """
    around = {name: group for group, names in inside.items() for name in names}
    found: list[Node] = []
    for node in nodes:
        group = around.get(node.name)
        if group is None:
            found.append(replace(node, upstream=_moved(node.upstream, around), setups=_moved(node.setups, around)))
        elif inside[group][0] == node.name:
            found.append(_collapsed(maps[group], [other for other in nodes if other.name in inside[group]], around))
    return found


def mapping_problems(nodes: Sequence[Node], inside: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What cannot be said of tasks in mapped groups."""
    for group, names in inside.items():
        for node in nodes:
            if node.name not in names:
                continue
            if isinstance(node.step, Decision):
                yield (
                    f"{node.name}: a branch cannot be in the mapped group {group}: each iteration would choose for "
                    "itself, and what comes after the group could not be told; put it before or after the group"
                )
            if isinstance(node.step, Procedure) and node.step.may_skip:
                yield (
                    f"{node.name}: soft_fail and never_fail cannot be in the mapped group {group}: what comes after "
                    "the group would have to know which iterations were skipped; let the task fail, or put it outside"
                )
            if node.rule != "all_success" and not node.upstream <= set(names):
                yield (
                    f"{node.name}: has the trigger rule {node.rule} and waits for tasks outside of the mapped group "
                    f"{group}, which begins as a whole; give it all_success, or an upstream task in the group"
                )


def _collapsed(mapped: MappedGroup, body: list[Node], around: Mapping[str, str]) -> Node:
    names = {node.name for node in body}
    parts = tuple(replace(node.inside(names), outside=node.outside or not node.upstream <= names) for node in body)
    outside = frozenset(name for node in body for name in node.upstream) - names
    return Node(
        mapped.name,
        None,
        _moved(outside, around),
        duration=structure(Graph.of(parts)).takes / 1000,
        outside=any(node.outside for node in body),
        each=replace(mapped.each, body=parts),
    )


def _moved(names: frozenset[str], around: Mapping[str, str]) -> frozenset[str]:
    return frozenset(around.get(name, name) for name in names)
