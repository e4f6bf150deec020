"""The smallest request that a service's own model asks for."""

from __future__ import annotations

import re
from typing import Any

from airflow_sfn_ml.steps.service_model import ServiceModel, service_model

WORDS = (
    "name",
    "arn:aws:iam::123456789012:role/role",
    "arn:aws:s3:::bucket",
    "s3://bucket/key",
    "a1",
    "12345678-1234-1234-1234-123456789012",
    "0123456789abcdef0123456789abcdef",
    "j-1234567890",
    "/opt/ml/processing/x",
    "1.0",
    "arn:aws:sagemaker:us-east-1:123456789012:model/m",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1",
    "/path",
    "emr-7.0.0",
    "SPARK",
    "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/name-0123456789",
    "arn:aws:sagemaker:us-east-1:123456789012:workteam/private-crowd/team",
)


def smallest(service: str, operation: str) -> Any:
    """The required members of the request of *operation*, in PascalCase, each as small as it may be."""
    model = service_model(service)
    return _value(model, str(model.input_shape(operation)), ())


def _value(model: ServiceModel, name: str, above: tuple[str, ...]) -> Any:
    shape = model.shape(name)
    match shape["type"]:
        case "structure":
            wanted = shape.get("required", [])
            if not wanted and shape.get("union"):
                wanted = list(shape["members"])[:1]
            return {
                key[:1].upper() + key[1:]: _value(model, shape["members"][key]["shape"], (*above, name))
                for key in wanted
            }
        case "list":
            return [_value(model, shape["member"]["shape"], (*above, name)) for _ in range(shape.get("min", 0))]
        case "map":
            return {}
        case "string":
            return _string(shape)
        case "boolean":
            return True
        case "blob":
            return "e30="
        case "timestamp":
            return "2026-01-01T00:00:00Z"
        case _:
            return max(1, int(shape.get("min", 1)))


def _string(shape: Any) -> str:
    if shape.get("enum"):
        return str(shape["enum"][0])
    pattern = shape.get("pattern")
    for word in WORDS:
        candidate = word.ljust(int(shape.get("min", 0)), "0")[: int(shape.get("max", 1000))]
        try:
            if not pattern or re.fullmatch(pattern, candidate):
                return candidate
        except re.error:
            return candidate
    raise AssertionError(f"none of the words fits {pattern}")
