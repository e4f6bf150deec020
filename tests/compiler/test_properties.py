"""What holds for every graph: thousands of random ones, of the families that pipelines look like."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import Any

import pytest
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.compiler import Node, Program, compile_graph
from airflow_sfn_ml.steps import ProcessingStep, TrainingStep
from benchmarks.graphs import FAMILIES
from tests.compiler.definitions import runs

EACH = 350
"""Graphs per family; 2,100 together."""
BY_MOTO = 50
"""Every how many of them moto's parser reads, which takes it about a second."""


def nodes(family: str, seed: int) -> list[Node]:
    """A random graph of *family*: some tasks do nothing, some durations are known, some outputs are read."""
    rng = random.Random(f"{family} {seed}")
    edges = FAMILIES[family](rng.randint(2, rng.choice([8, 16, 32, 64])), rng)
    empty = [rng.random() < 0.15 for _ in edges]
    made = []
    for task, before in enumerate(edges):
        request: dict[str, Any] = {}
        full = [earlier for earlier in before if not empty[earlier]]
        name = f"n{task}"
        if full and rng.random() < 0.5:
            request["Environment"] = {"X": ProcessingStep(f"n{rng.choice(full)}", request={}).output()}
        step = rng.choice([ProcessingStep, ProcessingStep, TrainingStep])(name, request=request)
        made.append(
            Node(
                name,
                None if empty[task] else step,
                frozenset(f"n{earlier}" for earlier in before),
                duration=rng.choice([None, rng.lognormvariate(0, 1) * 600]),
            )
        )
    return made


@pytest.mark.parametrize("family", FAMILIES)
def test_every_precedence_is_kept_no_task_is_lost_or_doubled_and_the_definition_is_valid(family: str):
    for seed in range(EACH):
        graph = nodes(family, seed)
        program = compile_graph(graph)
        ran = list(runs(program.definition))
        names = {node.name for node in graph}
        times = Counter(name for name, _ in ran)
        assert {name: times[name] for name in names} == dict.fromkeys(names, 1), seed
        done = dict(ran)
        assert [node.name for node in graph if not node.upstream <= done[node.name]] == [], seed
        assert [problem for problem in validate(program.definition) if problem.severity == "error"] == [], seed
        assert_told(graph, program, done)


def assert_told(graph: list[Node], program: Program, done: dict[str, frozenset[str]]) -> None:
    """All waiting of the definition follows from the edges and from what the report says was added."""
    direct = {node.name: set(node.upstream) for node in graph}
    for earlier, later in program.report.added:
        assert earlier not in direct[later]
        direct[later].add(earlier)
    follows: dict[str, set[str]] = {}
    for name in sorted(direct, key=lambda task: len(done[task])):
        follows[name] = direct[name] | {task for before in direct[name] for task in follows[before]}
    assert {name: set(done[name] & direct.keys()) for name in direct} == follows


@pytest.mark.parametrize("family", FAMILIES)
def test_motos_parser_reads_what_is_compiled(family: str):
    for seed in range(0, EACH, BY_MOTO):
        program = compile_graph(nodes(family, seed))
        AmazonStateLanguageParser.parse(json.dumps(program.definition))


@pytest.mark.parametrize("family", FAMILIES)
def test_the_expected_time_is_that_of_the_definition_and_never_below_the_longest_way(family: str):
    for seed in range(60):
        graph = nodes(family, seed)
        if any(node.duration is None and node.step for node in graph):
            graph = [Node(n.name, n.step, n.upstream, duration=float(i % 7)) for i, n in enumerate(graph)]
        report = compile_graph(graph).report
        seconds = {node.name: node.duration or 0 for node in graph}
        ends: dict[str, float] = {}
        for name, before in sorted(runs(compile_graph(graph).definition), key=lambda item: len(item[1])):
            ends[name] = max((ends[task] for task in before), default=0) + seconds.get(name, 0)
        assert report.takes == pytest.approx(max(ends.values()), abs=0.1), seed
        assert report.ideal is not None
        assert report.ideal <= report.takes


def test_the_order_in_which_an_operator_got_its_edges_changes_nothing():
    graph = nodes("N-rich", 7)
    turned = [Node(n.name, n.step, frozenset(sorted(n.upstream, reverse=True)), duration=n.duration) for n in graph]
    assert compile_graph(turned).report == compile_graph(graph).report
    assert compile_graph(turned).digest == compile_graph(graph).digest
