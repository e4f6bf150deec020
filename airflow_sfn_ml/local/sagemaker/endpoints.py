"""Endpoints: created, updated and deleted as on AWS, in steps that take a moment. Nothing is served.

An endpoint is Creating or Updating before it is InService, and Deleting before it is gone; one whose configuration
names a model that there is not is Failed. Each step is an event on the default bus, whose statuses are spelled as AWS
does (IN_SERVICE). moto's endpoints are InService at once, and cannot be updated.
"""

from __future__ import annotations

import datetime
import re
import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.refusals import RefusedError

SECONDS = 0.5
"""How long a step takes."""

Listener = Callable[[Any, str, str], None]

listeners: list[Listener] = []
"""Called with an endpoint, its account and region when its status changes."""

_steps: WeakKeyDictionary[Any, threading.Timer] = WeakKeyDictionary()

patches = Patches("moto.sagemaker")


@patches.replaces("responses", "SageMakerResponse.create_endpoint", "self")
def create(self: Any) -> Any:
    """CreateEndpoint."""
    backend, name = self.sagemaker_backend, self._get_param("EndpointName")
    if name in backend.endpoints:
        raise RefusedError("ValidationException", f'Cannot create already existing endpoint "{_arn(backend, name)}".')
    endpoint = backend.create_endpoint(name, self._get_param("EndpointConfigName"), self._get_param("Tags"))
    _move(backend, endpoint, "Creating", _come_into_service)
    return _result({"EndpointArn": endpoint.arn})


@patches.adds("responses", "SageMakerResponse.update_endpoint")
def update(self: Any) -> Any:
    """UpdateEndpoint."""
    backend, name = self.sagemaker_backend, self._get_param("EndpointName")
    endpoint = _find(backend, name)
    if endpoint.endpoint_status not in ("InService", "Failed"):
        raise RefusedError("ValidationException", f'Cannot update in-progress endpoint "{endpoint.arn}".')
    config = self._get_param("EndpointConfigName")
    if config not in backend.endpoint_configs:
        arn = f"arn:aws:sagemaker:{backend.region_name}:{backend.account_id}:endpoint-config/{config}"
        raise RefusedError("ValidationException", f'Could not find endpoint configuration "{arn}".')
    described = backend.describe_endpoint_config(config)
    endpoint.endpoint_config_name = config
    endpoint.production_variants = endpoint._process_production_variants(described["ProductionVariants"])
    _move(backend, endpoint, "Updating", _come_into_service)
    return _result({"EndpointArn": endpoint.arn})


@patches.replaces("responses", "SageMakerResponse.delete_endpoint", "self")
def delete(self: Any) -> Any:
    """DeleteEndpoint."""
    backend, name = self.sagemaker_backend, self._get_param("EndpointName")
    endpoint = _find(backend, name)
    _move(backend, endpoint, "Deleting", lambda backend, endpoint: backend.endpoints.pop(name, None))
    return _result({})


def _find(backend: Any, name: str) -> Any:
    if name not in backend.endpoints:
        raise RefusedError("ValidationException", f'Could not find endpoint "{_arn(backend, name)}".')
    return backend.endpoints[name]


def _arn(backend: Any, name: str) -> str:
    return f"arn:aws:sagemaker:{backend.region_name}:{backend.account_id}:endpoint/{name}"


def _move(backend: Any, endpoint: Any, status: str, then: Callable[[Any, Any], Any]) -> None:
    """Enter a status that something follows in a moment, unless another step was asked for meanwhile."""

    def step() -> None:
        if _steps.get(endpoint) is timer:
            then(backend, endpoint)

    timer = threading.Timer(SECONDS, step)
    timer.daemon = True
    _steps[endpoint] = timer
    _enter(backend, endpoint, status)
    timer.start()


def _come_into_service(backend: Any, endpoint: Any) -> None:
    config = backend.endpoint_configs.get(endpoint.endpoint_config_name)
    variants = config.production_variants if config else ()
    missing = [each["ModelName"] for each in variants if each.get("ModelName", "") not in {"", *backend._models}]
    if missing:
        endpoint.failure_reason = f"Could not find the model {missing[0]}."
        _enter(backend, endpoint, "Failed")
        return
    endpoint.failure_reason = None
    _enter(backend, endpoint, "InService")


def _enter(backend: Any, endpoint: Any, status: str) -> None:
    endpoint.endpoint_status = status
    endpoint.last_modified_time = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    for listener in listeners:
        listener(endpoint, backend.account_id, backend.region_name)


def in_events(status: str) -> str:
    """A status as events spell it."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", status).upper()


def _result(document: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(document)
