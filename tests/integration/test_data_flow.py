"""Values on their way between tasks, in executions of the embedded AWS: what one task reads is what another made."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.steps import DynamoDBGetItemStep, SqsSendMessageStep
from airflow_sfn_ml.triggers.explain import failure_lines
from tests.operators.running import running_context

pytestmark = pytest.mark.integration
ROLE = "arn:aws:iam::123456789012:role/states"
LARGE = 120_000


@pytest.fixture(scope="module")
def queue(local_aws: LocalAws) -> str:
    """A queue that takes what tasks tell, and a table of large items that tasks read."""
    table = local_aws.client("dynamodb")
    table.create_table(
        TableName="flow",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in "abc":
        item = {
            "id": {"S": name},
            "uri": {"S": f's3://bucket/{name}/it\'s "$1" \\ {{% x %}}.csv'},
            "tags": {"L": [{"S": f"{name}1"}]},
            "none": {"NULL": True},
            "long": {"S": "x" * LARGE},
        }
        table.put_item(TableName="flow", Item=item)
    return str(local_aws.client("sqs").create_queue(QueueName="flow")["QueueUrl"])


def group_with(queue: str, bodies: dict[str, Any], readers: str = "abc") -> StateMachineTaskGroup:
    """A group in which tasks read an item each, side by side, and others then tell something of them."""
    with DAG("flow", params={"p": "x"}), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        reading = [
            group.step(DynamoDBGetItemStep(name, request={"TableName": "flow", "Key": {"id": {"S": name}}}))
            for name in readers
        ]
        for name, body in bodies.items():
            reading >> group.step(SqsSendMessageStep(name, request={"QueueUrl": queue, "MessageBody": body}))
    return group


def run(aws: LocalAws, group: StateMachineTaskGroup, name: str) -> ExecutionView:
    """The end of an execution of *group*, started as its start task does."""
    client = aws.client("stepfunctions")
    values = group.rendered(running_context(group.dag.get_task("g.start")))
    machine = client.create_state_machine(name=name, definition=json.dumps(group.definition), roleArn=ROLE)
    document = json.dumps(group.execution_input({"dag_id": "flow"}, values))
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=document)["executionArn"]
    deadline = time.monotonic() + 60
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    return reduce(client.get_execution_history(executionArn=arn, maxResults=1000)["events"])


def told(aws: LocalAws, queue: str) -> list[str]:
    """The messages that are in the queue, which is empty then."""
    client, found = aws.client("sqs"), []
    while messages := client.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(str(message["Body"]))
            client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found)


def test_what_is_read_across_branches_is_what_was_made(local_aws: LocalAws, queue: str):
    bodies = {
        "one": "1 {{ ti.xcom_pull('g.a')['Item']['uri']['S'] }} {{ ds }}",
        "two": "2 {{ ti.xcom_pull(['g.a', 'g.b', 'g.c']) | map(attribute='Item.tags.L.0.S') | join('+') }}",
        "three": "3 {{ (ti.xcom_pull('g.b').Item.uri.S).split('/')[3] ~ params.p }}"
        "{% if ti.xcom_pull('g.c').Item['none'].NULL %} {{ ti.xcom_pull('g.c').Item['none'].NULL }}{% endif %}",
        "four": "4 {{ ti.xcom_pull('g.c')['Item'].zzz | default('nothing') }}",
    }
    view = run(local_aws, group_with(queue, bodies), "flow-across")
    assert view.status == "SUCCEEDED", view.cause
    assert told(local_aws, queue) == [
        '1 s3://bucket/a/it\'s "$1" \\ {% x %}.csv 2026-11-24',
        "2 a1+b1+c1",
        "3 bx True",
        "4 nothing",
    ]


def test_three_large_answers_pass_a_join_where_little_of_them_is_read(local_aws: LocalAws, queue: str):
    bodies = {"one": "".join(f"{{{{ ti.xcom_pull('g.{name}').Item.id.S }}}}" for name in "abc")}
    view = run(local_aws, group_with(queue, bodies), "flow-large")
    assert view.status == "SUCCEEDED", view.cause
    assert told(local_aws, queue) == ["abc"]
    assert len(str(view.state("a").output)) > LARGE


def test_a_missing_field_fails_the_task_that_reads_it_by_name(local_aws: LocalAws, queue: str):
    body = "{{ ti.xcom_pull('g.a').Item.gone.S }}!"
    view = run(local_aws, group_with(queue, {"one": body}, readers="a"), "flow-missing")
    assert view.status == "FAILED"
    assert view.state("a").status == "succeeded"
    lines = "\n".join(failure_lines(view, "one", lambda *_: []))
    assert "States.QueryEvaluationError" in lines
    assert "one needs a['Item']['gone']['S'], which is not there" in lines
    assert told(local_aws, queue) == []


def test_what_is_too_large_is_told_by_state_with_the_way_out(local_aws: LocalAws, queue: str):
    whole = "{{ ti.xcom_pull('g.a') | tojson }}{{ ti.xcom_pull('g.b') | tojson }}{{ ti.xcom_pull('g.c') | tojson }}"
    view = run(local_aws, group_with(queue, {"one": whole}), "flow-too-large")
    assert view.status == "FAILED"
    assert view.error == "States.DataLimitExceeded"
    name = "a | b | c"
    lines = "\n".join(failure_lines(view, name, lambda *_: []))
    assert f"What state {name} gave exceeds the 262,144 bytes" in lines
    assert "Write large results to S3 and hand on their address" in lines
