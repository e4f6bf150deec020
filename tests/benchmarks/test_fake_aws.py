"""The fake AWS of the benchmarks answers as AWS does, as far as boto3 and the reader of histories can tell."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from airflow_sfn_ml.history import StateStatus, reduce
from benchmarks.fake_aws_executions import Execution, machine_arn
from benchmarks.triggerer import admin
from benchmarks.triggers import fake_aws


@pytest.fixture(params=[False, True], ids=["without quotas", "with quotas"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with fake_aws(quotas=request.param) as url:
        yield url


def client(service: str, url: str) -> Any:
    return boto3.session.Session().client(
        service,
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


@pytest.mark.parametrize("states", [1, 5])
def test_a_history_tells_of_each_state_when_it_has_ended(states: int) -> None:
    execution = Execution("m", "e", 100.0, states, ends=tuple(200.0 + i for i in range(states)))
    before, half, after = (reduce(execution.history(at)) for at in (150.0, 200.5, 300.0))
    assert {before.state(f"t{i}").status for i in range(states)} == {StateStatus.RUNNING}
    assert half.state("t0").status == StateStatus.SUCCEEDED
    assert [half.status, after.status] == ["SUCCEEDED" if states == 1 else "RUNNING", "SUCCEEDED"]
    assert {after.state(f"t{i}").status for i in range(states)} == {StateStatus.SUCCEEDED}
    assert before.state("t0").attempts[-1].job == execution.job(0)


def test_the_ids_of_events_never_change() -> None:
    execution = Execution("m", "e", 100.0, 3, ends=(200.0, 201.0, 202.0))
    early, late = execution.history(200.5), execution.history(300.0)
    assert late[: len(early)] == early
    assert [event["id"] for event in late] == list(range(1, len(late) + 1))
    assert all(event["previousEventId"] < event["id"] for event in late)


def test_executions_are_listed_newest_first_in_pages(url: str) -> None:
    names = admin(url, op="hold", machine="m", count=7, states=1, age=60)
    pages = client("stepfunctions", url).get_paginator("list_executions")
    listed = [
        item["name"]
        for page in pages.paginate(
            stateMachineArn=machine_arn("m"), statusFilter="RUNNING", PaginationConfig={"PageSize": 3}
        )
        for item in page["executions"]
    ]
    assert listed == names[::-1]


def test_an_execution_counts_as_covered_once_it_was_looked_at(url: str) -> None:
    admin(url, op="hold", machine="m", count=2, states=1, age=60)
    states = client("stepfunctions", url)
    arns = [item["executionArn"] for item in states.list_executions(stateMachineArn=machine_arn("m"))["executions"]]
    admin(url, op="reset", coverage=True)
    states.describe_execution(executionArn=arns[0])
    assert admin(url, op="covered", machine="m", timeout=0)["seen"] == 1
    states.get_execution_history(executionArn=arns[1])
    told = admin(url, op="covered", machine="m", timeout=0)
    assert (told["seen"], told["read"]) == (2, 1)
    assert told["read_at"] >= told["seen_at"] > 0
    assert admin(url, op="counts")["calls"] == {"DescribeExecution": 1, "GetExecutionHistory": 1}


def test_calls_above_the_quota_are_refused_only_where_quotas_are_enforced(url: str) -> None:
    admin(url, op="hold", machine="m", count=1, states=1, age=60)
    states, refused = client("stepfunctions", url), 0
    for _ in range(260):
        try:
            states.list_executions(stateMachineArn=machine_arn("m"))
        except ClientError as error:
            refused += error.response["Error"]["Code"] == "ThrottlingException"
    told = admin(url, op="counts")
    assert told["calls"] == {"ListExecutions": 260}
    assert told["rejected"].get("ListExecutions", 0) == refused
    assert refused == 0 or refused > 20, "200 at once, and 5 more a second"


def test_what_ends_is_told_by_events(url: str) -> None:
    (name,) = admin(url, op="hold", machine="m", count=1, states=1, age=60)
    ends = admin(url, op="end", machine="m", at=time.time(), spread=0, events=True)
    assert list(ends) == [f"{name}/0"]
    queue, told = client("sqs", url), []
    while len(told) < 2:
        received = queue.receive_message(QueueUrl=f"{url}/q", WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]
        for message in received:
            told.append(json.loads(message["Body"])["detail-type"])
            queue.delete_message(QueueUrl=f"{url}/q", ReceiptHandle=message["ReceiptHandle"])
    assert told == ["SageMaker Training Job State Change", "Step Functions Execution Status Change"]
    assert "Messages" not in queue.receive_message(QueueUrl=f"{url}/q")


def test_a_message_that_is_not_deleted_comes_back(url: str) -> None:
    admin(url, op="hold", machine="m", count=1, states=1, age=60)
    admin(url, op="end", machine="m", at=time.time(), spread=0, events=True)
    queue = client("sqs", url)
    (message,) = queue.receive_message(QueueUrl=f"{url}/q", WaitTimeSeconds=5)["Messages"]
    handle = message["ReceiptHandle"]
    queue.change_message_visibility(QueueUrl=f"{url}/q", ReceiptHandle=handle, VisibilityTimeout=0)
    again = queue.receive_message(QueueUrl=f"{url}/q", WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]
    assert message["MessageId"] in {each["MessageId"] for each in again}
