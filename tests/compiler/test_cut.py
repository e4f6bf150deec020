"""The search for cuts: as good as trying all of them where that can be done."""

from __future__ import annotations

import random
from functools import cache

import pytest

from airflow_sfn_ml.compiler.cut import Search
from airflow_sfn_ml.compiler.graph import Graph, Node, bits
from benchmarks.graphs import FAMILIES


def graph(family: str, size: int, seed: int) -> Graph:
    rng = random.Random(f"{family} {seed}")
    edges = FAMILIES[family](size, rng)
    return Graph.of(
        Node(f"n{task}", None, frozenset(f"n{i}" for i in before), duration=600 * rng.lognormvariate(0, 1))
        for task, before in enumerate(edges)
    )


def fastest(of: Graph, durations: tuple[int, ...]) -> int:
    """The time of the fastest series-parallel structure, found by trying every cut."""

    @cache
    def best(members: int) -> int:
        if members.bit_count() == 1:
            return durations[members.bit_length() - 1]
        parts = apart(of, members)
        if len(parts) > 1:
            return max(best(part) for part in parts)
        return min(best(early) + best(members & ~early) for early in beginnings(of, members))

    return best((1 << len(durations)) - 1)


def apart(of: Graph, members: int) -> list[int]:
    """*members*, split where no dependency leads across."""
    parts: list[int] = []
    for node in bits(members):
        near = (1 << node | of.before[node] | of.after[node]) & members
        touching = [part for part in parts if part & near]
        parts = [part for part in parts if not part & near] + [near | sum(touching) & ~near]
    return parts


def beginnings(of: Graph, members: int) -> set[int]:
    """All sets that could be done before the rest of *members*."""
    found, todo = {0}, [0]
    while todo:
        early = todo.pop()
        for node in bits(members & ~early):
            more = early | 1 << node
            if not of.before[node] & members & ~early and more not in found:
                found.add(more)
                todo.append(more)
    return found - {0, members}


@pytest.mark.parametrize("family", FAMILIES)
def test_ten_tasks_get_the_fastest_structure_there_is(family: str):
    for seed in range(12):
        of = graph(family, 10, seed)
        durations = tuple(round(1000 * (node.duration or 0)) for node in of.nodes)
        assert Search(of, durations).best((1 << 10) - 1).cost[0] == fastest(of, durations), seed


@pytest.mark.parametrize(("family", "size", "limit"), [("ML-shaped", 32, 1.03), ("ML-shaped", 64, 1.08)])
def test_the_mean_loss_on_ml_shaped_graphs_stays_small(family: str, size: int, limit: float):
    ratios = []
    for seed in range(12):
        of = graph(family, size, seed)
        found = Search(of, tuple(round(1000 * (node.duration or 0)) for node in of.nodes)).best((1 << size) - 1)
        ratios.append(found.cost[0] / found.longest)
    assert sum(ratios) / len(ratios) <= limit


def test_more_effort_is_never_worse():
    of = graph("N-rich", 40, 3)
    durations = tuple(round(1000 * (node.duration or 0)) for node in of.nodes)
    costs = [Search(of, durations, effort).best((1 << 40) - 1).cost[0] for effort in (0, 5_000, 30_000)]
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] < costs[0]
