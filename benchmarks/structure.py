"""How much slower the structure of a state machine is than the edges ask for.

Graphs of each family (`benchmarks.graphs`) get durations from a log-normal distribution (sigma 1). The structure is
made once with these durations known and once with all tasks taken as equally long; either way its makespan is computed
with the true ones, with as much parallelism as it offers, and divided by that of the graph itself. Beside it: one
Parallel per level of the graph, which is what most other compilers do.

Run it with ``python -m benchmarks.structure [graphs per cell]``; 1.00 is a structure without any loss.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from dataclasses import replace

from airflow_sfn_ml.compiler import Graph, Node
from airflow_sfn_ml.compiler.structure import Block, Par, Seq, finish_times, structure
from benchmarks.graphs import FAMILIES

SIZES = (16, 32, 64)
SHOWN = ("ML-shaped", "many ends", "layered", "sparse", "N-rich")


def main(count: int) -> None:
    """Print the table."""
    print(f"{'graph':>12} {'n':>3} {'level by level':>15} {'unit durations':>15} {'known durations':>16} {'ms':>5}")
    print(f"{'':16} {'mean / p95':>15} {'mean / p95':>15} {'mean / p95':>16}")
    for family in SHOWN:
        for size in SIZES:
            print(f"{family:>12} {size:3} {cell(family, size, count)}", flush=True)


def cell(family: str, size: int, count: int) -> str:
    """The figures of *count* graphs of *family* with *size* tasks."""
    by_level, unit, known, seconds = [], [], [], []
    for seed in range(count):
        rng = random.Random(f"{family} {size} {seed}")
        edges = FAMILIES[family](size, rng)
        true = Graph.of(
            Node(f"n{task}", None, frozenset(f"n{i}" for i in before), duration=600 * rng.lognormvariate(0, 1))
            for task, before in enumerate(edges)
        )
        same = Graph.of(replace(node, duration=600) for node in true.nodes)
        began = time.perf_counter()
        found = structure(true)
        seconds.append(time.perf_counter() - began)
        known.append(takes(true, found.block) / found.ideal)
        unit.append(takes(true, structure(same).block) / found.ideal)
        by_level.append(takes(true, levels(true)) / found.ideal)
    cells = "".join(f"{told(values):>16}" for values in (by_level, unit, known))
    return f"{cells[1:]} {1000 * statistics.mean(seconds):6.0f}"


def takes(graph: Graph, block: Block) -> int:
    """The makespan of *block*."""
    return max(finish_times(graph, block).values())


def levels(graph: Graph) -> Block:
    """One Parallel for each level of *graph*."""
    level: dict[str, int] = {}
    for node in graph.nodes:
        level[node.name] = 1 + max((level[name] for name in node.upstream), default=0)
    return Seq(
        tuple(Par(tuple(name for name, at in level.items() if at == number)) for number in sorted(set(level.values())))
    )


def told(values: list[float]) -> str:
    """Mean and 95th percentile."""
    return f"{statistics.mean(values):.3f} / {sorted(values)[int(0.95 * (len(values) - 1))]:.2f}"


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
