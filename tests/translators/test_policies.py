"""Airflow's retries and limits in the words of the state machine."""

from __future__ import annotations

from datetime import timedelta

from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.translators.policies import retry_of, timeout_of


def test_no_retries_no_retrier():
    assert retry_of(0, timedelta(minutes=5), 0, None) is None


def test_retries_cover_every_failure_at_airflows_pace():
    assert retry_of(3, timedelta(seconds=90), 0, None) == Retry(
        error_equals=("States.ALL",), interval_seconds=90, max_attempts=3, backoff_rate=1
    )


def test_exponential_backoff_grows_up_to_the_longest_delay():
    retry = retry_of(3, timedelta(seconds=10), 2, timedelta(minutes=1))
    assert retry is not None
    assert (retry.backoff_rate, retry.max_delay_seconds) == (2, 60)


def test_a_longest_delay_below_the_delay_is_the_delay():
    retry = retry_of(3, timedelta(seconds=100), 2, timedelta(seconds=30))
    assert retry is not None
    assert (retry.interval_seconds, retry.backoff_rate, retry.max_delay_seconds) == (30, 1, None)


def test_delays_are_whole_seconds_and_at_least_one():
    retry = retry_of(1, timedelta(milliseconds=200), 0, None)
    assert retry is not None
    assert retry.interval_seconds == 1


def test_the_shortest_limit_counts():
    assert timeout_of(timedelta(minutes=2), None, 90) == 90
    assert timeout_of(None, None) is None
