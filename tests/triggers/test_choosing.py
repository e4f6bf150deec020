"""What Airflow is told about a choice."""

from __future__ import annotations

from airflow.ti_deps.deps.not_previously_skipped_dep import XCOM_SKIPMIXIN_FOLLOWED, XCOM_SKIPMIXIN_KEY

from airflow_sfn_ml.triggers.choosing import FOLLOWED, KEY, chosen

FOLLOWS = {"g.a": ["g.a", "g.join"], "ways": ["ways.first"], "outside": ["outside"]}


def test_the_xcom_is_the_one_that_the_scheduler_looks_at():
    assert (KEY, FOLLOWED) == (XCOM_SKIPMIXIN_KEY, XCOM_SKIPMIXIN_FOLLOWED)


def test_everything_that_a_chosen_id_lets_run_is_followed():
    assert chosen(FOLLOWS, ["g.a", "ways"]) == {"followed": ["g.a", "g.join", "ways.first"]}


def test_nothing_chosen_means_that_everything_is_skipped():
    assert chosen(FOLLOWS, []) == {"followed": []}
    assert chosen(FOLLOWS, None) == {"followed": []}
    assert chosen(FOLLOWS, ["unknown"]) == {"followed": []}
