"""Random graphs of the families that pipelines look like: for the benchmark of structures and for property tests.

A graph is a list of tasks, each the list of the tasks that it waits for (lower numbers).
"""

from __future__ import annotations

import random
from collections.abc import Callable

Edges = list[list[int]]


def ml_shaped(size: int, rng: random.Random) -> Edges:
    """Sources are cleaned, features made of some, models trained on some features and evaluated; one is released.

    Some models also read a cleaned source, some evaluations also another feature set.
    """
    graph = _Stages(rng)
    sources = graph.stage(max(2, size // 8))
    clean = [task for source in sources for task in graph.stage(1, ([source], 1, 1))]
    features = graph.stage(len(sources), (clean, 1, 3))
    models: list[int] = []
    for _ in range(max(1, (size - len(graph.edges) - 2) // 2)):
        models += graph.stage(1, (features, 1, 2), (clean, 0, int(rng.random() < 0.2)))
    evaluations: list[int] = []
    for model in models:
        evaluations += graph.stage(1, ([model], 1, 1), (features, 0, int(rng.random() < 0.4)))
    last = graph.stage(1, (evaluations, len(evaluations), len(evaluations)))
    while len(graph.edges) < size:
        last = graph.stage(1, (last, 1, 1))
    return graph.edges


def many_ends(size: int, rng: random.Random) -> Edges:
    """The same stages in a platform of several teams: many reports and releases, checks that hang off anywhere."""
    graph = _Stages(rng)
    part, more = max(1, size // 8), size // 16
    sources = graph.stage(part)
    clean = [task for source in sources for task in graph.stage(1, ([source], 1, 1))]
    features = graph.stage(part + more, (clean, 1, 2))
    models: list[int] = []
    for _ in range(part + more):
        models += graph.stage(1, (features, 1, 2), (clean, 0, int(rng.random() < 0.2)))
    evaluations: list[int] = []
    for model in models:
        evaluations += graph.stage(1, ([model], 1, 1), (features, 0, int(rng.random() < 0.4)))
    reports = graph.stage(max(1, more), (evaluations, 1, 3))
    graph.stage(max(1, more), (reports, 1, 1), (models, 0, 1))
    while len(graph.edges) < size:
        graph.stage(1, (list(range(len(graph.edges))), 1, 2))
    return graph.edges[:size]


def layered(size: int, rng: random.Random) -> Edges:
    """Layers of up to the root of the size, each task waiting for one to three tasks of the layer before."""
    edges: Edges = []
    before: list[int] = []
    while len(edges) < size:
        layer = []
        for _ in range(min(rng.randint(1, max(2, round(size**0.5))), size - len(edges))):
            edges.append(sorted(_some(before, 1, 3, rng)))
            layer.append(len(edges) - 1)
        before = layer
    return edges


def sparse(size: int, rng: random.Random) -> Edges:
    """Any two tasks are linked with a probability that gives each one and a half of them."""
    chance = min(1.0, 3 / size)
    return [[earlier for earlier in range(task) if rng.random() < chance] for task in range(size)]


def fan(size: int, rng: random.Random) -> Edges:
    """Fans out and in, one after another or nested."""
    edges: Edges = [[]]
    ends = [0]
    while len(edges) < size:
        if len(ends) == 1 or (rng.random() < 0.5 and len(ends) < 8):
            end = ends.pop(rng.randrange(len(ends)))
            for _ in range(min(rng.randint(2, 5), size - len(edges))):
                edges.append([end])
                ends.append(len(edges) - 1)
        else:
            joined = rng.sample(ends, rng.randint(2, len(ends)))
            edges.append(sorted(joined))
            ends = [end for end in ends if end not in joined] + [len(edges) - 1]
    return edges


def n_rich(size: int, rng: random.Random) -> Edges:
    """Lanes side by side; most steps also wait for a neighbour's, so that Ns overlap everywhere."""
    lanes = max(2, round(size**0.5 / 1.5))
    edges: Edges = []
    for task in range(size):
        lane = task % lanes
        before = [task - lanes] if task >= lanes else []
        if before and lane and rng.random() < 0.6:
            before.append(task - lanes - 1)
        edges.append(sorted(before))
    return edges


FAMILIES: dict[str, Callable[[int, random.Random], Edges]] = {
    "ML-shaped": ml_shaped,
    "many ends": many_ends,
    "layered": layered,
    "sparse": sparse,
    "fan": fan,
    "N-rich": n_rich,
}


class _Stages:
    """A graph that grows stage by stage."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.edges: Edges = []

    def stage(self, count: int, *reads: tuple[list[int], int, int]) -> list[int]:
        """Add *count* tasks, each waiting for some of each pool in *reads*: (pool, at least, at most)."""
        stage = []
        for _ in range(count):
            self.edges.append(sorted({task for pool, low, high in reads for task in _some(pool, low, high, self.rng)}))
            stage.append(len(self.edges) - 1)
        return stage


def _some(pool: list[int], low: int, high: int, rng: random.Random) -> list[int]:
    return rng.sample(pool, min(len(pool), rng.randint(low, high)))
