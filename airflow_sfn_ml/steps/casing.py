"""Requests as boto3 takes them, in camelCase for some services, become requests as Step Functions takes them.

Only the fields of structures change; the keys of maps (environment variables, tags, parameters of a job) are the
user's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.steps.service_model import ServiceModel, service_model


def to_pascal(service: str, operation: str, request: Any) -> Any:
    """*request* with its fields in PascalCase, as the model of *service* has them."""
    model = service_model(service)
    shape = model.input_shape(operation[:1].upper() + operation[1:])
    return _mapped(model, shape, request) if shape else request


def _mapped(model: ServiceModel, name: str, value: Any) -> Any:
    shape = model.shape(name)
    if shape["type"] == "list" and isinstance(value, (list, tuple)):
        return [_mapped(model, shape["member"]["shape"], item) for item in value]
    if shape["type"] == "map" and isinstance(value, Mapping):
        return {key: _mapped(model, shape["value"]["shape"], item) for key, item in value.items()}
    if shape["type"] != "structure" or not isinstance(value, Mapping):
        return value
    members = {member.lower(): (member, target["shape"]) for member, target in shape["members"].items()}
    mapped = {}
    for key, item in value.items():
        member, target = members.get(str(key).removesuffix(".$").lower(), (key, None))
        suffix = ".$" if str(key).endswith(".$") and target else ""
        mapped[member[:1].upper() + member[1:] + suffix] = _mapped(model, target, item) if target else item
    return mapped
