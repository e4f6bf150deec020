"""When the next look comes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.triggers.poll import Pace


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
