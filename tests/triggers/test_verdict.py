"""What a state's part in an execution means for its task."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Succeeded, verdict
from tests.triggers.scripted import STARTED, SUCCEEDED, entered, events, exited, failed, scheduled, task_failed


def decide(name: str, *told: tuple[str, dict[str, Any]], status: str | None = None) -> Any:
    view = reduce(events(STARTED, *told))
    return verdict(view.with_status(status) if status else view, name)


def test_a_running_state_is_pending():
    assert decide("a", entered("a")) == Pending()


def test_a_state_that_is_still_to_come_is_pending():
    assert decide("b", entered("a")) == Pending()


def test_a_state_that_ended_is_a_success_even_if_the_execution_fails_later():
    assert decide("a", entered("a"), exited("a", '{"X": 1}'), entered("b"), failed()) == Succeeded({"X": 1})


def test_a_failed_state_tells_its_error():
    told = decide("a", entered("a"), scheduled(), task_failed("Boom", "why"), failed("Boom", "why"))
    assert told == Failed("State a failed: Boom")


def test_a_state_that_never_ran_in_a_failed_execution_fails_and_names_the_culprit():
    told = decide("b", entered("a"), scheduled(), task_failed("Boom"), failed("Boom"))
    assert told == Failed("State b never ran: the execution failed because of a")


def test_every_other_end_of_the_execution_fails_a_state_that_was_running():
    for kind, words in [("ExecutionTimedOut", "timed out"), ("ExecutionAborted", "was stopped")]:
        told = decide("a", entered("a"), (kind, {}))
        assert isinstance(told, Failed)
        assert words in told.reason
    told = decide("a", entered("a"), status="PENDING_REDRIVE")
    assert isinstance(told, Failed)
    assert "waits for a redrive" in told.reason


def test_a_state_that_the_execution_does_not_have_fails_and_says_why():
    told = decide("b", entered("a"), exited("a"), SUCCEEDED)
    assert isinstance(told, Failed)
    assert "State b is not in the definition that this execution runs" in told.reason
