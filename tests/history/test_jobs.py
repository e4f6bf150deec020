"""What an attempt started."""

from __future__ import annotations

import json

import pytest

from airflow_sfn_ml.history.jobs import requested, submitted

CASES = [
    (
        "sagemaker",
        {"ProcessingJobArn": "arn:aws:sagemaker:r:1:processing-job/clean-1", "SdkHttpMetadata": {}},
        "clean-1",
    ),
    ("states", {"ExecutionArn": "arn:aws:states:r:1:execution:child:run-7", "StartDate": 1}, "run-7"),
    ("ecs", {"Tasks": [{"TaskArn": "arn:aws:ecs:r:1:task/cluster/0a1b"}], "Failures": []}, "0a1b"),
    ("batch", {"JobArn": "arn:aws:batch:r:1:job/77", "JobId": "77", "JobName": "fit"}, "77"),
]


@pytest.mark.parametrize(("service", "answer", "job"), CASES, ids=[case[0] for case in CASES])
def test_the_arn_in_the_answer_names_the_job(service, answer, job):
    name, arn = submitted(service, json.dumps(answer))
    assert name == job
    assert arn is not None
    assert arn.endswith(job)


def test_a_service_without_arns_has_an_id():
    assert submitted("glue", '{"JobRunId": "jr_1", "JobName": "fit"}') == ("jr_1", None)


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "no json", '{"Tasks": []}'])
def test_an_answer_without_a_job_names_none(text):
    assert submitted("ecs", text) == (None, None)


def test_the_request_names_the_job_before_the_answer_does():
    assert requested('{"RoleArn": "arn:aws:iam::1:role/r", "TransformJobName": "score-1"}') == "score-1"
    assert requested(None) is None
