"""What each iteration of a Map did."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from airflow_sfn_ml.history import ExecutionView, StateStatus, failure, reduce
from airflow_sfn_ml.local import LocalAws
from tests.history.record import Recorder
from tests.history.test_embedded import ended, execution


def begin(record: Recorder, items: int) -> int:
    """A Map was entered and its iterations may begin; the event that they follow."""
    record.add("MapStateEntered", name="fit", input="{}")
    return record.add("MapStateStarted", length=items)


def iteration(record: Recorder, started: int, index: int) -> int:
    """One iteration with a job of its own that was submitted."""
    record.add("MapIterationStarted", started, name="fit", index=index)
    return record.task("fit: each", job=f"fit-{index}")


def end(record: Recorder, submitted: int, index: int) -> None:
    record.succeed("fit: each", submitted)
    record.add("MapIterationSucceeded", name="fit", index=index)


def statuses(view: ExecutionView, count: int) -> list[str]:
    return [view.within("fit", index).state("fit: each").status for index in range(count)]


def test_each_iteration_has_its_own_status_job_and_output(record: Recorder):
    started = begin(record, 3)
    first, second = iteration(record, started, 0), iteration(record, started, 1)
    end(record, first, 0)
    view = reduce(record.events)
    assert statuses(view, 3) == [StateStatus.SUCCEEDED, StateStatus.RUNNING, StateStatus.NOT_ENTERED]
    assert [view.within("fit", index).state("fit: each").job for index in range(3)] == ["fit-0", "fit-1", None]
    assert view.within("fit", 0).state("fit: each").output == {"ok": True}
    end(record, second, 1)
    assert statuses(reduce(record.events, view), 2) == [StateStatus.SUCCEEDED, StateStatus.SUCCEEDED]


def test_a_failing_iteration_fails_and_stops_the_others_but_not_what_is_done(record: Recorder):
    started = begin(record, 3)
    first, second, third = (iteration(record, started, index) for index in range(3))
    end(record, first, 0)
    failed = record.fail(second)
    iteration_failed = record.add("MapIterationFailed", failed, name="fit", index=1)
    record.add("MapIterationAborted", third, name="fit", index=2)
    failed = record.add("MapStateFailed", iteration_failed, error="States.TaskFailed", cause="one failed")
    record.add("ExecutionFailed", failed, error="States.TaskFailed", cause="one failed")
    view = reduce(record.events)
    assert statuses(view, 3) == [StateStatus.SUCCEEDED, StateStatus.FAILED, StateStatus.ABORTED]
    inside = view.within("fit", 1)
    assert (inside.status, inside.failed_states) == ("FAILED", ("fit: each",))
    assert failure(inside, "fit: each").reason == "AlgorithmError: boom, exit code: 3"
    assert failure(view.within("fit", 0), "fit: each").reason is None


@pytest.mark.parametrize("cut", range(1, 30))
def test_iterations_are_the_same_wherever_the_fold_was_interrupted(record: Recorder, cut: int):
    started = begin(record, 2)
    first, second = iteration(record, started, 0), iteration(record, started, 1)
    end(record, first, 0)
    failed = record.fail(second)
    record.attempt(failed, job="fit-1-again")
    record.succeed("fit: each")
    record.add("MapIterationSucceeded", name="fit", index=1)
    record.add("MapStateSucceeded")
    record.add("MapStateExited", name="fit", output="[]")
    whole = reduce(record.events)
    assert reduce(record.events[cut:], reduce(record.events[:cut])) == whole
    assert [attempt.job for attempt in whole.within("fit", 1).state("fit: each").attempts] == ["fit-1", "fit-1-again"]


def test_a_map_that_is_tried_again_shows_the_iterations_of_the_last_try(record: Recorder):
    started = begin(record, 1)
    failed = record.fail(iteration(record, started, 0))
    record.add("MapIterationFailed", failed, name="fit", index=0)
    failed = record.add("MapStateFailed", error="States.TaskFailed")
    started = record.add("MapStateStarted", failed, length=1)
    assert statuses(reduce(record.events), 1) == [StateStatus.NOT_ENTERED]
    end(record, iteration(record, started, 0), 0)
    state = reduce(record.events).within("fit", 0).state("fit: each")
    assert (state.status, len(state.attempts)) == (StateStatus.SUCCEEDED, 1)


def test_the_iterations_of_the_embedded_aws(local_aws: LocalAws):
    client = local_aws.client("stepfunctions")
    local_aws.client("s3").create_bucket(Bucket="iterations")
    local_aws.client("s3").put_object(Bucket="iterations", Key="there", Body=b"x")
    states: dict[str, Any] = {
        "read": {
            "Type": "Map",
            "Items": ["there", "missing", "there"],
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "StartAt": "read: each",
                "States": {
                    "read: each": {
                        "Type": "Task",
                        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
                        "Arguments": {"Bucket": "iterations", "Key": "{% $states.input %}"},
                        "Output": "{% $states.result.ContentLength %}",
                        "End": True,
                    }
                },
            },
            "End": True,
        }
    }
    view = ended(client, execution(client, states))
    inside = [view.within("read", index).state("read: each") for index in range(3)]
    assert [state.status for state in inside] == [StateStatus.SUCCEEDED, StateStatus.FAILED, StateStatus.NOT_ENTERED]
    assert inside[0].output == 1
    assert json.loads(inside[1].attempts[0].request_text or "")["Key"] == "missing"


def test_a_redrive_goes_on_with_the_iterations_that_did_not_succeed(local_aws: LocalAws):
    client = local_aws.client("stepfunctions")
    local_aws.client("s3").create_bucket(Bucket="iterations-again")
    s3 = local_aws.client("s3")
    s3.put_object(Bucket="iterations-again", Key="a", Body=b"x")
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Arguments": {"Bucket": "iterations-again", "Key": "{% $states.input %}"},
        "End": True,
    }
    processor = {"StartAt": "look: each", "States": {"look: each": task}}
    look = {"Type": "Map", "Items": ["a", "b"], "MaxConcurrency": 1, "ItemProcessor": processor, "End": True}
    arn = execution(client, {"look": look})
    first = ended(client, arn)
    assert [first.within("look", i).state("look: each").status for i in range(2)] == ["succeeded", "failed"]
    s3.put_object(Bucket="iterations-again", Key="b", Body=b"x")
    client.redrive_execution(executionArn=arn)
    deadline = time.monotonic() + 60
    view = first
    while view.status != "SUCCEEDED" and time.monotonic() < deadline:
        view = reduce(client.get_execution_history(executionArn=arn, maxResults=1000)["events"], view)
        time.sleep(0.2)
    again = [view.within("look", i).state("look: each") for i in range(2)]
    assert [(state.status, len(state.attempts)) for state in again] == [("succeeded", 1), ("succeeded", 2)]
