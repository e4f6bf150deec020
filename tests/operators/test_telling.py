"""Which cleared tasks a repair leaves alone, since a redrive has done their work meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.operators.telling import about_to_tell
from airflow_sfn_ml.triggers.redrive import Record
from tests.triggers.scripted import STARTED, entered, events, exited, failed

ARN = "arn:aws:states:eu-west-1:1:execution:m:run-1"
ENDED = reduce(events(STARTED, entered("a"), exited("a"), entered("b"), failed("Boom")))
REDRIVEN = replace(ENDED, redrive_count=1)


@dataclass
class Repairer:
    """The task instance that begins a repair, and the record that the task's last try has left."""

    record: Record | None
    task_id: str = "g.repairer"

    def xcom_pull(self, **asked: Any) -> Any:
        return self.record.as_json() if self.record else None


def state_to_be(state: str, record: Record | None, view: Any = REDRIVEN) -> str | None:
    return about_to_tell(EmptyOperator(task_id=state), state, Repairer(record), view, ARN)


def test_what_a_redrive_has_done_since_it_was_cleared_is_not_done_again():
    done = reduce(events(STARTED, entered("a"), exited("a")))
    assert state_to_be("a", Record(ARN, 0, 1), replace(done, status="FAILED", redrive_count=1)) == "success"
    assert state_to_be("b", Record(ARN, 0, 1)) == "failed"


def test_what_was_never_told_is_about_to_be_told():
    assert state_to_be("a", None) == "success"


def test_what_was_told_and_cleared_is_done_again():
    assert state_to_be("a", Record(ARN, 0, 1, failed=False)) is None, "a redrive does not run it"
    assert state_to_be("b", Record(ARN, 1, 2)) is None
    assert state_to_be("b", Record(ARN, 0, 1), ENDED) is None


def test_what_never_ran_and_the_repairer_itself_wait_for_the_repair():
    assert state_to_be("c", None) is None
    assert about_to_tell(EmptyOperator(task_id="a"), "a", Repairer(None, "a"), REDRIVEN, ARN) is None
