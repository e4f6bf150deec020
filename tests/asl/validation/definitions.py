"""Two definitions without a fault that use nearly every field, and how to change one thing in them."""

from __future__ import annotations

import copy
from typing import Any

REMOVED = object()

LAMBDA = "arn:aws:states:::lambda:invoke"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
ACTIVITY = "arn:aws:states:eu-west-1:123456789012:activity:a"


def changed(definition: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """*definition* with the values at the places of *changes* (``States/Task/Next``) replaced or removed."""
    result = copy.deepcopy(definition)
    for place, value in changes.items():
        *way, last = place.split("/")
        holder: Any = result
        for key in way:
            holder = holder[int(key)] if isinstance(holder, list) else holder[key]
        if value is REMOVED:
            del holder[last]
        elif isinstance(holder, list):
            holder[int(last)] = value
        else:
            holder[last] = value
    return result


JSONPATH: dict[str, Any] = {
    "Comment": "every state in JSONPath",
    "Version": "1.0",
    "TimeoutSeconds": 3600,
    "StartAt": "Task",
    "States": {
        "Task": {
            "Type": "Task",
            "Resource": LAMBDA,
            "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/r"},
            "InputPath": "$.a",
            "Parameters": {
                "FunctionName": "f",
                "Payload": {"x.$": "$.x[0]", "y.$": "$$.Execution.Name", "z.$": "States.Format('{} {}', $.a, $.b)"},
            },
            "ResultSelector": {"payload.$": "$.Payload"},
            "ResultPath": "$.task",
            "OutputPath": "$",
            "Assign": {"found.$": "$.Payload.found", "constant": 1},
            "TimeoutSeconds": 600,
            "HeartbeatSeconds": 60,
            "Retry": [
                {
                    "ErrorEquals": ["Lambda.ServiceException", "States.Timeout"],
                    "IntervalSeconds": 2,
                    "MaxAttempts": 3,
                    "BackoffRate": 1.5,
                    "MaxDelaySeconds": 60,
                    "JitterStrategy": "FULL",
                },
                {"ErrorEquals": ["States.ALL"]},
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Fail"}],
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$found", "NumericGreaterThan": 1, "Next": "Wait"},
                {
                    "And": [{"Variable": "$.a", "IsPresent": True}, {"Not": {"Variable": "$.a", "IsNull": True}}],
                    "Next": "Map",
                },
                {"Variable": "$.t", "TimestampLessThan": "2030-01-01T00:00:00Z", "Next": "Big"},
            ],
            "Default": "Parallel",
        },
        "Wait": {"Type": "Wait", "Seconds": 5, "Next": "Parallel"},
        "Parallel": {
            "Type": "Parallel",
            "Branches": [
                {
                    "StartAt": "Left",
                    "States": {"Left": {"Type": "Pass", "Result": {"a": 1}, "Assign": {"own": 1}, "End": True}},
                },
                {"StartAt": "Right", "States": {"Right": {"Type": "Succeed"}}},
            ],
            "Assign": {"after.$": "$[0]"},
            "Next": "Succeed",
        },
        "Map": {
            "Type": "Map",
            "ItemsPath": "$.items",
            "ItemSelector": {"item.$": "$$.Map.Item.Value"},
            "MaxConcurrency": 5,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "INLINE"},
                "StartAt": "Item",
                "States": {"Item": {"Type": "Task", "Resource": ACTIVITY, "End": True}},
            },
            "Next": "Succeed",
        },
        "Big": {
            "Type": "Map",
            "Label": "big",
            "ItemReader": {
                "Resource": "arn:aws:states:::s3:getObject",
                "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a"], "MaxItems": 9},
                "Parameters": {"Bucket": "b", "Key.$": "$.key"},
            },
            "ItemBatcher": {"MaxItemsPerBatch": 10},
            "ResultWriter": {
                "Resource": "arn:aws:states:::s3:putObject",
                "Parameters": {"Bucket": "b", "Prefix": "p"},
                "WriterConfig": {"OutputType": "JSONL", "Transformation": "FLATTEN"},
            },
            "ToleratedFailurePercentage": 5,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Far",
                "States": {"Far": {"Type": "Pass", "Parameters": {"a": 1}, "End": True}},
            },
            "Next": "Succeed",
        },
        "Succeed": {"Type": "Succeed"},
        "Fail": {"Type": "Fail", "Error": "E", "CausePath": "States.JsonToString($.error)"},
    },
}

JSONATA: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "Task",
    "States": {
        "Task": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
            "Arguments": {"TrainingJobName": "{% $states.context.Execution.Name & '-1' %}", "Tags": []},
            "TimeoutSeconds": "{% $states.input.timeout %}",
            "Assign": {"model": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}"},
            "Output": {"all": "{% $states.result %}"},
            "Catch": [
                {
                    "ErrorEquals": ["States.ALL"],
                    "Assign": {"why": "{% $states.errorOutput.Cause %}"},
                    "Output": "{% $states.errorOutput %}",
                    "Next": "Fail",
                }
            ],
            "Next": "Send",
        },
        "Send": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Arguments": {"QueueUrl": "q", "MessageBody": {"token": "{% $states.context.Task.Token %}"}},
            "Next": "Choice",
        },
        "Choice": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $exists($model) %}", "Assign": {"chosen": 1}, "Next": "Wait"}],
            "Default": "Map",
        },
        "Wait": {"Type": "Wait", "Seconds": "{% $states.input.seconds %}", "Next": "Map"},
        "Map": {
            "Type": "Map",
            "Items": "{% $states.input.items[size > 1] %}",
            "ItemProcessor": {
                "StartAt": "Item",
                "States": {"Item": {"Type": "Pass", "Output": "{% $model & '/' & $states.input.x %}", "End": True}},
            },
            "Next": "Parallel",
        },
        "Parallel": {
            "Type": "Parallel",
            "Arguments": {},
            "Branches": [{"StartAt": "Left", "States": {"Left": {"Type": "Succeed", "Output": {"one": 1}}}}],
            "End": True,
        },
        "Fail": {"Type": "Fail", "Error": "E", "Cause": "{% $why %}"},
    },
}
