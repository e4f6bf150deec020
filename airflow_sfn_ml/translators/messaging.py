"""SNS, SQS and EventBridge."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import pruned, without_metadata, written
from airflow_sfn_ml.translators.preparations import INTEGER, Preparation, prepared
from airflow_sfn_ml.translators.table import OMIT, Call, Row, add, attr

_OPERATORS = "airflow.providers.amazon.aws.operators"
_SNS_FIFO = ("message_deduplication_id", "message_group_id")


# SNS


def _wrapped(operator: Any) -> Any:
    """The message as the hook wraps it, so that every protocol gets it."""
    message = operator.message
    if isinstance(message, str) and written(message):
        return json.dumps({"default": message})
    return Code(("$string({'default': ", Given(message), "})"))


def _typed(value: Any, start: Any = None) -> Any:
    """One attribute of a message with its type, as the hook finds it."""
    if isinstance(value, str):
        return {"DataType": "String", "StringValue": value}
    if isinstance(value, (int, float)):
        return {"DataType": "Number", "StringValue": str(value)}
    return {"DataType": "String.Array", "StringValue": json.dumps(value)}


def _all_typed(value: Any, start: Any = None) -> Any:
    return {key: _typed(item) for key, item in value.items()} if isinstance(value, dict) else value


_TYPE = Preparation(
    _typed,
    code=(
        "(function($v) { $type($v) = 'string' ? {'DataType': 'String', 'StringValue': $v} : $type($v) = 'number' ? "
        "{'DataType': 'Number', 'StringValue': $string($v)} : {'DataType': 'String.Array', 'StringValue': "
        "$string($v)} })(",
        ")",
    ),
)
_TYPES = Preparation(
    _all_typed, refuses="message_attributes that another task of the group makes as a whole cannot be typed"
)


def _attributes(operator: Any) -> Any:
    given = operator.message_attributes
    if not given:
        return OMIT
    if isinstance(given, dict):
        return {key: prepared(value, _TYPE) for key, value in given.items()}
    return prepared(given, _TYPES)


def _sns_problems(operator: Any) -> list[str]:
    given = operator.message_attributes
    values = given.items() if isinstance(given, dict) else ()
    return [
        f"message_attributes[{key!r}] is binary, which JSON cannot hold (send it as base64 text)"
        for key, value in values
        if isinstance(value, bytes)
    ]


add(
    Row(
        f"{_OPERATORS}.sns.SnsPublishOperator",
        calls=(
            Call(
                "sns:publish",
                {
                    "TargetArn": attr("target_arn"),
                    "MessageStructure": "json",
                    "Message": _wrapped,
                    "Subject": attr("subject", empty=True),
                    "MessageAttributes": _attributes,
                    "MessageDeduplicationId": attr("message_deduplication_id"),
                    "MessageGroupId": attr("message_group_id"),
                },
            ),
        ),
        output=without_metadata("$states.result"),
        xcom="the answer, {MessageId, SequenceNumber}, without ResponseMetadata",
        check=_sns_problems,
        note="The message is wrapped for all protocols and its attributes get their types, as the operator does.",
    ),
)


# SQS

add(
    Row(
        f"{_OPERATORS}.sqs.SqsPublishOperator",
        calls=(
            Call(
                "sqs:sendMessage",
                {
                    "QueueUrl": attr("sqs_queue"),
                    "MessageBody": attr("message_content", empty=True),
                    "DelaySeconds": attr("delay_seconds", INTEGER),
                    "MessageAttributes": attr("message_attributes"),
                    "MessageGroupId": attr("message_group_id"),
                    "MessageDeduplicationId": attr("message_deduplication_id"),
                },
            ),
        ),
        output=without_metadata("$states.result"),
        xcom="the answer, {MessageId, MD5OfMessageBody, ...}, without ResponseMetadata",
    ),
)


# EventBridge


def _dated(value: Any) -> Any:
    """*value* with moments as text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _dated(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_dated(item) for item in value]
    return value


def _entries(operator: Any) -> Any:
    return _dated(pruned(operator.entries))


def _at_endpoint(operator: Any) -> bool:
    return bool(operator.endpoint_id)


def _event_ids(operator: Any) -> Any:
    ids = "[$states.result.Entries.EventId]"
    if not _at_endpoint(operator):
        return Code((ids,))
    failed = "$states.result.FailedEntryCount"
    told = f"$string({failed}) & ' entries in this request have failed to send: ' & $string($states.result.Entries)"
    return Code((f"{failed} > 0 ? $error({told}) : {ids}",))


def _pattern_problems(operator: Any) -> list[str]:
    found = []
    if not (operator.event_pattern or operator.schedule_expression):
        found.append("neither event_pattern nor schedule_expression is given (give one)")
    if isinstance(operator.state, str) and written(operator.state) and operator.state not in ("ENABLED", "DISABLED"):
        found.append(f"state={operator.state!r} (it is ENABLED or DISABLED)")
    if isinstance(operator.event_pattern, str) and written(operator.event_pattern):
        try:
            json.loads(operator.event_pattern)
        except ValueError:
            found.append("event_pattern is no JSON (write it as a JSON object)")
    return found


_RULE = {"Name": attr("name"), "EventBusName": attr("event_bus_name")}

add(
    Row(
        f"{_OPERATORS}.eventbridge.EventBridgePutEventsOperator",
        calls=(
            Call("events:putEvents", {"Entries": _entries}, when=lambda operator: not _at_endpoint(operator)),
            Call(
                "aws-sdk:eventbridge:putEvents",
                {"Entries": _entries, "EndpointId": attr("endpoint_id")},
                when=_at_endpoint,
            ),
        ),
        output=_event_ids,
        xcom="the ids of the events",
        note="An entry that is not accepted fails the task. Step Functions adds the ARNs of machine and execution to "
        "the Resources of each event.",
    ),
    Row(
        f"{_OPERATORS}.eventbridge.EventBridgePutRuleOperator",
        calls=(
            Call(
                "aws-sdk:eventbridge:putRule",
                {
                    **_RULE,
                    "Description": attr("description"),
                    "EventPattern": attr("event_pattern"),
                    "RoleArn": attr("role_arn"),
                    "ScheduleExpression": attr("schedule_expression"),
                    "State": attr("state"),
                    "Tags": attr("tags"),
                },
            ),
        ),
        output="$states.result",
        xcom="the answer, {RuleArn}, without ResponseMetadata",
        check=_pattern_problems,
    ),
    Row(
        f"{_OPERATORS}.eventbridge.EventBridgeEnableRuleOperator",
        calls=(Call("aws-sdk:eventbridge:enableRule", _RULE),),
    ),
    Row(
        f"{_OPERATORS}.eventbridge.EventBridgeDisableRuleOperator",
        calls=(Call("aws-sdk:eventbridge:disableRule", _RULE),),
    ),
)
