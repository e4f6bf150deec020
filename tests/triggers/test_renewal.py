"""What a try of a task takes for old, and where it looks for something new."""

from __future__ import annotations

from dataclasses import replace

from airflow_sfn_ml.deploy.names import repair_arn
from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.redrive import Record
from airflow_sfn_ml.triggers.renewal import Renewal
from tests.triggers.scripted import STARTED, entered, events, exited, failed

STARTED_ARN = "arn:aws:states:eu-west-1:1:execution:m:run-1"
FIRST, SECOND, THIRD = (repair_arn(STARTED_ARN, number) for number in (1, 2, 3))
VIEW = reduce(events(STARTED, entered("a"), exited("a"), entered("b"), failed("Boom")))


def renewal(state: str, record: Record | None) -> Renewal:
    return Renewal(Subject(state), record, whole=False)


def test_a_success_stays_the_old_story_however_often_others_are_redriven():
    cleared = renewal("a", Record(STARTED_ARN, 0, 1, failed=False))
    assert cleared.is_old(replace(VIEW, redrive_count=1), STARTED_ARN)
    assert not cleared.is_old(VIEW, FIRST), "a repair runs it again"


def test_a_failure_is_news_once_it_was_redriven():
    cleared = renewal("b", Record(STARTED_ARN, 0, 1))
    assert cleared.is_old(VIEW, STARTED_ARN)
    assert not cleared.is_old(replace(VIEW, redrive_count=1), STARTED_ARN)


def test_news_is_looked_for_from_the_newest_repair_back_to_what_was_told():
    assert renewal("b", Record(FIRST, 0, 2)).candidates(STARTED_ARN, THIRD) == [THIRD, SECOND, FIRST]
    assert renewal("b", Record(STARTED_ARN, 0, 1)).candidates(STARTED_ARN, STARTED_ARN) == [STARTED_ARN]


def test_a_task_that_never_ran_looks_at_the_newest_repair_alone():
    assert renewal("b", None).candidates(STARTED_ARN, SECOND) == [SECOND]


def test_what_an_earlier_generation_told_is_no_news_of_this_one():
    other = Record("arn:aws:states:eu-west-1:1:execution:m:run-1-g1", 0, 1)
    assert renewal("b", other).candidates(STARTED_ARN, FIRST) == [FIRST, STARTED_ARN]
