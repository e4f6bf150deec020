"""Find the series-parallel shape of a graph.

The language nests: a Parallel's branches begin and end together, so exactly the series-parallel orders can be said.
Two nodes are comparable when one must wait for the other. Components of the comparability relation share no order, so
they run side by side; components of its complement are ordered as wholes, so they run one after another. Applying both
in turn gives the exact shape of every series-parallel order.

What neither splits contains an N: ``a -> c, a -> d, b -> d``. There a barrier is needed, a cut that all of one side
pass before any of the other begins. It only ever adds waiting; of the cuts after the first k levels the one that adds
the fewest dependencies is taken, and what it added is told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from airflow_sfn_ml.compiler.graph import Added, Graph, bits


@dataclass(frozen=True)
class Seq:
    """Blocks, one after another."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Par:
    """Blocks, side by side."""

    blocks: tuple[Block, ...]


Block = str | Seq | Par


@dataclass(frozen=True)
class Structure:
    """The shape of a graph, and the dependencies that it has beyond the graph's own."""

    block: Block
    added: tuple[Added, ...]


def structure(graph: Graph) -> Structure:
    """Return *graph* as nested sequences and parallels."""
    added: list[Added] = []
    block = _shape(graph, (1 << len(graph.nodes)) - 1, added)
    return Structure(block, tuple(added))


def names_in(block: Block) -> list[str]:
    """The nodes of *block*, in the order of its text."""
    return [block] if isinstance(block, str) else [name for inner in block.blocks for name in names_in(inner)]


def _shape(graph: Graph, members: int, added: list[Added]) -> Block:
    if members & (members - 1) == 0:
        return graph.nodes[members.bit_length() - 1].name
    side_by_side = _components(members, lambda n: graph.before[n] | graph.after[n])
    if len(side_by_side) > 1:
        return Par(tuple(_shape(graph, part, added) for part in side_by_side))
    one_by_one = _components(members, lambda n: ~(graph.before[n] | graph.after[n]))
    if len(one_by_one) == 1:
        one_by_one = _barrier(graph, members, added)
    else:
        one_by_one.sort(key=lambda part: (graph.before[next(iter(bits(part)))] & members).bit_count())
    blocks: list[Block] = []
    for part in one_by_one:
        block = _shape(graph, part, added)
        blocks += block.blocks if isinstance(block, Seq) else (block,)
    return Seq(tuple(blocks))


def _components(members: int, linked: Callable[[int], int]) -> list[int]:
    """Split *members* into groups connected by *linked*, ordered by their first member."""
    left, groups = members, []
    while left:
        group = frontier = left & -left
        left ^= group
        while frontier:
            near = 0
            for node in bits(frontier):
                near |= linked(node)
            frontier = near & left
            group |= frontier
            left ^= frontier
        groups.append(group)
    return groups


def _barrier(graph: Graph, members: int, added: list[Added]) -> list[int]:
    """Cut *members* in two where the cut adds the fewest dependencies."""
    cuts: list[tuple[int, int, int, int]] = []
    first, rest = 0, members
    while rest:
        first |= sum(1 << n for n in bits(rest) if not graph.before[n] & rest)
        rest = members & ~first
        if rest:
            missing = sum((first & ~graph.before[n]).bit_count() for n in bits(rest))
            cuts.append((missing, len(cuts), first, rest))
    _, _, first, rest = min(cuts)
    added += [
        (graph.nodes[earlier].name, graph.nodes[later].name)
        for later in bits(rest)
        for earlier in bits(first & ~graph.before[later])
    ]
    return [first, rest]
