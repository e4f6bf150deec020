"""CreateTrainingJob from an estimator (version 2) or a model trainer (version 3)."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.inputs.expressions import Expression
from airflow_sfn_ml.steps.objects.attributes import (
    default_bucket,
    merged,
    present,
    read,
    shaped,
    tag_list,
    texts,
    vpc,
)
from airflow_sfn_ml.steps.objects.channels import channels
from airflow_sfn_ml.steps.objects.code import Upload, script_mode


def training_request(
    estimator: Any,
    *,
    job_name: Any = None,
    data: Any = None,
    hyperparameters: Any = None,
    mini_batch_size: int | None = None,
    output_path: Any = None,
) -> tuple[dict[str, Any], list[Upload]]:
    """The request, and the code that has to be uploaded before it runs."""
    uploads: list[Upload] = []
    if isinstance(estimator, dict):
        request = dict(estimator)
    elif hasattr(estimator, "compute") or hasattr(estimator, "training_image"):
        request = _of_trainer(estimator)
    else:
        request, uploads = _of_estimator(estimator, data, mini_batch_size, output_path)
    if output_path is not None:
        request["OutputDataConfig"] = {**request.get("OutputDataConfig", {}), "S3OutputPath": output_path}
    request |= present(TrainingJobName=job_name, InputDataConfig=channels(data))
    if isinstance(hyperparameters, Expression):
        request["HyperParameters"] = hyperparameters
    elif hyperparameters is not None:
        request["HyperParameters"] = {**request.get("HyperParameters", {}), **texts(hyperparameters)}
    return request, uploads


def _of_estimator(
    estimator: Any, data: Any, mini_batch_size: int | None, output_path: Any
) -> tuple[dict[str, Any], list[Upload]]:
    code, upload = script_mode(estimator)
    given = {} if read(estimator, "hyperparameters") is None else texts(read(estimator, "hyperparameters"))
    records = data[0] if isinstance(data, list) and data else data
    numbers = present(feature_dim=getattr(records, "feature_dim", None), mini_batch_size=mini_batch_size)
    values = {**code, **{key: item for key, item in given.items() if key != "sagemaker_job_name"}, **texts(numbers)}
    path = output_path if output_path is not None else _output_path(estimator)
    image = read(estimator, "training_image_uri", "image_uri")
    checkpoint = present(S3Uri=read(estimator, "checkpoint_s3_uri"), LocalPath=read(estimator, "checkpoint_local_path"))
    attempts = read(estimator, "max_retry_attempts")
    request = present(
        AlgorithmSpecification=present(
            TrainingImage=image,
            AlgorithmName=read(estimator, "algorithm_arn") if image is None else None,
            TrainingInputMode=read(estimator, "input_mode") or "File",
            MetricDefinitions=shaped(read(estimator, "metric_definitions")),
            EnableSageMakerMetricsTimeSeries=read(estimator, "enable_sagemaker_metrics"),
            ContainerEntrypoint=read(estimator, "container_entry_point"),
            ContainerArguments=read(estimator, "container_arguments"),
            TrainingImageConfig=_image_config(estimator),
        ),
        OutputDataConfig=present(
            S3OutputPath=path,
            KmsKeyId=read(estimator, "output_kms_key"),
            CompressionType="NONE" if read(estimator, "disable_output_compression") else None,
        ),
        StoppingCondition=present(
            MaxRuntimeInSeconds=read(estimator, "max_run"), MaxWaitTimeInSeconds=read(estimator, "max_wait")
        ),
        ResourceConfig=present(
            InstanceCount=read(estimator, "instance_count", "train_instance_count"),
            InstanceType=read(estimator, "instance_type", "train_instance_type"),
            VolumeSizeInGB=read(estimator, "volume_size", "train_volume_size"),
            VolumeKmsKeyId=read(estimator, "volume_kms_key"),
            KeepAlivePeriodInSeconds=read(estimator, "keep_alive_period_in_seconds"),
            InstanceGroups=shaped(read(estimator, "instance_groups")),
            TrainingPlanArn=read(estimator, "training_plan"),
        ),
        RoleArn=read(estimator, "role"),
        VpcConfig=vpc(estimator),
        HyperParameters=values or None,
        Environment=texts(read(estimator, "environment")) or None,
        CheckpointConfig=checkpoint or None,
        RetryStrategy=None if attempts is None else {"MaximumRetryAttempts": attempts},
        EnableManagedSpotTraining=_true(estimator, "use_spot_instances"),
        EnableNetworkIsolation=_true(estimator, "enable_network_isolation"),
        EnableInterContainerTrafficEncryption=_true(estimator, "encrypt_inter_container_traffic"),
        DebugHookConfig=_debug_hook(estimator, path),
        DebugRuleConfigurations=shaped(read(estimator, "rules", "debugger_rule_configs")),
        ProfilerConfig=shaped(read(estimator, "profiler_config")),
        ProfilerRuleConfigurations=shaped(read(estimator, "profiler_rule_configs")) or None,
        TensorBoardOutputConfig=shaped(read(estimator, "tensorboard_output_config")),
        RemoteDebugConfig=shaped(read(estimator, "remote_debug_config")),
        InfraCheckConfig=shaped(read(estimator, "infra_check_config")),
        SessionChainingConfig=shaped(read(estimator, "session_chaining_config")),
        Tags=tag_list(read(estimator, "tags")),
    )
    if not request["StoppingCondition"]:
        del request["StoppingCondition"]
    return request, [upload] if upload else []


def _true(thing: Any, name: str) -> Any:
    """The switch *name*, where it is on (or a placeholder)."""
    return read(thing, name) or None


def _output_path(estimator: Any) -> Any:
    path = read(estimator, "output_path")
    if path is None:
        bucket = default_bucket(estimator)
        if bucket is None:
            raise ValueError("the estimator does not say where models go; give it an output_path")
        path = f"s3://{bucket}/"
    return path


def _debug_hook(estimator: Any, path: Any) -> Any:
    """Version 2's frameworks save tensors at the output path unless told otherwise; False switches that off."""
    hook = getattr(estimator, "debugger_hook_config", False)
    if hook is False or (hook in (None, {}) and read(estimator, "entry_point") is None):
        return None
    return {"S3OutputPath": path} if hook in (None, {}) else shaped(hook)


