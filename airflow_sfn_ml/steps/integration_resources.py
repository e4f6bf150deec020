"""The SDK's name for `patterns`, with its function that makes the name of a resource."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.steps.freezer import default_partition
from airflow_sfn_ml.steps.patterns import IntegrationPattern

__all__ = ["IntegrationPattern", "get_service_integration_arn"]


def get_service_integration_arn(
    service: str,
    api: Any,
    integration_pattern: IntegrationPattern = IntegrationPattern.CallAndContinue,
    version: int | None = None,
) -> str:
    """The resource of a call of a service.

    :param api: the name of the call, or an enum member whose value it is.
    """
    call = f"arn:{default_partition()}:states:::{service}:{getattr(api, 'value', api)}"
    pattern = f".{integration_pattern.value}" if integration_pattern.value else ""
    return call + pattern + (f":{version}" if version else "")
