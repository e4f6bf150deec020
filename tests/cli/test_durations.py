"""How long tasks took."""

from __future__ import annotations

from airflow_sfn_ml.cli.durations import medians


def test_the_median_of_the_last_runs_in_the_order_of_the_tasks():
    newest_first = [("fit", 30.0), ("prepare", 4.0), ("fit", 10.0), ("fit", 20.04), ("fit", 9000.0)]
    assert medians(newest_first, ["prepare", "fit"], 3) == {"prepare": (4.0, 1), "fit": (20.0, 3)}


def test_a_task_that_never_succeeded_is_left_out():
    assert medians([], ["fit"], 3) == {}
