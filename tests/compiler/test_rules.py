"""Trigger rules, failures and choices: what a machine runs is what Airflow would have run."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.compiler.rules import RULES
from airflow_sfn_ml.steps import TrainingStep
from airflow_sfn_ml.steps.decision import Decision, Way
from tests.compiler.interpreter import Failed, Run

FAILED = ("failed", "upstream_failed")


def task(name: str, *upstream: str, **more: Any) -> Node:
    return Node(name, TrainingStep(name, request={}), frozenset(upstream), **more)


def choice(name: str, *upstream: str, follows: tuple[str, ...], **more: Any) -> Node:
    ways = (Way(Code(("false",)), (), []), Way(None, follows, list(follows)))
    return Node(name, Decision(name, ways), frozenset(upstream), **more)


def run(nodes: list[Node], failing: frozenset[str] = frozenset(), **options: Any) -> tuple[Run, Failed | None]:
    program = compile_graph(nodes, **{key: value for key, value in options.items() if key != "input"})
    assert [problem for problem in asl.validate(program.machine) if problem.severity == "error"] == []
    execution = Run(failing, options.get("input", {}))
    try:
        execution.machine(program.definition, {})
    except Failed as error:
        return execution, error
    return execution, None


def ran(execution: Run, nodes: list[Node]) -> set[str]:
    names = {node.name for node in nodes if not isinstance(node.step, Decision)}
    assert max(Counter(execution.entered).values(), default=0) <= 1, "a task ran twice"
    return names & set(execution.entered)


def expected(nodes: list[Node], failing: frozenset[str], survive: bool = True) -> dict[str, str]:
    """What Airflow makes of *nodes*, written down from its documentation, task after task."""
    states: dict[str, str] = {}
    by_name = {node.name: node for node in nodes}
    left = list(nodes)
    while left:
        node = next(item for item in left if item.upstream <= states.keys() and item.setups <= states.keys())
        left.remove(node)
        states[node.name] = _expected(node, states, by_name, failing)
    return states


def _expected(node: Node, states: Mapping[str, str], by_name: Mapping[str, Node], failing: frozenset[str]) -> str:
    before = [states[name] for name in node.upstream] + (["success"] if node.outside else [])
    count = Counter(before)
    failures = count["failed"] + count["upstream_failed"]
    around = [states[name] for name in node.setups]
    setups = [states[name] for name in node.upstream if by_name[name].setup]
    for name in node.upstream:
        step = by_name[name].step
        if isinstance(step, Decision) and states[name] == "success":
            chosen = step.ways[-1].follows
            if node.name not in chosen and not any(_comes_after(node, other, by_name) for other in chosen):
                return "skipped"
    if node.rule != "always" and any(state in FAILED for state in around):
        return "upstream_failed"
    if node.rule != "always" and "skipped" in around:
        return "skipped"
    runs = "failed" if node.name in failing else "success"
    if not before:
        return runs
    match node.rule:
        case "all_success":
            return "upstream_failed" if failures else "skipped" if count["skipped"] else runs
        case "none_failed":
            return "upstream_failed" if failures else runs
        case "none_failed_min_one_success":
            return "upstream_failed" if failures else runs if count["success"] else "skipped"
        case "none_skipped":
            return "skipped" if count["skipped"] else runs
        case "all_skipped":
            return runs if count["skipped"] == len(before) else "skipped"
        case "all_failed":
            return runs if failures == len(before) else "skipped"
        case "all_done_min_one_success":
            return "skipped" if count["skipped"] else runs if count["success"] else "upstream_failed"
        case "all_done_setup_success":
            if setups and all(state == "skipped" for state in setups):
                return "skipped"
            return "upstream_failed" if setups and "success" not in setups else runs
        case _:
            return runs


def _comes_after(node: Node, other: str, by_name: Mapping[str, Node]) -> bool:
    return any(name == other or _comes_after(by_name[name], other, by_name) for name in node.upstream)


def some_graph(rng: random.Random) -> list[Node]:
    """A graph of up to nine tasks with any rules, some choices and setups."""
    rules = sorted(RULES)
    nodes: list[Node] = []
    for number in range(rng.randint(2, 9)):
        name = f"n{number}"
        upstream = tuple(node.name for node in nodes if rng.random() < 1.6 / max(1, len(nodes)))
        rule = "all_success" if not upstream or rng.random() < 0.5 else rng.choice(rules)
        if rule == "always":
            upstream = ()
        nodes.append(task(name, *upstream, rule=rule, outside=not upstream, setup=rng.random() < 0.15))
    for position, node in enumerate(nodes):
        after = [other.name for other in nodes if node.name in other.upstream]
        if after and rng.random() < 0.2:
            follows = tuple(name for name in after if rng.random() < 0.5)
            nodes[position] = choice(
                node.name, *node.upstream, follows=follows, rule=node.rule, outside=node.outside, setup=node.setup
            )
    return nodes


@pytest.mark.parametrize("seed", range(25))
def test_a_machine_runs_what_airflow_would_run(seed):
    rng = random.Random(seed)
    for _ in range(15):
        nodes = some_graph(rng)
        tasks = [node.name for node in nodes if not isinstance(node.step, Decision)]
        for share in (0.0, 0.2, 0.5):
            failing = frozenset(name for name in tasks if rng.random() < share)
            execution, error = run(nodes, failing)
            states = expected(nodes, failing)
            told = {name for name in tasks if states[name] in ("success", "failed")}
            failures = {name for name in tasks if states[name] == "failed"}
            described = [(node.name, node.rule, sorted(node.upstream), type(node.step).__name__) for node in nodes]
            if error is not None and error.cause.startswith("{"):
                assert ran(execution, nodes) == told, (described, failing)
                assert {item["task"] for item in json.loads(error.cause)["failed"]} == failures
            elif error is not None:
                # Nothing was caught, so nothing else may still have had to run.
                assert ran(execution, nodes) == told, (described, failing)
                assert [f"{name} broke" for name in failures] == [error.cause]
            else:
                assert not failures
                assert ran(execution, nodes) == told, (described, failing)


@pytest.mark.parametrize("seed", range(10))
def test_a_machine_passes_over_what_an_earlier_execution_has_done(seed):
    rng = random.Random(1000 + seed)
    for _ in range(10):
        nodes = some_graph(rng)
        tasks = [node.name for node in nodes if not isinstance(node.step, Decision)]
        failing = frozenset(name for name in tasks if rng.random() < 0.3)
        states = expected(nodes, failing)
        again = {name for name in tasks if states[name] in FAILED or (states[name] == "success" and rng.random() < 0.2)}
        reuse = {
            name: {"status": states[name], "output": {"Training": {"Name": name}}}
            for name in tasks
            if name not in again
        }
        execution, error = run(nodes, frozenset(), reusable=True, input={"reuse": reuse})
        assert error is None
        # What is not run again keeps its status; so what runs is decided by that and by what runs now.
        now = dict(states)
        for node in nodes:
            if node.name in again or isinstance(node.step, Decision):
                now[node.name] = _expected(node, now, {item.name: item for item in nodes}, frozenset())
        assert ran(execution, nodes) == {name for name in again if now[name] == "success"}


def test_a_chain_catches_nothing_and_stays_redrivable():
    program = compile_graph([task("a"), task("b", "a"), task("c", "b")])
    assert program.report.caught == ()
    assert list(program.definition["States"]) == ["a", "b", "c"]


def test_after_a_join_that_waits_for_all_nothing_is_caught_any_more():
    program = compile_graph([task("a"), task("b"), task("c", "a", "b"), task("d", "c")])
    assert program.report.caught == ("a", "b")
    assert list(program.definition["States"]) == ["a | b", "outcome", "c", "d", "failed"]
    assert "Catch" not in program.definition["States"]["c"]


def test_stop_catches_nothing():
    program = compile_graph([task("a"), task("b"), task("c", "a", "b")], survive=False)
    assert program.report.caught == ()
    assert list(program.definition["States"]) == ["a | b", "c"]


def test_a_failure_that_is_forgiven_fails_no_execution():
    nodes = [task("s", setup=True), task("w", "s"), task("t", "w", "s", rule="all_done_setup_success", forgiven=True)]
    execution, error = run(nodes, frozenset({"t"}))
    assert error is None
    execution, error = run(nodes, frozenset({"w", "t"}))
    assert error is not None
    assert error.error == "TaskFailed"
    assert ran(execution, nodes) == {"s", "w", "t"}


def test_the_end_tells_every_failure_and_no_error_name_of_the_language():
    nodes = [task("a"), task("b"), task("c")]
    _, error = run(nodes, frozenset({"a"}))
    assert error is not None
    assert error.error == "TaskFailed"
    _, error = run(nodes, frozenset({"a", "c"}))
    assert error is not None
    assert error.error == "TasksFailed"
    assert json.loads(error.cause) == {
        "failed": [
            {"task": "a", "error": "States.TaskFailed", "cause": "a broke"},
            {"task": "c", "error": "States.TaskFailed", "cause": "c broke"},
        ],
        "count": 2,
    }
