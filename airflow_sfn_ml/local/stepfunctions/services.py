"""The other service integrations: requests and answers in the spelling of Step Functions.

Step Functions takes and gives members in PascalCase whatever the service's own spelling is. moto leaves both steps
empty, so that `states:startExecution` and every service with camelCase members cannot be called. Here botocore's model
says which member is meant. Answers of `aws-sdk:` have the names of the SDK for Java and moments in ISO 8601.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.steps.casing import java

patches = Patches("moto.stepfunctions.parser.asl.component.state.exec.state_task.service")

_TASK = "state_task_service"
_NAMES = ("self", "boto_service_name", "service_action_name")


@cache
def _operation(service: str, action: str) -> Any:
    """botocore's model of an action in snake_case; None when there is none."""
    import botocore.session
    from botocore import xform_name

    model = botocore.session.Session().get_service_model(service)
    return next((model.operation_model(name) for name in model.operation_names if xform_name(name) == action), None)


@patches.replaces(_TASK, "StateTaskService._get_boto_service_name", "self", "boto_service_name")
def boto_service_name(self: Any, boto_service_name: str | None = None) -> str:
    """The service as boto3 calls it."""
    from airflow_sfn_ml.steps.sdk import boto3_name

    name = boto_service_name or self.resource.api_name
    return "stepfunctions" if name == "states" else boto3_name(name)


def _of(task: Any, service: str | None, action: str | None) -> Any:
    return _operation(task._get_boto_service_name(service), task._get_boto_service_action(action))


@patches.replaces(_TASK, "StateTaskService._normalise_parameters", "self", "parameters", *_NAMES[1:])
def normalise_parameters(
    self: Any, parameters: dict[str, Any], boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """Spell the members of a request as the service does."""
    operation = _of(self, boto_service_name, service_action_name)
    if operation is not None and operation.input_shape is not None:
        self._to_boto_request(parameters, operation.input_shape)


@patches.replaces(_TASK, "StateTaskService._normalise_response", "self", "response", *_NAMES[1:])
def normalise_response(
    self: Any, response: Any, boto_service_name: str | None = None, service_action_name: str | None = None
) -> None:
    """Spell the members of an answer as Step Functions does."""
    operation = _of(self, boto_service_name, service_action_name)
    if operation is None or operation.output_shape is None:
        return
    if self.resource.service_name == "aws-sdk" and isinstance(response, dict):
        told = _told(self, response, operation.output_shape)
        response.clear()
        response.update(told)
    else:
        self._from_boto_response(response, operation.output_shape)


def _told(task: Any, value: Any, shape: Any) -> Any:
    """*value*, which has the shape *shape*, as a call of `aws-sdk:` answers it: named as in the SDK for Java, with
    moments as text."""
    if shape.type_name == "structure" and isinstance(value, dict):
        members = shape.members
        return {
            java(key) if key in members else key: _told(task, item, members[key]) if key in members else item
            for key, item in value.items()
        }
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _told(task, item, shape.value) for key, item in value.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_told(task, item, shape.member) for item in value]
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z"
    return task._from_boto_response_value(value)
