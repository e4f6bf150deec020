"""What the added dependencies cost, and which split of the group would avoid it.

Two groups are two executions: the second begins as soon as every task that it waits for has ended, not the whole first
group. So a split can do what no single machine can. Whether it does is computed, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

from airflow_sfn_ml.compiler.durations import duration
from airflow_sfn_ml.compiler.graph import Added, Graph, bits
from airflow_sfn_ml.compiler.structure import Block, Seq, Structure, finish_times, structure

EFFORT = 2_000
"""How many tasks are looked at for it: so many splits are computed, of groups of any size."""
WORTH = 0.99
"""A split must take at most this share of the time to be worth a word."""


@dataclass(frozen=True)
class Split:
    """A second group for the tasks in *second*; both together are expected to take *takes* milliseconds."""

    second: tuple[str, ...]
    takes: int


def costly(graph: Graph, shape: Structure) -> tuple[Added, ...]:
    """The added dependencies that make the slowest way through *shape* longer: (waits for, waiting)."""
    way = _slowest_way(graph, shape.block)
    return tuple(
        (earlier, later)
        for earlier, later in pairwise(way)
        if not graph.before[graph.index[later]] >> graph.index[earlier] & 1
    )


def best_split(graph: Graph, shape: Structure) -> Split | None:
    """The split in two groups that helps most, if one does."""
    found: Split | None = None
    for second in islice(_candidates(graph, costly(graph, shape)), max(4, EFFORT // len(graph.nodes))):
        split = Split(tuple(graph.nodes[node].name for node in bits(second)), _takes(graph, second))
        if split.takes < (found.takes if found else shape.takes * WORTH):
            found = split
    return found


def _candidates(graph: Graph, pairs: tuple[Added, ...]) -> Iterator[int]:
    """Sets of tasks that nothing outside of them waits for: what comes after a barrier, or not before it."""
    everything = (1 << len(graph.nodes)) - 1
    seen = {0, everything}
    for pair in pairs:
        ends = [graph.index[name] for name in pair]
        behind = [node for end in ends for node, before in enumerate(graph.direct) if end in before]
        for node in (*ends, *behind):
            for second in (graph.after[node] | 1 << node, everything & ~(graph.before[node] | 1 << node)):
                if second not in seen:
                    seen.add(second)
                    yield second


def _takes(graph: Graph, second: int) -> int:
    """How long the group without *second* and the group of *second* are expected to take together."""
    later = {graph.nodes[node].name for node in bits(second)}
    first = Graph.of([node for node in graph.nodes if node.name not in later])
    rest = Graph.of([node.inside(later) for node in graph.nodes if node.name in later])
    before = structure(first, effort=0)
    ends = finish_times(first, before.block)
    needed = {name for node in graph.nodes if node.name in later for name in node.upstream - later}
    return max(before.takes, max((ends[name] for name in needed), default=0) + structure(rest, effort=0).takes)


def _slowest_way(graph: Graph, block: Block) -> list[str]:
    """The tasks, one after another, that *block* takes its time for."""
    ends = finish_times(graph, block)

    def way(inner: Block) -> list[str]:
        if isinstance(inner, str):
            return [inner]
        if isinstance(inner, Seq):
            return [name for part in inner.blocks for name in way(part)]
        return max((way(branch) for branch in inner.blocks), key=lambda names: ends[names[-1]])

    return [name for name in way(block) if duration(graph.nodes[graph.index[name]])]
