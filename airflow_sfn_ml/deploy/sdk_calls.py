"""Calls of ``aws-sdk:``: any operation of any service, so actions and resources follow from names. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sfn_ml.deploy.resources import (
    ON,
    PASSED,
    SDK_ACTIONS,
    SDK_KINDS,
    SDK_ON,
    SDK_SERVICES,
    On,
    Passed,
)
from airflow_sfn_ml.deploy.values import values_at
from airflow_sfn_ml.steps.integrations import INTEGRATIONS

OF_SAGEMAKER = re.compile(r"(?:Describe|Stop|Delete|Update|Create|Start)(\w+)")


def sdk_actions(key: str) -> tuple[str, ...]:
    """The action of ``service:operation``, as IAM names it."""
    row = _row(key)
    if row:
        return INTEGRATIONS[row].actions
    service, operation = _names(key)
    action = f"{service}:{operation}"
    return (SDK_ACTIONS.get(action, action),)


def sdk_on(key: str, request: Any) -> tuple[On, ...]:
    """What the call acts on: what an optimised call of the same operation does, what its fields say, else anything."""
    row = _row(key)
    if row:
        return ON[row]
    service, operation = _names(key)
    kind = OF_SAGEMAKER.fullmatch(operation)
    if service == "sagemaker" and kind and kind[1] in SDK_KINDS:
        kebab = re.sub(r"(?<!^)(?=[A-Z])", "-", kind[1]).lower()
        return (On((f"arn:{{P}}:sagemaker:{{R}}:{{A}}:{kebab}/{{{kind[1]}Name}}",)),)
    if service == "s3" and values_at(request, "Bucket"):
        on_object = values_at(request, "Key") or operation == "DeleteObjects"
        return (On(("arn:{P}:s3:::{Bucket}/{Key=*}" if on_object else "arn:{P}:s3:::{Bucket}",)),)
    told = [template for on in SDK_ON.get(service, ()) for template in on.arns if _says(template, request)]
    arns = told or sorted(set(_arns_of(service, request)))
    return (On(tuple(arns) or ("*",)),)


def sdk_passed(key: str, request: Any) -> tuple[Passed, ...]:
    """The roles in the request; they go to the service that is called."""
    row = _row(key)
    if row:
        return PASSED.get(row, ())
    service = _names(key)[0]
    return tuple(Passed(path, (f"{service}.amazonaws.com",)) for path in _role_paths(request))


def _row(key: str) -> str | None:
    """The optimised call of the same operation."""
    service, operation = _names(key)
    for name, row in INTEGRATIONS.items():
        if row.api and row.api.partition(".")[2] == operation and name.partition(":")[0] == service:
            return name
    return None


def _names(key: str) -> tuple[str, str]:
    """IAM's name of the service, and the operation."""
    service, _, operation = key.partition(":")
    return SDK_SERVICES.get(service, service), operation[:1].upper() + operation[1:]


def _says(template: str, request: Any) -> bool:
    return all(values_at(request, path) for path in re.findall(r"\{(\w{2,})", template))


def _arns_of(service: str, value: Any) -> Iterator[str]:
    """The ARNs of *service* that the request holds."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _arns_of(service, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _arns_of(service, inner)
    elif isinstance(value, str) and re.match(rf"arn:[^:]+:{re.escape(service)}:", value):
        yield value


def _role_paths(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            below = f"{path}.{key}" if path else str(key)
            if key.removesuffix(".$").endswith(("RoleArn", "RoleARN")):
                yield below.removesuffix(".$")
            else:
                yield from _role_paths(inner, below)
    elif isinstance(value, list):
        for inner in value:
            yield from _role_paths(inner, f"{path}.*")
