"""Whom an event concerns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.triggers.coverage import is_covered, names_of_jobs
from airflow_sfn_ml.triggers.interests import Interests
from airflow_sfn_ml.triggers.wake import names_in
from tests.triggers.scripted import STARTED, entered, events, scheduled

ARN = "arn:aws:states:us-east-1:123456789012:execution:m:e"
JOB = "train-0123456789-0-0"
JOB_ARN = f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{JOB}"


def event(kind: str, **detail: Any) -> str:
    return json.dumps({"source": "aws", "detail-type": kind, "detail": detail, "resources": []})


def submitted(answer: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "TaskSubmitted", {
        "taskSubmittedEventDetails": {
            "resourceType": "sagemaker",
            "resource": "createTrainingJob.sync",
            "output": json.dumps(answer),
        }
    }


RUNNING = events(STARTED, entered("train"), scheduled(), ("TaskStarted", {}), submitted({"TrainingJobArn": JOB_ARN}))


def test_an_event_of_an_execution_names_it():
    body = event("Step Functions Execution Status Change", executionArn=ARN, status="FAILED")
    assert names_in(body) == {ARN}


def test_an_event_of_a_job_names_it_and_what_all_its_tries_have_in_common():
    body = event(
        "SageMaker Training Job State Change", TrainingJobName=JOB, TrainingJobArn=JOB_ARN, OutputDataConfig={}
    )
    assert names_in(body) == {JOB, JOB_ARN, "0123456789"}


def test_an_event_in_an_envelope_is_found():
    assert names_in(json.dumps({"Message": event("Step Functions Execution Status Change", executionArn=ARN)})) == {ARN}


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', "{}", '{"detail-type": 1, "detail": {}}'])
def test_what_is_no_event_concerns_nobody(body: str):
    assert names_in(body) == frozenset()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from(["detail", "detail-type", "Message", "x"]), inner)
        ),
    )
)
def test_whatever_stands_in_the_queue_is_read_without_an_error(body: Any):
    assert names_in(json.dumps(body)) == frozenset()


def test_a_running_job_is_known_by_its_name_its_arn_and_what_its_next_try_will_share():
    view = reduce(RUNNING)
    assert names_of_jobs(view) == {JOB, JOB_ARN, "0123456789"}
    assert is_covered(view)


def test_what_has_no_event_is_not_covered():
    assert not is_covered(reduce(events(STARTED)))
    assert not is_covered(reduce(RUNNING[:3])), "its job is not known yet"
    assert not is_covered(reduce(events(STARTED, ("WaitStateEntered", {"stateEnteredEventDetails": {"name": "w"}}))))


class Someone:
    def wake(self) -> None: ...


def test_interests_follow_what_is_registered_last():
    interests, one, two = Interests(), Someone(), Someone()
    interests.register(one, frozenset({"a", "b"}))
    interests.register(two, frozenset({"b"}))
    assert interests.find({"b"}) == {one, two}
    interests.register(one, frozenset({"c"}))
    assert (interests.find({"a", "b"}), interests.find({"c"})) == ({two}, {one})
    interests.forget(two)
    assert interests.find({"a", "b"}) == set()
    assert len(interests) == 1
