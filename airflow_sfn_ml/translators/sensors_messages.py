"""The sensors of SQS messages and DynamoDB values."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.phrases import written
from airflow_sfn_ml.translators.sensing import Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


# SQS

_SPELLED = '$parse($replace($string($p_messages), /"Md5Of(Body|MessageAttributes)":/, \'"MD5Of$1":\'))'
"""JSONata: the messages as boto3 spells them."""


def _kept(operator: Any) -> Any:
    """The messages that pass the filter."""
    if operator.message_filtering == "literal":
        values = sorted(operator.message_filtering_match_values)
        return Code(("[$states.result.Messages[Body in ", Given(values), "]]"))
    return Code(("[$states.result.Messages]",))


def _refused(operator: Any) -> list[str]:
    found = []
    if operator.num_batches != 1:
        found.append("num_batches (raise max_messages, of which one look receives up to 10)")
    if operator.message_filtering not in (None, "literal"):
        found.append(
            f"message_filtering={operator.message_filtering!r} (JSONPath over the messages' bodies cannot be evaluated "
            "there: filter in a task after the sensor, or by a filter policy of the topic)"
        )
    return found


def _receive(operator: Any) -> Look:
    delete = Call(
        "aws-sdk:sqs:deleteMessageBatch",
        {
            "QueueUrl": attr("sqs_queue"),
            "Entries": Code(("[$p_messages.{'Id': MessageId, 'ReceiptHandle': ReceiptHandle}]",)),
        },
        name="delete",
        keep={"p_deleted": "$states.result"},
        when=lambda operator: operator.delete_message_on_reception,
    )
    return Look(
        Call(
            "aws-sdk:sqs:receiveMessage",
            {
                "QueueUrl": attr("sqs_queue"),
                "MaxNumberOfMessages": attr("max_messages"),
                "WaitTimeSeconds": attr("wait_time_seconds"),
                "VisibilityTimeout": attr("visibility_timeout"),
            },
            name="look",
            keep={"p_messages": _kept(operator), "p_seen": "$count($states.result.Messages)"},
        ),
        status="$p_seen",
        done="$count($p_messages) > 0",
        then=(delete,),
        refused=(
            "$count($p_deleted.Successful) = 0",
            "the messages were received and could not be deleted",
        ),
        output=_SPELLED,
    )


sensor(
    f"{_SENSORS}.sqs.SqsSensor",
    _receive,
    check=_refused,
    key="messages",
    xcom="the list of messages; the operator pushes it under the key messages instead",
)


# DynamoDB


def _typed(value: Any) -> Any:
    """*value* as an attribute: text stays text, a number becomes one."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, (int, float)):
        return {"N": str(value)}
    if written(value):
        return {"S": value}
    return Code(("(function($v) { $type($v) = 'number' ? {'N': $string($v)} : {'S': $v} })(", Given(value), ")"))


def _key(operator: Any) -> Any:
    names = [(operator.partition_key_name, operator.partition_key_value)]
    if operator.sort_key_name and operator.sort_key_value:
        names.append((operator.sort_key_name, operator.sort_key_value))
    if all(written(name) for name, _ in names):
        return {name: _typed(value) for name, value in names}
    parts: list[Any] = []
    for name, value in names:
        parts += [", ", Given(name), ": ", Given(_typed(value))]
    return Code(("{", *parts[1:], "}"))


def _value(operator: Any) -> Code:
    """Whether the attribute has the value, or one of the values."""
    wanted = operator.attribute_value
    if isinstance(wanted, (set, frozenset)):
        wanted = sorted(wanted)
    return Code(
        (
            "($a := $lookup($p_seen.Item, ",
            Given(operator.attribute_name),
            "); ($exists($a.S) ? $a.S : $exists($a.N) ? $number($a.N) : $exists($a.BOOL) ? $a.BOOL : $a.Bool) in ",
            Given(list(wanted) if isinstance(wanted, tuple) else wanted),
            ")",
        )
    )


sensor(
    f"{_SENSORS}.dynamodb.DynamoDBValueSensor",
    Look(
        Call("dynamodb:getItem", {"TableName": attr("table_name"), "Key": _key}, name="look"),
        done=_value,
        missing=".*",
    ),
    note="As upstream, an error of the call means that the value is not there yet.",
)
