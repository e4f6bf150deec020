"""Which iterations of a mapped task a repair passes over, and what it knows of them."""

from __future__ import annotations

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.operators.reuse import done_instances, reused_group, reused_iterations
from tests.history.record import Recorder
from tests.history.test_iterations import begin, end, iteration


def test_instances_that_succeeded_are_done():
    states = {"g.fit_0": "success", "g.fit_10": "success", "g.fit_2": None, "g.fit_3": "failed", "g.fit_x_1": "success"}
    assert done_instances("g.fit", states) == [0, 10]


def test_outputs_of_iterations_come_from_the_history_or_from_the_repair_before():
    record = Recorder()
    started = begin(record, 3)
    end(record, iteration(record, started, 0), 0)
    view = reduce(record.events)
    earlier = {"fit: each": {"1": {"output": {"old": 1}}}}
    assert reused_iterations("fit", [0, 1, 2], view, earlier, read=True) == {
        "0": {"output": {"ok": True}},
        "1": {"output": {"old": 1}},
    }, "an output that is read and no longer known is made again"
    assert reused_iterations("fit", [2], view, earlier, read=False) == {"2": {"output": None}}


def test_an_iteration_of_a_mapped_group_is_done_when_all_its_tasks_are():
    record = Recorder()
    started = begin(record, 2)
    for index in range(2):
        end(record, iteration(record, started, index), index)
    view = reduce(record.events)
    parts = {"fit: each": [0, 1], "other": [1]}
    assert reused_group("fit", parts, view, {}, frozenset({"fit: each"})) == {
        "1": {"output": {"fit: each": {"ok": True}}}
    }
    assert reused_group("fit", parts, view, {}, frozenset({"other"})) == {}
    before = {"fit: each": {"1": {"output": {"other": "x"}}}}
    assert reused_group("fit", parts, view, before, frozenset({"other"})) == {"1": {"output": {"other": "x"}}}
