"""When what the history says is the old story, and a redrive is to be asked for."""

from __future__ import annotations

from dataclasses import replace

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.triggers.redrive import Record
from tests.triggers.scripted import STARTED, SUCCEEDED, entered, events, exited, failed

FAILED = reduce(events(STARTED, entered("a"), failed("Boom")))


def test_a_failure_that_was_reported_is_the_old_story_until_it_was_redriven():
    record = Record("arn", 0, 1)
    assert record.is_told_by(FAILED, "arn")
    assert not record.is_told_by(replace(FAILED, redrive_count=1), "arn")


def test_another_execution_is_another_story():
    assert not Record("arn", 0, 1).is_told_by(FAILED, "other")


def test_an_execution_that_succeeded_needs_no_redrive():
    done = reduce(events(STARTED, entered("a"), exited("a"), SUCCEEDED))
    assert not Record("arn", 0, 1).is_told_by(done, "arn")


def test_everyone_asks_with_one_token_and_the_next_redrive_has_another():
    assert Record("arn", 0, 1).token == Record("arn", 0, 1).token
    assert Record("arn", 0, 1).token != Record("arn", 1, 1).token
    assert len(Record("arn", 0, 1).token) <= 64


def test_a_record_of_an_earlier_try_counts_and_anything_else_is_none():
    record = Record("arn", 3, 1)
    assert Record.of_earlier_try(record.as_json(), 2) == record
    assert Record.of_earlier_try(None, 2) is None
    assert Record.of_earlier_try("text", 2) is None


def test_a_try_that_is_followed_again_after_a_crash_does_not_redrive_what_it_reports():
    assert Record.of_earlier_try(Record("arn", 0, 2).as_json(), 2) is None
