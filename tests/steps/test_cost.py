"""Building and rendering cost in proportion to the number of states. Counted, not timed."""

from __future__ import annotations

import subprocess
import sys
from itertools import count

import pytest

from airflow_sfn_ml.steps import Chain, Graph, Parallel, Pass
from airflow_sfn_ml.steps.state import State


def chain(size):
    return Chain([Pass(f"s{number}") for number in range(size)])


def tree(levels):
    numbers = count()

    def node(level):
        if level == 0:
            return Pass(f"s{next(numbers)}")
        parallel = Parallel(f"s{next(numbers)}")
        parallel.add_branch(node(level - 1))
        parallel.add_branch(node(level - 1))
        return parallel

    return node(levels)


def nested(depth):
    inner = Pass("inner")
    for number in range(depth):
        outer = Parallel(f"p{number}")
        outer.add_branch(inner)
        inner = outer
    return inner


@pytest.mark.parametrize(
    ("block", "states"), [(chain(5000), 5000), (tree(7), 255), (nested(200), 201)], ids=["chain", "tree", "nested"]
)
def test_each_state_is_frozen_and_checked_once(monkeypatch, block, states):
    calls = {"freeze": 0, "successors": 0}
    fields, successors = State._frozen_fields, State.successors

    def counted_fields(self, freezer):
        calls["freeze"] += 1
        return fields(self, freezer)

    def counted_successors(self):
        calls["successors"] += 1
        return successors(self)

    monkeypatch.setattr(State, "_frozen_fields", counted_fields)
    monkeypatch.setattr(State, "successors", counted_successors)
    graph = Graph(block)
    assert calls["freeze"] == states
    assert calls["successors"] <= 3 * states
    graph.to_dict()
    assert calls["freeze"] == 2 * states


def test_importing_the_steps_loads_neither_airflow_nor_aws():
    code = "import sys, airflow_sfn_ml.steps, airflow_sfn_ml.inputs; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"airflow", "boto3", "botocore", "sagemaker", "jinja2"} & set(loaded)
