"""`events`: the queue and the rules that wake the triggerer, on the embedded AWS."""

from __future__ import annotations

import json

import pytest

from airflow_sfn_ml.deploy.events import NAME_LIMIT, Events, template

MACHINE = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
ROLE = "arn:aws:iam::123456789012:role/states"


@pytest.fixture
def name(aws, request):
    """A queue that no other test takes."""
    return f"q-{abs(hash(request.node.name)) % 10**8}"


def messages(aws, url, wanted):
    """What is in the queue, as soon as *wanted* messages are."""
    sqs, found = aws.client("sqs"), []
    for _ in range(20):
        answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", ()):
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        if len(found) >= wanted:
            break
    return found


def test_the_end_of_an_execution_reaches_the_queue_and_nothing_else_of_it_does(run, aws, name):
    told = run("events", "setup", "--name", name, "-o", "json")
    assert told.status == 0, told.err
    made = json.loads(told.out)
    assert made["setting"] == f"AIRFLOW__SFN_ML__EVENTS_QUEUE_URL={made['queue_url']}"
    assert {one["action"] for one in made["done"]} <= {"made", "changed"}
    states = aws.client("stepfunctions")
    arn = states.create_state_machine(name=name, definition=json.dumps(MACHINE), roleArn=ROLE)["stateMachineArn"]
    started = [states.start_execution(stateMachineArn=arn)["executionArn"] for _ in range(2)]
    events = messages(aws, made["queue_url"], 2)
    assert {(event["detail"]["executionArn"], event["detail"]["status"]) for event in events} == {
        (one, "SUCCEEDED") for one in started
    }
    assert len(events) == 2


def test_a_second_setup_changes_nothing_and_mends_what_was_changed(run, aws, name):
    run("events", "setup", "--name", name)
    again = json.loads(run("events", "setup", "--name", name, "-o", "json").out)
    assert {one["action"] for one in again["done"]} == {"nothing"}
    events, sqs = aws.client("events"), aws.client("sqs")
    events.disable_rule(Name=f"{name}-executions")
    events.remove_targets(Rule=f"{name}-tuning-jobs", Ids=["queue"])
    sqs.set_queue_attributes(QueueUrl=again["queue_url"], Attributes={"VisibilityTimeout": "600"})
    mended = json.loads(run("events", "setup", "--name", name, "-o", "json").out)
    assert {one["name"] for one in mended["done"] if one["action"] == "changed"} == {
        *(name, f"{name}-executions", f"{name}-tuning-jobs")
    }
    assert {one["action"] for one in json.loads(run("events", "setup", "--name", name, "-o", "json").out)["done"]} == {
        "nothing"
    }


def test_what_others_made_is_left_alone(run, aws, name):
    aws.client("sqs").create_queue(QueueName=name)
    told = run("events", "setup", "--name", name)
    assert told.status == 1
    assert f"the queue {name} exists and was not made here" in told.err
    aws.client("sqs").delete_queue(QueueUrl=aws.client("sqs").get_queue_url(QueueName=name)["QueueUrl"])
    aws.client("events").put_rule(Name=f"{name}-training-jobs", EventPattern='{"source": ["mine"]}')
    told = run("events", "setup", "--name", name)
    assert told.status == 1
    assert f"the rule {name}-training-jobs exists and was not made here" in told.err
    told = run("events", "remove", "--name", name)
    assert told.status == 1
    assert aws.client("events").describe_rule(Name=f"{name}-training-jobs")["EventPattern"] == '{"source": ["mine"]}'


def test_all_of_it_can_be_removed(run, aws, name):
    run("events", "setup", "--name", name)
    told = run("events", "remove", "--name", name, "-o", "json")
    assert {one["action"] for one in json.loads(told.out)} == {"removed"}
    assert len(json.loads(told.out)) == 6
    assert aws.client("events").list_rules(NamePrefix=name)["Rules"] == []
    assert "QueueUrls" not in aws.client("sqs").list_queues(QueueNamePrefix=name)
    assert "there is nothing to remove" in run("events", "remove", "--name", name).err


def test_people_are_told_what_to_set_and_what_to_allow(run, aws, name):
    told = run("events", "setup", "--name", name)
    assert "AIRFLOW__SFN_ML__EVENTS_QUEUE_URL=http" in told.out
    assert '"sqs:ReceiveMessage"' in told.out


@pytest.mark.parametrize("wrong", ["", "a.fifo", "x" * (NAME_LIMIT + 1), "ümlaut"])
def test_a_name_that_aws_would_refuse_is_refused_before_anything_is_made(run, aws, wrong):
    told = run("events", "setup", "--name", wrong)
    assert told.status == 1
    assert "the name has 1 to" in told.err


def test_the_template_makes_what_setup_makes(run):
    told = run("events", "template", "--name", "wake")
    found = json.loads(told.out)
    assert found == template("wake")
    rules = {
        each["Properties"]["Name"]: each["Properties"]["EventPattern"]
        for each in found["Resources"].values()
        if each["Type"] == "AWS::Events::Rule"
    }
    assert rules == Events("wake", "").rules
    queue = found["Resources"]["Queue"]["Properties"]
    assert (queue["QueueName"], queue["SqsManagedSseEnabled"], queue["VisibilityTimeout"]) == ("wake", True, 30)


def test_cloudformation_takes_the_template(aws, name):
    client = aws.client("cloudformation")
    client.create_stack(StackName=name, TemplateBody=json.dumps(template(name)))
    made = client.describe_stacks(StackName=name)["Stacks"][0]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    outputs = {each["OutputKey"]: each["OutputValue"] for each in made["Outputs"]}
    assert outputs["QueueUrl"].endswith(f"/{name}")
    assert len(aws.client("events").list_rules(NamePrefix=name)["Rules"]) == 5
