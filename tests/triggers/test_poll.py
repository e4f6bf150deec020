"""When the next look comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.triggers.poll import HEADROOM, Pace, spread


def test_the_pause_grows_with_the_quiet_and_is_bounded():
    pace = Pace(shortest=2, longest=30, growth=0.1)
    assert [pace.pause(quiet) for quiet in (0, 100, 1000)] == [2, 10, 30]


def test_errors_slow_the_looks_down():
    pace = Pace(shortest=2, longest=30)
    assert [pace.pause(0, errors) for errors in (0, 1, 2, 3, 10)] == [2, 4, 8, 16, 30]


@given(st.floats(0, 1e6), st.integers(0, 1000), st.floats(0, 1))
def test_jitter_spreads_by_a_tenth_and_no_more(quiet: float, errors: int, jitter: float):
    pace = Pace(shortest=1, longest=60)
    assert 0.9 * pace.shortest <= pace.pause(quiet, errors, jitter) <= 1.1 * pace.longest


@given(st.floats(0, 1e4), st.floats(0, 1e6), st.floats(0, 1))
def test_one_of_few_keeps_its_pace_however_long_it_was_quiet(seen: float, before: float, jitter: float):
    pace = Pace()
    assert pace.idle_pause(seen, seen + before, spread(10, 10), jitter) == pace.pause(seen, 0, jitter)


def test_idle_ones_of_many_give_way_to_those_where_something_happened():
    pace, each = Pace(), spread(1000, 10)
    assert pace.idle_pause(0, 3600, each) == each
    assert pace.idle_pause(0, 0, each) == pace.shortest


@given(st.integers(1, 100_000), st.floats(0.1, 100))
def test_looks_at_all_idle_ones_stay_within_the_rate(count: int, rate: float):
    pause = Pace().idle_pause(1e12, 1e12, spread(count, rate))
    assert count / pause <= HEADROOM * rate * (1 + 1e-9)
