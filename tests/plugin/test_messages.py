from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.exceptions import DefinitionError, SfnMlError
from airflow_sfn_ml.plugin.messages import not_started, refused
from airflow_sfn_ml.plugin.runs import Group, Instance

GROUP = Group("g", "g.start", {"a": "g.a"}, aws_conn_id="prod")


def mapped(error: Exception) -> SfnMlError:
    """*error* of boto3's as this package raises it."""
    client: Any = boto3.client("stepfunctions", region_name="us-east-1")
    with pytest.raises(SfnMlError) as caught, translated(client, "states:DescribeExecution", "arn"):
        raise error
    return caught.value


def answer(kind: str, message: str = "no") -> ClientError:
    return ClientError({"Error": {"Code": kind, "Message": message}}, "DescribeExecution")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer("AccessDeniedException"), "no-permission"),
        (answer("StateMachineDoesNotExist"), "not-deployed"),
        (answer("ExecutionDoesNotExist"), "gone"),
        (answer("ThrottlingException"), "unreachable"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "unreachable"),
    ],
)
def test_every_refusal_of_aws_has_words(error: Exception, kind: str):
    assert refused(mapped(error), Instance(GROUP)).kind == kind


def test_a_missing_permission_is_named_with_the_connection():
    denied = answer("AccessDeniedException", "User is not authorized to perform: states:DescribeExecution")
    text = refused(mapped(denied), Instance(GROUP)).text
    assert "connection prod" in text
    assert "states:DescribeExecution" in text


def test_a_definition_that_cannot_be_drawn_is_no_trouble_with_aws():
    assert refused(DefinitionError("no States"), Instance(GROUP)).kind == "error"


@pytest.mark.parametrize(
    ("state", "kind", "word"),
    [
        (None, "not-started", "has not been scheduled"),
        ("queued", "not-started", "is queued"),
        ("up_for_retry", "not-started", "will be tried again"),
        ("failed", "never-started", "Its log says why"),
        ("skipped", "never-started", "was skipped"),
        ("success", "never-started", "marked by hand"),
    ],
)
def test_without_an_execution_the_start_task_says_why(state: str | None, kind: str, word: str):
    message = not_started(Instance(GROUP, start_state=state))
    assert message.kind == kind
    assert word in message.text
    assert message.task_id == "g.start"
