"""Find the series-parallel shape of a graph.

The language nests: a Parallel's branches begin and end together, so exactly the series-parallel orders can be said.
Two nodes are comparable when one must wait for the other. Components of the comparability relation share no order, so
they run side by side; components of its complement are ordered as wholes, so they run one after another. Applying both
in turn gives the exact shape of every series-parallel order.

What neither splits contains an N: ``a -> c, a -> d, b -> d``. There a barrier is needed, a cut that all of one side
pass before any of the other begins. It only ever adds waiting; `compiler.cut` finds one that adds little, and what it
added is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_sfn_ml.compiler.cut import EFFORT, Search
from airflow_sfn_ml.compiler.durations import duration
from airflow_sfn_ml.compiler.graph import Added, Graph


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
    """The shape of a graph, and the dependencies that it has beyond the graph's own.

    :param added: the dependencies from which, with the graph's own, all others follow.
    :param takes: how long the shape is expected to take, and *ideal* how long without the added dependencies, both in
        milliseconds.
    """

    block: Block
    added: tuple[Added, ...]
    takes: int = 0
    ideal: int = 0


def structure(graph: Graph, effort: int = EFFORT) -> Structure:
    """Return *graph* as nested sequences and parallels; see `Search` for *effort*."""
    search = Search(graph, tuple(duration(node) for node in graph.nodes), effort)
    everything = (1 << len(graph.nodes)) - 1
    best = search.best(everything)
    added: list[Added] = []
    block = _shape(search, everything, added)
    return Structure(block, tuple(added), max(finish_times(graph, block).values()), best.longest)


def names_in(block: Block) -> list[str]:
    """The nodes of *block*, in the order of its text."""
    found: list[str] = []
    todo = [block]
    while todo:
        match todo.pop():
            case str(name):
                found.append(name)
            case Seq(blocks) | Par(blocks):
                todo += reversed(blocks)
    return found


def finish_times(graph: Graph, block: Block) -> dict[str, int]:
    """When each task is expected to end, in milliseconds after the beginning of *block*."""
    ends: dict[str, int] = {}

    def run(inner: Block, start: int) -> int:
        if isinstance(inner, str):
            ends[inner] = start + duration(graph.nodes[graph.index[inner]])
            return ends[inner]
        if isinstance(inner, Par):
            return max(run(branch, start) for branch in inner.blocks)
        for part in inner.blocks:
            start = run(part, start)
        return start

    run(block, 0)
    return ends


def _shape(search: Search, members: int, added: list[Added]) -> Block:
    """The block of *members* as the search found it."""
    graph, found = search.graph, search.known[members]
    if not found.parts:
        return graph.nodes[members.bit_length() - 1].name
    if found.side_by_side:
        return Par(tuple(_shape(search, part, added) for part in found.parts))
    blocks: list[Block] = []
    for part in found.parts:
        block = _shape(search, part, added)
        if blocks:
            added += _missing(graph, blocks[-1], block)
        blocks += block.blocks if isinstance(block, Seq) else (block,)
    return Seq(tuple(blocks))


def _missing(graph: Graph, early: Block, late: Block) -> Iterator[Added]:
    """What must be added so that all of *late* waits for all of *early*: its first tasks for the last ones there."""
    last = [(graph.index[name], name) for name in _ends(early, -1)]
    for later in _ends(late, 0):
        before = graph.before[graph.index[later]]
        for position, earlier in last:
            if not before >> position & 1:
                yield earlier, later


def _ends(block: Block, end: int) -> Iterator[str]:
    """The tasks that *block* begins with (*end* 0) or ends with (-1)."""
    match block:
        case str():
            yield block
        case Seq(blocks):
            yield from _ends(blocks[end], end)
        case Par(blocks):
            for inner in blocks:
                yield from _ends(inner, end)
