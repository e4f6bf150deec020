"""What a state machine has beside its definition, as the API and as CloudFormation want it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def tag_list(tags: Any) -> list[dict[str, str]]:
    """Tags as Step Functions wants them, from a dict or from lists in either spelling (``Key`` or ``key``)."""
    if isinstance(tags, Mapping):
        return [{"key": key, "value": value} for key, value in tags.items()]
    return [{name.lower(): text for name, text in tag.items()} for tag in tags or ()]


def configuration(
    logging: str | Mapping[str, Any] | None, tracing: bool, encryption: str | Mapping[str, Any] | None
) -> dict[str, Any]:
    """The arguments of CreateStateMachine and UpdateStateMachine."""
    made: dict[str, Any] = {}
    if isinstance(logging, str):
        group = logging if logging.endswith(":*") else f"{logging}:*"
        destination = {"cloudWatchLogsLogGroup": {"logGroupArn": group}}
        made["loggingConfiguration"] = {"level": "ALL", "includeExecutionData": True, "destinations": [destination]}
    elif logging is not None:
        made["loggingConfiguration"] = dict(logging)
    if tracing:
        made["tracingConfiguration"] = {"enabled": True}
    if isinstance(encryption, str):
        made["encryptionConfiguration"] = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": encryption}
    elif encryption is not None:
        made["encryptionConfiguration"] = dict(encryption)
    return made


def cloudformation(
    name: str,
    definition: Mapping[str, Any],
    role: str,
    type: str,
    tags: list[dict[str, str]],
    settings: Mapping[str, Any],
    description: str | None,
) -> str:
    """A template with the state machine as its only resource."""
    properties: dict[str, Any] = {
        "StateMachineName": name,
        "StateMachineType": type,
        "DefinitionString": json.dumps(definition, indent=2),
        "RoleArn": role,
        **{_pascal(key): _pascal_keys(value) for key, value in settings.items()},
    }
    if tags:
        properties["Tags"] = [{"Key": tag["key"], "Value": tag["value"]} for tag in tags]
    return json.dumps(
        {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": description or "CloudFormation template for AWS Step Functions - State Machine",
            "Resources": {
                "StateMachineComponent": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}
            },
        },
        indent=2,
    )


def _pascal_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_pascal(key): _pascal_keys(item) for key, item in value.items()}
    return [_pascal_keys(item) for item in value] if isinstance(value, list) else value


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
