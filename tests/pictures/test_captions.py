from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import StateStatus, StateView
from airflow_sfn_ml.pictures.captions import detail, duration, note, tally
from tests.pictures.machines import seen


def parsed(state: dict[str, Any]) -> asl.State:
    return asl.parse({"StartAt": "s", "States": {"s": state}}).states[0]


@pytest.mark.parametrize(
    ("resource", "words"),
    [
        ("arn:aws:states:::sagemaker:createTrainingJob.sync", "sagemaker:createTrainingJob.sync"),
        ("arn:aws-cn:states:::aws-sdk:dynamodb:putItem", "dynamodb:putItem"),
        ("arn:aws:states:eu-west-1:123456789012:states:startExecution.sync:2", "states:startExecution.sync:2"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:score:live", "lambda:score:live"),
        ("arn:aws:states:eu-west-1:123456789012:activity:approve", "activity:approve"),
        ("{% $resource %}", "{% $resource %}"),
        (None, "Task"),
        (7, "Task"),
    ],
)
def test_a_task_says_what_it_calls(resource: object, words: str) -> None:
    assert detail(parsed({"Type": "Task", "Resource": resource})) == words


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"Type": "Wait", "Seconds": 90}, "Wait 1 min 30 s"),
        ({"Type": "Wait", "Seconds": "{% $delay %}"}, "Wait {% $delay %}"),
        ({"Type": "Wait", "SecondsPath": "$.delay"}, "Wait $.delay"),
        ({"Type": "Wait", "Timestamp": "2026-01-05T08:00:00Z"}, "Wait until 2026-01-05T08:00:00Z"),
        ({"Type": "Wait", "Seconds": float("-inf")}, "Wait"),
        ({"Type": "Fail", "Error": "TooWeak"}, "Fail TooWeak"),
        ({"Type": "Fail"}, "Fail"),
        ({"Type": "Pass"}, "Pass"),
        ({"Type": "Parallel", "Branches": [{"StartAt": "a", "States": {}}]}, "Parallel, 1 branch"),
        (
            {
                "Type": "Map",
                "MaxConcurrency": 5,
                "ItemProcessor": {"StartAt": "a", "States": {}, "ProcessorConfig": {"Mode": "DISTRIBUTED"}},
            },
            "Map, distributed, 5 at once",
        ),
    ],
)
def test_a_state_says_what_it_does(state: dict[str, Any], words: str) -> None:
    assert detail(parsed(state)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (59.6, "1 min"),
        (252, "4 min 12 s"),
        (3600, "1 h"),
        (7501, "2 h 5 min"),
        (273_600, "3 d 4 h"),
        (-1, "0 s"),
    ],
)
def test_a_time_is_given_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


S = StateStatus


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (StateView("s"), "not entered"),
        (seen("s", "running"), "running · since 08:00:00"),
        (seen("s", "succeeded", 12, attempts=3), "succeeded · 3 attempts · 12 s"),
        (seen("s", "failed", 12, error="E"), "failed · 12 s · E"),
        (seen("s", "succeeded", 12, error="E"), "succeeded · 12 s"),
        (seen("s", "succeeded", 12, visits=4, outcomes={S.SUCCEEDED: 4}), "succeeded · 4 visits"),
        (seen("s", "running", visits=4, outcomes={S.CAUGHT: 1, S.RUNNING: 3}), "running · 1 caught, 3 running"),
        (seen("s", "running", length=1), "running · 1 item · since 08:00:00"),
        (seen("s", "succeeded", 1, length=0), "succeeded · 0 items · 1 s"),
        (
            seen("s", "failed", 1, length=3, iterations={S.FAILED: 1, S.ABORTED: 2}),
            "failed · 1 failed, 2 aborted of 3 · 1 s",
        ),
    ],
)
def test_a_status_in_words(view: StateView, words: str) -> None:
    assert note(view) == words


def test_iterations_to_come_are_counted_too() -> None:
    view = seen("s", "running", length=9, iterations={S.RUNNING: 2, S.SUCCEEDED: 3})
    assert tally(view) == ((S.SUCCEEDED, 3), (S.RUNNING, 2), (S.NOT_ENTERED, 4))
    assert tally(seen("s", "running")) == ()
