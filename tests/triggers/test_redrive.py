"""When what the history says is the old story, and a redrive is to be asked for."""

from __future__ import annotations

from dataclasses import replace

from airflow_sfn_ml.history import StateStatus, StateView, reduce
from airflow_sfn_ml.triggers.redrive import Record, is_passed_over
from tests.triggers.scripted import STARTED, SUCCEEDED, entered, events, exited, failed

FAILED = reduce(events(STARTED, entered("a"), failed("Boom")))


def test_a_failure_that_was_reported_is_the_old_story_until_it_was_redriven():
    record = Record("arn", 0, 1)
    assert record.is_told_by(FAILED, "arn")
    assert not record.is_told_by(replace(FAILED, redrive_count=1), "arn")


def test_another_execution_is_another_story():
    assert not Record("arn", 0, 1).is_told_by(FAILED, "other")


def test_only_an_execution_that_failed_where_it_stands_is_redriven():
    done = reduce(events(STARTED, entered("a"), exited("a"), SUCCEEDED))
    assert Record("arn", 0, 1).may_redrive(FAILED)
    assert not Record("arn", 0, 1).may_redrive(done)
    assert not Record("arn", 0, 1, failed=False).may_redrive(FAILED)


def test_an_execution_that_told_its_failures_at_its_end_is_not_redriven():
    end = StateView("failed", StateStatus.FAILED, type="Fail")
    assert not Record("arn", 0, 1).may_redrive(replace(FAILED, states={**FAILED.states, "failed": end}))


def test_an_execution_that_told_the_failure_of_an_iteration_when_its_map_ended_is_not_redriven():
    around = StateView("fit", StateStatus.FAILED, type="Map")
    caught = StateView("fit: each", parent="fit", outcomes={StateStatus.CAUGHT: 1, StateStatus.SUCCEEDED: 2})
    states = {"fit": around, "fit: each": caught}
    assert not Record("arn", 0, 1).may_redrive(replace(FAILED, states=states))
    alone = {**states, "fit: each": replace(caught, parent=None)}
    assert Record("arn", 0, 1).may_redrive(replace(FAILED, states=alone))


def test_a_repair_passes_over_the_iterations_that_its_input_names():
    repair = replace(FAILED, input_text='{"reuse": {"fit: each": {"0": {"output": null}}}}')
    assert is_passed_over(repair, "fit", 0)
    assert not is_passed_over(repair, "fit", 1)
    assert not is_passed_over(repair, "fit")


def test_a_repair_passes_over_what_its_input_names():
    repair = replace(FAILED, input_text='{"reuse": {"a": {"status": "success", "output": null}}}')
    assert is_passed_over(repair, "a")
    assert not is_passed_over(repair, "b")
    assert not is_passed_over(FAILED, "a")


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
