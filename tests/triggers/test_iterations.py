"""What a trigger does for instances of mapped tasks, and for tasks that others are mapped over."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.outcome import mapped_length
from airflow_sfn_ml.triggers.state import StateTrigger
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Succeeded

RUN = "arn:aws:states:eu-west-1:123456789012:mapRun:m/fit:1"


def trigger(**more: Any) -> StateTrigger:
    return StateTrigger("fit", "g.start", **more)


@pytest.mark.parametrize(("output", "length"), [([1, 2, 3], 3), ({"a": 1}, 1), ([], 0)])
def test_the_length_that_others_are_mapped_over_goes_with_the_xcom(output: Any, length: int):
    assert mapped_length(trigger(mapped_over=True), output) == length
    assert mapped_length(trigger(), output) is None


def test_an_output_that_nothing_can_be_mapped_over_fails_with_the_reason():
    with pytest.raises(SfnMlError, match="other tasks are mapped over its output, which is str, not a list"):
        mapped_length(trigger(mapped_over=True), "text")
    with pytest.raises(SfnMlError, match=r"which is not pushed \(do_xcom_push\)"):
        mapped_length(trigger(mapped_over=True, push=False), [1])


def test_a_trigger_can_be_made_again_from_what_it_serialises():
    _, kwargs = trigger(within="fit", mapped_over=True).serialize()
    assert (kwargs["within"], kwargs["mapped_over"]) == ("fit", True)
    assert StateTrigger(**kwargs).serialize()[1] == kwargs


def view(status: str, state: StateStatus, **more: Any) -> ExecutionView:
    return ExecutionView(status=status, states={"fit": StateView("fit", state, type="Map", **more)})


def verdicts(seen: ExecutionView, count: int = 2) -> list[Any]:
    return [Subject("fit: each", "fit", index).verdict(seen) for index in range(count)]


def test_iterations_of_a_distributed_map_are_known_when_it_has_ended():
    assert verdicts(view("RUNNING", StateStatus.RUNNING, map_run_arn=RUN)) == [Pending(), Pending()]
    done = view("SUCCEEDED", StateStatus.SUCCEEDED, map_run_arn=RUN, length=2, output_text='["a", "b"]')
    assert verdicts(done) == [Succeeded("a"), Succeeded("b")]
    unread = view("SUCCEEDED", StateStatus.SUCCEEDED, map_run_arn=RUN, length=2, output_text="{}")
    assert verdicts(unread) == [Succeeded(None), Succeeded(None)]


def test_the_error_of_a_distributed_map_says_which_iterations_failed():
    cause = "fit: 1 of 12 iterations failed [11], the first with E: c"
    seen = view("FAILED", StateStatus.FAILED, map_run_arn=RUN, error="States.QueryEvaluationError", cause=cause)
    found = verdicts(seen, 12)
    assert [index for index, verdict in enumerate(found) if isinstance(verdict, Failed)] == [11]
    assert RUN in found[11].reason
    stopped = view("FAILED", StateStatus.FAILED, map_run_arn=RUN, error="States.ExceedToleratedFailureThreshold")
    assert all(isinstance(verdict, Failed) for verdict in verdicts(stopped)), "nobody knows which of them had ended"


def test_a_map_that_could_not_begin_fails_its_instances_with_its_error():
    seen = view("FAILED", StateStatus.FAILED, error="States.QueryEvaluationError")
    assert [verdict.reason for verdict in verdicts(seen)] == ["State fit failed: States.QueryEvaluationError"] * 2