def _image_config(estimator: Any) -> Any:
    mode = read(estimator, "training_repository_access_mode")
    provider = read(estimator, "training_repository_credentials_provider_arn")
    if mode is None:
        return shaped(read(estimator, "training_image_config", "image_config"))
    auth = None if provider is None else {"TrainingRepositoryCredentialsProviderArn": provider}
    return present(TrainingRepositoryAccessMode=mode, TrainingRepositoryAuthConfig=auth)


def _of_trainer(trainer: Any) -> dict[str, Any]:
    """Version 3's ModelTrainer, whose settings are shapes of the request already."""
    compute = shaped(read(trainer, "compute")) or {}
    network = shaped(read(trainer, "networking")) or {}
    spot = compute.pop("EnableManagedSpotTraining", None)
    places = {name: network.get(name) for name in ("SecurityGroupIds", "Subnets") if network.get(name)}
    if read(trainer, "source_code") is not None:
        raise ValueError(
            "a ModelTrainer with source_code uploads when it runs; give the request that it makes (its dict) instead"
        )
    request = present(
        AlgorithmSpecification=present(
            TrainingImage=read(trainer, "training_image"),
            AlgorithmName=read(trainer, "algorithm_name"),
            TrainingInputMode=read(trainer, "training_input_mode") or "File",
            TrainingImageConfig=shaped(read(trainer, "training_image_config")),
            MetricDefinitions=shaped(read(trainer, "metric_definitions", "_metric_definitions")),
        ),
        OutputDataConfig=shaped(read(trainer, "output_data_config")),
        StoppingCondition=shaped(read(trainer, "stopping_condition")),
        ResourceConfig=compute or None,
        RoleArn=read(trainer, "role"),
        VpcConfig=places or None,
        InputDataConfig=channels(read(trainer, "input_data_config")),
        HyperParameters=texts(read(trainer, "hyperparameters")) or None,
        Environment=texts(read(trainer, "environment")) or None,
        CheckpointConfig=shaped(read(trainer, "checkpoint_config")),
        RetryStrategy=shaped(read(trainer, "retry_strategy", "_retry_strategy")),
        EnableManagedSpotTraining=spot,
        EnableNetworkIsolation=network.get("EnableNetworkIsolation"),
        EnableInterContainerTrafficEncryption=network.get("EnableInterContainerTrafficEncryption"),
        TensorBoardOutputConfig=shaped(read(trainer, "tensorboard_output_config", "_tensorboard_output_config")),
        RemoteDebugConfig=shaped(read(trainer, "remote_debug_config", "_remote_debug_config")),
        InfraCheckConfig=shaped(read(trainer, "infra_check_config", "_infra_check_config")),
        SessionChainingConfig=shaped(read(trainer, "session_chaining_config", "_session_chaining_config")),
        Tags=tag_list(read(trainer, "tags")),
    )
    return dict(merged({}, request))
