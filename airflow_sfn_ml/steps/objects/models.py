"""CreateModel from a model, a pipeline of models or a model package."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airflow_sfn_ml.steps.objects.attributes import present, read, shaped, texts, vpc


@dataclass
class ExpectedModel:
    """The model that a training step will make, for use in a `ModelStep`."""

    name: Any
    image_uri: Any
    role: Any
    model_data: Any
    env: dict[str, Any] = field(default_factory=dict)
    vpc_config: Any = None
    enable_network_isolation: Any = None


def model_request(model: Any, *, model_name: Any = None, instance_type: Any = None) -> dict[str, Any]:
    """The request.

    :raises ValueError: *model* has neither an image, nor models, nor a package.
    """
    if isinstance(model, dict):
        return {**model, **present(ModelName=model_name)}
    name = model_name if model_name is not None else read(model, "name")
    isolation = read(model, "enable_network_isolation", "_enable_network_isolation")
    request = present(
        ModelName=name,
        ExecutionRoleArn=read(model, "role"),
        VpcConfig=vpc(model),
        EnableNetworkIsolation=isolation or None,
    )
    models = read(model, "models")
    if models is not None:
        request["Containers"] = [container(part, instance_type) for part in models]
        mode = read(model, "inference_execution_mode")
        return request | present(InferenceExecutionConfig=None if mode is None else {"Mode": mode})
    return {**request, "PrimaryContainer": container(model, instance_type)}


def container(model: Any, instance_type: Any = None) -> dict[str, Any]:
    """The definition of the container that serves *model*."""
    package = read(model, "model_package_arn")
    image = read(model, "image_uri") or _serving_image(model, instance_type)
    if image is None and package is None:
        raise ValueError(
            "Expected 'model' parameter to have an image_uri (as sagemaker.model.Model has), models or a "
            f"model_package_arn, but received type '{type(model).__name__}'"
        )
    environment = {**(read(model, "env") or {}), **_script(model)}
    return present(
        Image=image if package is None else None,
        ModelPackageName=package,
        ModelDataUrl=read(model, "model_data") if package is None else None,
        Environment=texts(environment),
        ImageConfig=shaped(read(model, "image_config")),
        MultiModelConfig=shaped(read(model, "multi_model_config")),
        Mode=read(model, "mode") if isinstance(getattr(model, "mode", None), str) else None,
        ContainerHostname=read(model, "container_hostname"),
    )


def _serving_image(model: Any, instance_type: Any) -> Any:
    """What a framework's model says itself about the image that serves it."""
    if not hasattr(model, "serving_image_uri"):
        return None
    region = model.sagemaker_session.boto_region_name
    return model.serving_image_uri(region, instance_type)


def _script(model: Any) -> dict[str, Any]:
    """The variables by which a framework's container finds its script; version 2's model knows them."""
    if not hasattr(model, "_framework_env_vars"):
        return {}
    entry_point, source = read(model, "entry_point"), read(model, "source_dir")
    workers = read(model, "model_server_workers")
    more = {} if workers is None else {"SAGEMAKER_MODEL_SERVER_WORKERS": str(workers)}
    if entry_point is not None and isinstance(source, str) and source.startswith("s3://"):
        more |= {"SAGEMAKER_PROGRAM": Path(entry_point).name, "SAGEMAKER_SUBMIT_DIRECTORY": source}
    elif entry_point is not None and read(model, "uploaded_code") is None:
        raise ValueError(
            f"the model's script {entry_point!r} is not in S3; upload it and give the model source_dir='s3://...'"
        )
    known = {
        key: item if isinstance(item, str) else json.dumps(item)
        for key, item in model._framework_env_vars().items()
        if item is not None
    }
    return {**known, **more}
