"""The other service integrations: requests and answers in the spelling of Step Functions.

Step Functions takes and gives members in PascalCase whatever the service's own spelling is. moto leaves both steps
empty, so that `states:startExecution` and every service with camelCase members cannot be called. Here botocore's model
says which member is meant. Moments in answers of `aws-sdk:` are ISO 8601 text, as AWS gives them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

from airflow_sfn_ml.local.patching import Patches

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
    if operation is not None and operation.output_shape is not None:
        self._from_boto_response(response, operation.output_shape)
    if self.resource.service_name == "aws-sdk" and isinstance(response, dict):
        for key, value in response.items():
            response[key] = _told(value)


def _told(value: Any) -> Any:
    """*value* with moments as text."""
    if isinstance(value, datetime):
        moment = value.astimezone(UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds") + "Z"
    if isinstance(value, dict):
        return {key: _told(item) for key, item in value.items()}
    return [_told(item) for item in value] if isinstance(value, list) else value
