"""Requests as boto3 takes them, in camelCase for some services, become requests as Step Functions takes them.

Only the fields of structures change; the keys of maps (environment variables, tags, parameters of a job) are the
user's.

The integrations of ``aws-sdk:`` have the names of the SDK for Java, where an abbreviation at the beginning of a name is
one word: ``DbInstanceIdentifier``, ``SsekmsKeyId``, but ``TemplateURL``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_sfn_ml.steps.service_model import ServiceModel, Shape, service_model

SDK = "aws-sdk:"
"""What the resources of calls begin with that Step Functions makes through the SDK for Java."""
Spelling = Callable[[str], str]
"""The name of a field in Step Functions, of its name in botocore."""


def pascal(name: str) -> str:
    """The name of a field of an optimised integration."""
    return name[:1].upper() + name[1:]


def java(name: str) -> str:
    """The name of a field of an ``aws-sdk:`` integration."""
    end = 1
    while name[end : end + 1].isupper() and not name[end + 1 : end + 2].islower():
        end += 1
    return name[:1].upper() + name[1:end].lower() + name[end:]


def spelling(resource: str) -> Spelling:
    """How the fields of *resource* are spelled."""
    return java if resource.startswith(SDK) else pascal


def to_pascal(service: str, operation: str, request: Any, spelled: Spelling = pascal) -> Any:
    """*request* with its fields as Step Functions has them, found in the model of *service* in any spelling."""
    model = service_model(service)
    shape = model.input_shape(pascal(operation))
    return to_pascal_shape(model, shape, request, spelled=spelled) if shape else request


def to_pascal_shape(
    model: ServiceModel,
    name: str,
    value: Any,
    unknown: Callable[[str, Any], Any] | None = None,
    spelled: Spelling = pascal,
) -> Any:
    """*value*, which has the shape *name* of *model*, with its fields in PascalCase.

    :param unknown: called with the shape and the value where a structure, a list or a map should be and is not yet.
    """
    shape = model.shape(name)
    kind = shape["type"]
    if kind == "list" and isinstance(value, (list, tuple)):
        return [to_pascal_shape(model, shape["member"]["shape"], item, unknown, spelled) for item in value]
    if kind == "map" and isinstance(value, Mapping):
        target = shape["value"]["shape"]
        return {key: to_pascal_shape(model, target, item, unknown, spelled) for key, item in value.items()}
    if kind == "structure" and isinstance(value, Mapping):
        return _fields(model, shape, value, unknown, spelled)
    return unknown(name, value) if unknown and kind in ("structure", "list", "map") else value


def _fields(
    model: ServiceModel,
    shape: Shape,
    value: Mapping[str, Any],
    unknown: Callable[[str, Any], Any] | None,
    spelled: Spelling,
) -> dict[str, Any]:
    members = {member.lower(): (member, target["shape"]) for member, target in shape["members"].items()}
    mapped = {}
    for key, item in value.items():
        member, target = members.get(str(key).removesuffix(".$").lower(), (key, None))
        suffix = ".$" if str(key).endswith(".$") and target else ""
        written = (spelled(member) if target else pascal(member)) + suffix
        mapped[written] = to_pascal_shape(model, target, item, unknown, spelled) if target else item
    return mapped
