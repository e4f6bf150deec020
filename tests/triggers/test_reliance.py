"""Whether events can be relied on."""

from __future__ import annotations

from airflow_sfn_ml.triggers.reliance import LATE, MISSED, Reliance


def test_events_are_relied_on_until_some_ends_had_none():
    reliance = Reliance()
    for _ in range(MISSED - 1):
        reliance.miss(0)
    assert reliance.holds(10 * LATE)
    reliance.miss(0)
    assert reliance.holds(LATE / 2), "they may be late"
    assert not reliance.holds(2 * LATE)


def test_one_that_comes_restores_the_trust():
    reliance = Reliance()
    for _ in range(MISSED):
        reliance.miss(0)
    reliance.hit()
    assert reliance.holds(2 * LATE)
