"""Make AWS have the queue and the rules of `deploy.events`: look first, change what differs, touch nothing of others.

Every step can be repeated: a set-up that died in between is finished by the next one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.deploy.errors import code, translated
from airflow_sfn_ml.deploy.events import ATTRIBUTES, NAME_LIMIT, TAG, TARGET, Events, attributes, differing
from airflow_sfn_ml.exceptions import DeployError, NotOwned

ABSENT = frozenset({"AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist", "ResourceNotFoundException"})


@dataclass(frozen=True)
class Done:
    """What was done to one part: made, changed, removed or nothing."""

    part: str
    name: str
    action: str


@dataclass(frozen=True)
class SetUp:
    """The queue as it is now, and what was done."""

    queue_url: str
    events: Events
    done: tuple[Done, ...]


def set_up(sqs: Any, events: Any, name: str) -> SetUp:
    """Make the queue *name* and its rules, or make those that exist as they should be.

    :param sqs: a boto3 client, as *events* (EventBridge).
    :raises NotOwned: there is a queue or a rule of that name that was not made here.
    """
    _check(name)
    url = _queue_url(sqs, name)
    action = "nothing"
    if url is None:
        action = "made"
        with translated(sqs, "sqs:CreateQueue", name):
            url = str(sqs.create_queue(QueueName=name, Attributes=ATTRIBUTES, tags={TAG: name})["QueueUrl"])
    found = _own_attributes(sqs, url, name)
    wanted = Events(name, found["QueueArn"])
    changes = differing(attributes(wanted), found)
    if changes:
        with translated(sqs, "sqs:SetQueueAttributes", name):
            sqs.set_queue_attributes(QueueUrl=url, Attributes={key: attributes(wanted)[key] for key in changes})
        action = "changed" if action == "nothing" else action
    rules = [Done("rule", rule, _make_rule(events, wanted, rule)) for rule in wanted.rules]
    return SetUp(url, wanted, (Done("queue", name, action), *rules))


def remove(sqs: Any, events: Any, name: str) -> tuple[Done, ...]:
    """Remove the rules and the queue *name*, if they were made here."""
    _check(name)
    done = []
    for rule in Events(name, "").rules:
        found = _rule(events, rule)
        if found is None:
            continue
        _own_rule(events, found, name)
        with translated(events, "events:RemoveTargets", rule):
            events.remove_targets(Rule=rule, Ids=[TARGET])
        with translated(events, "events:DeleteRule", rule):
            events.delete_rule(Name=rule)
        done.append(Done("rule", rule, "removed"))
    url = _queue_url(sqs, name)
    if url is not None:
        _own_attributes(sqs, url, name)
        with translated(sqs, "sqs:DeleteQueue", name):
            sqs.delete_queue(QueueUrl=url)
        done.append(Done("queue", name, "removed"))
    return tuple(done)


def _check(name: str) -> None:
    if not 0 < len(name) <= NAME_LIMIT or not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
        raise DeployError(f"{name!r}: the name has 1 to {NAME_LIMIT} letters, digits, hyphens and underscores")


def _queue_url(sqs: Any, name: str) -> str | None:
    try:
        with translated(sqs, "sqs:GetQueueUrl", name):
            return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])
    except DeployError as error:
        if code(error) not in ABSENT:
            raise
        return None


def _own_attributes(sqs: Any, url: str, name: str) -> dict[str, str]:
    """The attributes of the queue, after a look at whose it is."""
    with translated(sqs, "sqs:ListQueueTags", name):
        tags = sqs.list_queue_tags(QueueUrl=url).get("Tags", {})
    if tags.get(TAG) != name:
        raise NotOwned(f"the queue {name} exists and was not made here (no tag {TAG}={name}); choose another name")
    with translated(sqs, "sqs:GetQueueAttributes", name):
        return dict(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"])


def _rule(events: Any, rule: str) -> dict[str, Any] | None:
    try:
        with translated(events, "events:DescribeRule", rule):
            return dict(events.describe_rule(Name=rule))
    except DeployError as error:
        if code(error) not in ABSENT:
            raise
        return None


def _own_rule(events: Any, found: dict[str, Any], name: str) -> None:
    with translated(events, "events:ListTagsForResource", found["Name"]):
        tags = {tag["Key"]: tag["Value"] for tag in events.list_tags_for_resource(ResourceARN=found["Arn"])["Tags"]}
    if tags.get(TAG) != name:
        raise NotOwned(
            f"the rule {found['Name']} exists and was not made here (no tag {TAG}={name}); choose another name"
        )


def _make_rule(events: Any, wanted: Events, rule: str) -> str:
    found, pattern = _rule(events, rule), wanted.rules[rule]
    action = "made" if found is None else "nothing"
    if found is not None:
        _own_rule(events, found, wanted.name)
    if found is None or json.loads(found.get("EventPattern") or "{}") != pattern or found.get("State") != "ENABLED":
        action = "changed" if found is not None else action
        made: dict[str, Any] = {} if found is not None else {"Tags": [{"Key": TAG, "Value": wanted.name}]}
        with translated(events, "events:PutRule", rule):
            events.put_rule(Name=rule, EventPattern=json.dumps(pattern), State="ENABLED", **made)
    with translated(events, "events:ListTargetsByRule", rule):
        targets = events.list_targets_by_rule(Rule=rule)["Targets"]
    if {"Id": TARGET, "Arn": wanted.queue_arn} not in [{"Id": each["Id"], "Arn": each["Arn"]} for each in targets]:
        with translated(events, "events:PutTargets", rule):
            refused = events.put_targets(Rule=rule, Targets=[{"Id": TARGET, "Arn": wanted.queue_arn}])
        if refused.get("FailedEntryCount"):
            raise DeployError(f"events:PutTargets on {rule}: {refused['FailedEntries']}")
        action = "changed" if action == "nothing" else action
    return action
