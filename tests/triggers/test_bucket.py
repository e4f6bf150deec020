"""Tokens for calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.triggers.bucket import RECOVERY, SLOWEST, Bucket
from airflow_sfn_ml.triggers.quotas import ASSUMED, quota


def taken(bucket: Bucket, now: float, until: float) -> int:
    """How many calls fit from *now* to *until*."""
    count = 0
    while (wait := bucket.wait(now)) + now <= until:
        now += wait
        bucket.take(now)
        count += 1
    return count


def test_a_bucket_gives_what_it_holds_at_once_and_then_at_its_pace():
    bucket = Bucket(10, 2)
    assert taken(bucket, 0, 0) == 10
    assert bucket.wait(0) == pytest.approx(0.5)
    assert taken(bucket, 0, 10) == 20


@given(st.floats(1, 500), st.floats(0.1, 50), st.lists(st.floats(0, 30), max_size=30))
def test_no_stretch_of_time_gives_more_than_the_quota(capacity: float, refill: float, pauses: list[float]):
    bucket, now, count = Bucket(capacity, refill), 0.0, 0
    for pause in pauses:
        while not bucket.wait(now):
            bucket.take(now)
            count += 1
        now += pause
    assert count <= capacity + refill * now + 1e-6


def test_a_refusal_empties_the_bucket_and_slows_it_until_it_has_proved_enough():
    bucket = Bucket(10, 2)
    bucket.slow(0)
    assert bucket.wait(0) == pytest.approx(1.0)
    assert taken(bucket, 0, RECOVERY) < 2 * RECOVERY
    assert bucket.rate == pytest.approx(2)


def test_refusals_of_calls_made_together_count_once_and_there_is_always_some_pace():
    bucket = Bucket(10, 16)
    for _ in range(8):
        bucket.slow(0)
    assert bucket.rate == pytest.approx(8)
    for second in range(20):
        bucket.slow(2.0 * second)
    assert bucket.rate >= 16 * SLOWEST


def test_what_was_spent_stays_spent_when_the_size_changes():
    bucket = Bucket(10, 1)
    for _ in range(8):
        bucket.take(0)
    bucket.resize(5, 1)
    assert bucket.wait(0) > 3


def test_the_large_regions_have_the_quotas_that_aws_gives_them():
    assert (quota("ListExecutions", "us-east-1").refill, quota("ListExecutions", "eu-central-1").refill) == (5, 2)
    assert quota("GetExecutionHistory", "us-east-1") == quota("GetExecutionHistory")
    assert quota("DescribeTrainingJob", "us-east-1") == ASSUMED
