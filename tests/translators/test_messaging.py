"""SNS, SQS and EventBridge in a group: what is sent, what comes back, compared with the operators themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.eventbridge import (
    EventBridgeDisableRuleOperator,
    EventBridgeEnableRuleOperator,
    EventBridgePutEventsOperator,
    EventBridgePutRuleOperator,
)
from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator
from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator

from airflow_sfn_ml.history import StateStatus
from tests.translators.machines import beside, connected, context, group_of, member, refusal, run, xcom

TOPIC = "arn:aws:sns:us-east-1:123456789012:news"


def events(**more: Any) -> list[dict[str, Any]]:
    return [{"Source": "demo", "DetailType": "done", "Detail": json.dumps({"n": 1}), **more}]


@pytest.fixture
def queue(local_aws: Any, request: pytest.FixtureRequest) -> str:
    name = f"q-{abs(hash(request.node.name)) % 10**8}"
    return str(local_aws.client("sqs").create_queue(QueueName=name)["QueueUrl"])


@pytest.fixture
def topic(local_aws: Any, queue: str) -> str:
    """A topic that *queue* listens to."""
    sns, sqs = local_aws.client("sns"), local_aws.client("sqs")
    arn = sns.create_topic(Name=queue.rpartition("/")[2])["TopicArn"]
    address = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=address)
    return str(arn)


def received(local_aws: Any, queue: str) -> list[dict[str, Any]]:
    answer = local_aws.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(answer.get("Messages", []))


# SNS


def test_a_message_is_wrapped_and_its_attributes_typed_as_the_hook_does():
    state = member(
        SnsPublishOperator,
        target_arn=TOPIC,
        message="it's done",
        message_attributes={"n": 1.5, "s": "x", "l": [1, "b"]},
    )
    assert state["Resource"] == "arn:aws:states:::sns:publish"
    assert state["Arguments"] == {
        "TargetArn": TOPIC,
        "MessageStructure": "json",
        "Message": '{"default": "it\'s done"}',
        "MessageAttributes": {
            "n": {"DataType": "Number", "StringValue": "1.5"},
            "s": {"DataType": "String", "StringValue": "x"},
            "l": {"DataType": "String.Array", "StringValue": '[1, "b"]'},
        },
    }


def test_messages_to_ordered_topics_keep_group_and_deduplication():
    state = member(
        SnsPublishOperator,
        target_arn=TOPIC,
        message="x",
        subject="",
        message_group_id="g",
        message_deduplication_id="{{ run_id }}",
    )
    assert state["Arguments"]["MessageGroupId"] == "g"
    assert state["Arguments"]["Subject"] == ""
    assert "Execution.Input" in state["Arguments"]["MessageDeduplicationId"]


def test_a_binary_attribute_is_refused():
    told = refusal(SnsPublishOperator, target_arn=TOPIC, message="x", message_attributes={"b": b"\x00"})
    assert "message_attributes['b'] is binary, which JSON cannot hold (send it as base64 text)" in told


def test_sns_delivers_what_the_operator_would_and_answers_as_it_does(
    local_aws: Any, topic: str, queue: str, monkeypatch: pytest.MonkeyPatch
):
    given = {
        "target_arn": topic,
        "message": '{{ params.who }} said "hi"',
        "subject": "greeting",
        "message_attributes": {"n": 3, "who": "{{ params.who }}"},
    }
    ours = xcom(local_aws, lambda: SnsPublishOperator(task_id="t", **given), context(params={"who": "it's me"}))
    with connected(local_aws, monkeypatch):
        said = {**given, "message": 'it\'s me said "hi"', "message_attributes": {"n": 3, "who": "it's me"}}
        theirs = SnsPublishOperator(task_id="t", **said).execute(context())
    assert ours.keys() == theirs.keys() - {"ResponseMetadata"}
    first, second = (json.loads(message["Body"]) for message in received(local_aws, queue))
    for name in ("Message", "Subject", "MessageAttributes"):
        assert first[name] == second[name]


def test_message_and_attributes_may_be_xcoms_of_an_outside_task(local_aws: Any, topic: str, queue: str):
    def build(outside: Any) -> None:
        text = "{{ ti.xcom_pull(task_ids='outside')['text'] }}"
        SnsPublishOperator(task_id="t", target_arn=topic, message=text, message_attributes=outside)

    view = run(local_aws, beside(build), context({"outside": {"text": "a"}}))
    assert view.state("t").status is StateStatus.SUCCEEDED
    (message,) = received(local_aws, queue)
    assert json.loads(message["Body"])["Message"] == "a"
    assert json.loads(message["Body"])["MessageAttributes"] == {"text": {"Type": "String", "Value": "a"}}


def test_a_message_may_hold_what_another_task_of_the_group_put_out(local_aws: Any, topic: str, queue: str):
    def build() -> None:
        first = SqsPublishOperator(task_id="first", sqs_queue=queue, message_content="one")
        number = "{{ ti.xcom_pull(task_ids='g.first')['MessageId'] }}"
        first >> SnsPublishOperator(
            task_id="t", target_arn=topic, message=f"sent {number}", message_attributes={"id": number}
        )

    view = run(local_aws, group_of(build))
    assert view.state("t").status is StateStatus.SUCCEEDED, view
    sent = view.state("first").output["MessageId"]
    bodies = [json.loads(message["Body"]) for message in received(local_aws, queue) if message["Body"] != "one"]
    assert [body["Message"] for body in bodies] == [f"sent {sent}"]
    assert bodies[0]["MessageAttributes"] == {"id": {"Type": "String", "Value": sent}}


# SQS


def test_sqs_sends_what_the_operator_would_and_answers_as_it_does(
    local_aws: Any, queue: str, monkeypatch: pytest.MonkeyPatch
):
    given = {
        "sqs_queue": queue,
        "message_content": '{"day": "{{ ds }}"}',
        "message_attributes": {"a": {"DataType": "String", "StringValue": "{{ ds }}"}},
    }
    ours = xcom(local_aws, lambda: SqsPublishOperator(task_id="t", **given), context(ds="2026-01-01"))
    with connected(local_aws, monkeypatch):
        said = json.loads(json.dumps(given).replace("{{ ds }}", "2026-01-01"))
        theirs = SqsPublishOperator(task_id="t", **said).execute(context())
    assert ours.keys() == theirs.keys() - {"ResponseMetadata"}
    assert ours["MD5OfMessageBody"] == theirs["MD5OfMessageBody"]
    assert ours["MD5OfMessageAttributes"] == theirs["MD5OfMessageAttributes"]


def test_the_whole_content_may_be_an_xcom_of_an_outside_task(local_aws: Any, queue: str):
    def build(outside: Any) -> None:
        SqsPublishOperator(task_id="t", sqs_queue=queue, message_content=outside, delay_seconds=1)

    view = run(local_aws, beside(build), context({"outside": "hello"}))
    assert view.state("t").status is StateStatus.SUCCEEDED
    assert view.state("t").input is not None
    assert member(SqsPublishOperator, sqs_queue=queue, message_content="x", delay_seconds=1)["Arguments"] == {
        "QueueUrl": queue,
        "MessageBody": "x",
        "DelaySeconds": 1,
    }


# EventBridge


def test_events_are_put_and_their_ids_come_back(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    entries = events(Time=datetime(2026, 1, 1, tzinfo=UTC), Resources=["{{ ds }}"])
    made = xcom(local_aws, lambda: EventBridgePutEventsOperator(task_id="t", entries=entries), context(ds="2026-01-01"))
    with connected(local_aws, monkeypatch):
        theirs = EventBridgePutEventsOperator(task_id="t", entries=events()).execute(context())
    assert [len(item) for item in made] == [len(item) for item in theirs]
    two = xcom(local_aws, lambda: EventBridgePutEventsOperator(task_id="t", entries=events() + events()))
    assert len(two) == 2


def test_the_entries_may_be_an_xcom_of_an_outside_task(local_aws: Any):
    def build(outside: Any) -> None:
        EventBridgePutEventsOperator(task_id="t", entries=outside)

    view = run(local_aws, beside(build), context({"outside": events()}))
    assert len(view.state("t").output) == 1


def test_an_event_that_is_not_accepted_fails_the_task(local_aws: Any):
    wrong = [{"Source": "demo", "DetailType": "done", "Detail": "no JSON"}]
    view = run(local_aws, group_of(lambda: EventBridgePutEventsOperator(task_id="t", entries=wrong)))
    assert view.state("t").status is not StateStatus.SUCCEEDED
    assert view.state("t").error == "EventBridge.FailedEntry"


def test_an_endpoint_is_called_through_the_sdk_and_its_refusals_are_looked_at():
    state = member(EventBridgePutEventsOperator, entries=events(), endpoint_id="abc.xyz")
    assert state["Resource"] == "arn:aws:states:::aws-sdk:eventbridge:putEvents"
    assert state["Arguments"]["EndpointId"] == "abc.xyz"
    assert "$states.result.FailedEntryCount > 0 ? $error(" in state["Output"]


def test_rules_are_made_and_switched(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    given = {"name": "nightly-{{ ds }}", "schedule_expression": "rate(1 day)", "state": "ENABLED"}
    made = xcom(local_aws, lambda: EventBridgePutRuleOperator(task_id="t", **given), context(ds="2026-01-01"))
    with connected(local_aws, monkeypatch):
        said = {**given, "name": "nightly-2026-01-01"}
        theirs = EventBridgePutRuleOperator(task_id="t", **said).execute(context())
    assert made == {"RuleArn": theirs["RuleArn"]}
    client = local_aws.client("events")
    for operator, state in ((EventBridgeDisableRuleOperator, "DISABLED"), (EventBridgeEnableRuleOperator, "ENABLED")):
        run(local_aws, group_of(lambda operator=operator: operator(task_id="t", name="nightly-2026-01-01")))
        assert client.describe_rule(Name="nightly-2026-01-01")["State"] == state


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "neither event_pattern nor schedule_expression is given (give one)"),
        ({"schedule_expression": "rate(1 day)", "state": "ON"}, "state='ON' (it is ENABLED or DISABLED)"),
        ({"event_pattern": "source"}, "event_pattern is no JSON (write it as a JSON object)"),
    ],
)
def test_a_rule_that_eventbridge_would_refuse_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(EventBridgePutRuleOperator, name="n", **arguments)
