"""The series-parallel shape: exact where there is one, with the fewest added dependencies where there is none."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.compiler.graph import Graph, Node
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, names_in, structure


def graph(**upstream: str) -> Graph:
    """A graph from ``c="a b"``: c waits for a and b."""
    return Graph.of([Node(name, None, frozenset(before.split())) for name, before in upstream.items()])


def order(block: Block) -> set[tuple[str, str]]:
    """All (earlier, later) pairs that *block* enforces."""
    if isinstance(block, str):
        return set()
    pairs = set().union(*(order(inner) for inner in block.blocks))
    if isinstance(block, Seq):
        for earlier, later in combinations(block.blocks, 2):
            pairs |= {(a, b) for a in names_in(earlier) for b in names_in(later)}
    return pairs


def closure(of: Graph) -> set[tuple[str, str]]:
    """All (earlier, later) pairs that the edges of the graph ask for."""
    return {
        (earlier.name, later.name)
        for position, later in enumerate(of.nodes)
        for index, earlier in enumerate(of.nodes)
        if of.before[position] >> index & 1
    }


def with_all_that_follows(pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The transitive closure of *pairs*."""
    names = sorted({name for pair in pairs for name in pair})
    later = {name: {b for a, b in pairs if a == name} for name in names}
    for middle in names:
        for name in names:
            if middle in later[name]:
                later[name] |= later[middle]
    return {(name, other) for name, others in later.items() for other in others}


def test_a_chain_is_a_sequence():
    assert structure(graph(a="", b="a", c="b")).block == Seq(("a", "b", "c"))


def test_independent_tasks_run_side_by_side():
    assert structure(graph(a="", b="", c="")).block == Par(("a", "b", "c"))


def test_a_diamond_is_exact():
    shape = structure(graph(a="", b="a", c="a", d="b c"))
    assert shape.block == Seq(("a", Par(("b", "c")), "d"))
    assert shape.added == ()


def test_nested_shapes_are_exact():
    shape = structure(graph(a="", b="a", c="b", d="a", e="c d", f=""))
    assert shape.block == Par((Seq(("a", Par((Seq(("b", "c")), "d")), "e")), "f"))
    assert shape.added == ()


def test_a_redundant_edge_changes_nothing():
    assert structure(graph(a="", b="a", c="a b")).block == Seq(("a", "b", "c"))


def test_an_n_gets_a_barrier_and_says_what_it_added():
    shape = structure(graph(a="", b="", c="a", d="a b"))
    assert order(shape.block) == {("a", "c"), ("a", "d"), ("b", "d"), ("b", "c")}
    assert shape.added == (("b", "c"),)


def test_a_cycle_is_named():
    with pytest.raises(ValueError, match="a cycle among b, c"):
        graph(a="", b="a c", c="b")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(1, 12))
    nodes = []
    for position in range(size):
        earlier = [f"n{i}" for i in range(position)]
        before = draw(st.sets(st.sampled_from(earlier), max_size=3)) if earlier else set()
        nodes.append(Node(f"n{position}", None, frozenset(before)))
    return Graph.of(draw(st.permutations(nodes)))


@given(graphs())
def test_every_precedence_is_kept_no_task_is_lost_and_the_rest_is_told(of: Graph):
    shape = structure(of)
    assert sorted(names_in(shape.block)) == sorted(node.name for node in of.nodes)
    assert order(shape.block) == with_all_that_follows(closure(of) | set(shape.added))
    assert not closure(of) & set(shape.added)


@st.composite
def series_parallel(draw: st.DrawFn) -> Block:
    names = iter(f"n{i}" for i in range(1000))

    def block(depth: int) -> Block:
        kind = draw(st.sampled_from(["task", "seq", "par"])) if depth else "task"
        if kind == "task":
            return next(names)
        inner = tuple(block(depth - 1) for _ in range(draw(st.integers(2, 3))))
        return Seq(inner) if kind == "seq" else Par(inner)

    return block(3)


@given(series_parallel())
def test_a_series_parallel_order_gets_nothing_added(block: Block):
    pairs = order(block)
    of = Graph.of([Node(name, None, frozenset(a for a, b in pairs if b == name)) for name in names_in(block)])
    shape = structure(of)
    assert shape.added == ()
    assert order(shape.block) == pairs
