"""What slow structures are told, and the split that avoids them."""

from __future__ import annotations

from airflow_sfn_ml.compiler import Node, Report, compile_graph
from airflow_sfn_ml.compiler.durations import duration
from airflow_sfn_ml.steps import LambdaStep, ProcessingStep, TrainingStep


def report(**tasks: tuple[str, float]) -> Report:
    """The report of tasks given as name=(what it waits for, seconds)."""
    return compile_graph(
        [Node(name, None, frozenset(before.split()), duration=took) for name, (before, took) in tasks.items()]
    ).report


def test_the_barrier_is_put_where_it_delays_nothing():
    assert report(a=("", 1000), b=("", 10), c=("a", 10), d=("a b", 1000)).added == (("b", "c"),)
    assert report(a=("", 100), b=("", 1000), c=("a", 2000), d=("a b", 1000)).added == (("a", "b"),)
    assert report(a=("", 10), b=("", 1000), c=("a", 1000), d=("a b", 10)).added == (("c", "d"),)


def test_known_durations_beat_the_estimates():
    def added(**durations: float) -> tuple[tuple[str, str], ...]:
        edges = {"a": "", "b": "", "c": "a", "d": "a b"}
        nodes = [
            Node(name, ProcessingStep(name, request={}), frozenset(before.split()), duration=durations.get(name))
            for name, before in edges.items()
        ]
        return compile_graph(nodes).report.added

    assert added(a=10, b=1000, c=1000, d=10) == (("c", "d"),)
    assert added(a=1000, b=10, c=10, d=1000) == (("b", "c"),)


def test_a_training_job_outweighs_a_call():
    training = duration(Node("a", TrainingStep("a", request={})))
    assert training > 10 * duration(Node("b", LambdaStep("b", request={})))
    assert duration(Node("c")) == 0
    assert duration(Node("d", TrainingStep("d", request={}), duration=1.5)) == 1500


def test_a_fast_structure_warns_of_nothing():
    told = report(a=("", 1000), b=("", 10), c=("a", 10), d=("a b", 1000))
    assert told.warning is None
    assert told.slowdown == 1.0


def test_a_slow_structure_names_what_waits_and_the_split_that_helps():
    told = report(a=("", 1000), b=("", 2000), c=("a", 2000), d=("a b", 1000))
    assert (told.takes, told.ideal) == (4000, 3000)
    assert set(told.costly) <= set(told.added)
    assert told.costly
    earlier, later = told.costly[0]
    assert told.warning is not None
    assert "expected to take 67 min, 33% longer than its edges ask for (50 min)" in told.warning
    assert f"{later} also waits for {earlier}" in told.warning
    assert told.split_takes == 3000
    assert f"A second group for {', '.join(told.split)} would take it to 50 min" in told.warning


def test_a_split_takes_nothing_along_that_the_first_group_would_wait_for():
    upstream = {"a": "", "b": "", "c": "a", "d": "a b", "e": "c", "f": "d"}
    told = report(**{n: (before, 1000 if n in "ad" else 2000) for n, before in upstream.items()})
    assert told.split
    for name, before in upstream.items():
        if name not in told.split:
            assert not set(before.split()) & set(told.split)


def test_the_report_tells_only_some_of_many_added_dependencies():
    tasks = {f"s{i}": ("", 100.0) for i in range(8)}
    tasks |= {f"t{i}": (" ".join(f"s{j}" for j in range(8) if j != i), 100.0) for i in range(8)}
    told = report(**tasks)
    text = str(told)
    assert len(told.added) > 0
    assert text.count("also waits for") <= 10
    assert f"{len(told.added)} dependencies added" in text
