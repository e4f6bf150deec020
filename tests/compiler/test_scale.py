"""What compiling costs, in processor time."""

from __future__ import annotations

import random
import time

import pytest

from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.steps import ProcessingStep
from benchmarks.graphs import FAMILIES, Edges


def chain(size: int, rng: random.Random) -> Edges:
    return [[task - 1] if task else [] for task in range(size)]


def star(size: int, rng: random.Random) -> Edges:
    return [[], *([0] for _ in range(size - 2)), list(range(1, size - 1))]


def ladder(size: int, rng: random.Random) -> Edges:
    return [[] if task < 2 else [task - 2] if task % 2 == 0 else [task - 3, task - 2] for task in range(size)]


SHAPES = {**FAMILIES, "chain": chain, "star": star, "ladder": ladder}


def seconds(shape: str, size: int) -> float:
    """What compiling takes; two of three tasks do nothing, else a thousand do not fit in a definition."""
    rng = random.Random(1)
    nodes = [
        Node(
            f"n{task}",
            ProcessingStep(f"n{task}", request={}) if task % 3 == 0 else None,
            frozenset(f"n{earlier}" for earlier in before),
            duration=rng.lognormvariate(0, 1) * 600,
        )
        for task, before in enumerate(SHAPES[shape](size, rng))
    ]
    began = time.process_time()
    compile_graph(nodes)
    return time.process_time() - began


@pytest.mark.parametrize(("size", "limit"), [(300, 1), (1000, 5)])
@pytest.mark.parametrize("shape", SHAPES)
def test_hundreds_of_members_compile_in_seconds(shape: str, size: int, limit: float):
    assert seconds(shape, size) < limit


@pytest.mark.parametrize("shape", ["chain", "star"])
def test_twice_the_members_cost_about_twice_the_time(shape: str):
    small, large = (min(seconds(shape, size) for _ in range(4)) for size in (400, 800))
    assert large < 3 * small


def test_deep_nesting_that_python_and_json_cannot_hold_is_cut_and_told():
    before = [[] if task == 0 else [task - 1] if task % 2 else [max(0, task - 2)] for task in range(600)]
    report = compile_graph([Node(f"n{t}", None, frozenset(f"n{i}" for i in b)) for t, b in enumerate(before)]).report
    assert report.added
