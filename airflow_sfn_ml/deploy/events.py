"""What wakes the watchers: rules of EventBridge that put the ends of executions and jobs into an SQS queue. Pure.

Step Functions tells the status of executions only, no single state; SageMaker tells that of its jobs. A rule for each
kind keeps the queue to what ends: a training job alone has half a dozen changes before that. Several triggerers may
read one queue, so a message stays hidden for seconds only, and nobody wants one that is an hour old.

Sources: "Events from Step Functions" and "Automating SageMaker with EventBridge" in AWS's guides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TAG = "airflow-sfn-ml:events"
"""The tag that says of a queue or a rule that it was made here; its value is the name of the queue."""
NAME = "airflow-sfn-ml-events"
NAME_LIMIT = 64 - len("-executions")
"""The most characters of a queue's name: the names of the rules begin with it, and AWS allows these 64."""
TARGET = "queue"
JOBS = {
    "training-jobs": ("SageMaker Training Job State Change", "TrainingJobStatus"),
    "processing-jobs": ("SageMaker Processing Job State Change", "ProcessingJobStatus"),
    "transform-jobs": ("SageMaker Transform Job State Change", "TransformJobStatus"),
    "tuning-jobs": ("SageMaker HyperParameter Tuning Job State Change", "HyperParameterTuningJobStatus"),
}
ATTRIBUTES = {
    "MessageRetentionPeriod": "3600",
    "VisibilityTimeout": "30",
    "ReceiveMessageWaitTimeSeconds": "20",
    "SqsManagedSseEnabled": "true",
}


@dataclass(frozen=True)
class Events:
    """A queue and the rules that fill it.

    :param name: of the queue; the names of the rules begin with it.
    :param queue_arn: where the queue is.
    """

    name: str
    queue_arn: str

    @property
    def rules(self) -> dict[str, dict[str, Any]]:
        """The patterns of the rules, by their names."""
        ended = {"status": ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]}
        made = {
            f"{self.name}-executions": {
                "source": ["aws.states"],
                "detail-type": ["Step Functions Execution Status Change"],
                "detail": ended,
            }
        }
        for suffix, (kind, status) in JOBS.items():
            made[f"{self.name}-{suffix}"] = {
                "source": ["aws.sagemaker"],
                "detail-type": [kind],
                "detail": {status: ["Completed", "Failed", "Stopped"]},
            }
        return made

    @property
    def policy(self) -> dict[str, Any]:
        """Who may put something into the queue: EventBridge, for these rules."""
        partition, region, account = _place(self.queue_arn)
        rules = [f"arn:{partition}:events:{region}:{account}:rule/{name}" for name in self.rules]
        return _policy(self.queue_arn, rules)

    @property
    def reader_policy(self) -> dict[str, Any]:
        """What Airflow's credentials need to be woken."""
        return {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"],
                    "Resource": self.queue_arn,
                }
            ],
        }


def template(name: str = NAME) -> dict[str, Any]:
    """A CloudFormation template that makes the same; its output ``QueueUrl`` is what Airflow is told."""
    rules = Events(name, "").rules
    logical = {rule: "".join(part.title() for part in rule.removeprefix(name).split("-")) + "Rule" for rule in rules}
    queue = {"Fn::GetAtt": ["Queue", "Arn"]}
    resources: dict[str, Any] = {
        "Queue": {
            "Type": "AWS::SQS::Queue",
            "Properties": {
                "QueueName": name,
                **{key: value == "true" if value == "true" else int(value) for key, value in ATTRIBUTES.items()},
                "Tags": [{"Key": TAG, "Value": name}],
            },
        },
        "QueuePolicy": {
            "Type": "AWS::SQS::QueuePolicy",
            "Properties": {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": _policy(queue, [{"Fn::GetAtt": [each, "Arn"]} for each in logical.values()]),
            },
        },
    }
    for rule, pattern in rules.items():
        resources[logical[rule]] = {
            "Type": "AWS::Events::Rule",
            "Properties": {"Name": rule, "EventPattern": pattern, "Targets": [{"Id": TARGET, "Arn": queue}]},
        }
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "Wakes airflow-sfn-ml when executions and SageMaker jobs end",
        "Resources": resources,
        "Outputs": {
            "QueueUrl": {"Description": "[sfn_ml] events_queue_url of Airflow", "Value": {"Ref": "Queue"}},
            "QueueArn": {"Description": "For the policy of Airflow's credentials", "Value": queue},
        },
    }


def attributes(events: Events) -> dict[str, str]:
    """The attributes of the queue, its policy included."""
    return {**ATTRIBUTES, "Policy": json.dumps(events.policy, sort_keys=True)}


def differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """The names of the attributes that are not as *wanted*."""
    return [name for name, value in wanted.items() if not _same(value, found.get(name))]


def _same(wanted: str, found: str | None) -> bool:
    if found is None or not wanted.startswith("{"):
        return wanted == found
    return bool(json.loads(wanted) == json.loads(found))


def _policy(queue: Any, rules: list[Any]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue,
                "Condition": {"ArnEquals": {"aws:SourceArn": rules}},
            }
        ],
    }


def _place(arn: str) -> tuple[str, str, str]:
    _, partition, _, region, account, *_ = arn.split(":")
    return partition, region, account
