"""The graph that the compiler works on: Airflow's shape, none of its objects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.asl.refs import Ref, refs_in
from airflow_sfn_ml.compiler.each import Each
from airflow_sfn_ml.steps import ServiceStep
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.steps.procedure import Procedure

Added = tuple[str, str]
"""A dependency that the structure needs although no edge asks for it: (waits for, waiting)."""


@dataclass(frozen=True)
class Node:
    """One task: what it calls (nothing, for an empty task), what it waits for, how often it is tried.

    :param duration: how many seconds it is expected to take; None if nobody knows.
    :param rule: Airflow's trigger rule.
    :param outside: whether it also waits for tasks outside of the group. Those succeeded, or nothing would run.
    :param setup: whether it is a setup task.
    :param setups: setups further up whose teardown comes after it, so that it runs only if they succeeded.
    :param forgiven: whether the group succeeds although it failed, as with most teardowns.
    :param each: what it is mapped over, if it is; the request of *step* then reads the item.
    :param credentials: the role that its calls take instead of the machine's.
    """

    name: str
    step: ServiceStep | Procedure | Decision | None = None
    upstream: frozenset[str] = frozenset()
    retry: Retry | None = None
    timeout_seconds: int | None = None
    comment: str | None = None
    duration: float | None = None
    rule: str = "all_success"
    outside: bool = False
    setup: bool = False
    setups: frozenset[str] = frozenset()
    forgiven: bool = False
    each: Each | None = None
    credentials: Mapping[str, Any] | None = None

    @property
    def parts(self) -> tuple[Node, ...]:
        """Of a mapped group, the tasks in it."""
        return self.each.body if self.each else ()

    @property
    def works(self) -> bool:
        """Whether there is something in it that can fail."""
        return self.step is not None or self.each is not None

    @property
    def reads(self) -> Iterator[Ref]:
        """What it reads of the outputs of other tasks."""
        yield from refs_in(self.step.request if self.step else None)
        if self.each:
            yield from self.each.reads

    def inside(self, names: Collection[str]) -> Node:
        """The same task in a graph that has only *names*."""
        return replace(
            self,
            upstream=frozenset(name for name in self.upstream if name in names),
            setups=frozenset(name for name in self.setups if name in names),
        )


@dataclass(frozen=True)
class Graph:
    """Nodes in a topological order that depends on nothing but the order in which they were given."""

    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, nodes: Iterable[Node]) -> Graph:
        """Sort *nodes*.

        :raises ValueError: the edges form a cycle; the message names its nodes.
        """
        given = list(nodes)
        waiting = {node.name: set(node.upstream) for node in given}
        followers: dict[str, list[Node]] = {node.name: [] for node in given}
        for node in given:
            for name in node.upstream:
                followers[name].append(node)
        order: list[Node] = []
        ready = [node for node in given if not node.upstream]
        while ready:
            order += ready
            following: list[Node] = []
            for node in ready:
                for follower in followers[node.name]:
                    waiting[follower.name].discard(node.name)
                    if not waiting[follower.name]:
                        following.append(follower)
            ready = following
        if len(order) < len(given):
            done = {node.name for node in order}
            raise ValueError("a cycle among " + ", ".join(sorted(n.name for n in given if n.name not in done)))
        return cls(tuple(order))

    @cached_property
    def index(self) -> dict[str, int]:
        """The position of each node."""
        return {node.name: position for position, node in enumerate(self.nodes)}

    @cached_property
    def before(self) -> tuple[int, ...]:
        """For each node, the bit set of all nodes that must have ended before it begins."""
        masks: list[int] = []
        for node in self.nodes:
            mask = 0
            for name in node.upstream:
                position = self.index[name]
                mask |= masks[position] | 1 << position
            masks.append(mask)
        return tuple(masks)

    @cached_property
    def after(self) -> tuple[int, ...]:
        """For each node, the bit set of all nodes that wait for it."""
        masks = [0] * len(self.nodes)
        for position in reversed(range(len(self.nodes))):
            mask = masks[position] | 1 << position
            for earlier in self.direct[position]:
                masks[earlier] |= mask
        return tuple(masks)

    @cached_property
    def direct(self) -> tuple[tuple[int, ...], ...]:
        """For each node, the positions of what it waits for, without those that something else there waits for."""
        found: list[tuple[int, ...]] = []
        for node in self.nodes:
            positions = sorted(self.index[name] for name in node.upstream)
            implied = 0
            for position in positions:
                implied |= self.before[position]
            found.append(tuple(position for position in positions if not implied >> position & 1))
        return tuple(found)


def bits(mask: int) -> Iterable[int]:
    """The positions of the bits that are set in *mask*, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
