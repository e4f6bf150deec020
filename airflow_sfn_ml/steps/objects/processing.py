"""CreateProcessingJob from a processor with its inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.steps.objects.attributes import present, read, shaped, tag_list, texts


def processing_request(
    processor: Any,
    *,
    job_name: Any = None,
    inputs: Any = None,
    outputs: Any = None,
    container_arguments: Any = None,
    container_entrypoint: Any = None,
    kms_key_id: Any = None,
) -> dict[str, Any]:
    """The request."""
    request = dict(processor) if isinstance(processor, dict) else _of_processor(processor)
    specification = request.setdefault("AppSpecification", {})
    specification |= present(ContainerArguments=container_arguments, ContainerEntrypoint=container_entrypoint)
    request |= present(ProcessingJobName=job_name)
    if inputs:
        request["ProcessingInputs"] = [_input(item, number) for number, item in enumerate(inputs, 1)]
    key = kms_key_id if kms_key_id is not None else _own_key(processor)
    if outputs:
        made = [_output(item, number) for number, item in enumerate(outputs, 1)]
        request["ProcessingOutputConfig"] = {"Outputs": made, **present(KmsKeyId=key)}
    return request


def _of_processor(processor: Any) -> dict[str, Any]:
    limit = read(processor, "max_runtime_in_seconds")
    entrypoint = read(processor, "entrypoint")
    return present(
        AppSpecification=present(
            ImageUri=read(processor, "image_uri"),
            ContainerEntrypoint=entrypoint,
            ContainerArguments=read(processor, "arguments"),
        ),
        RoleArn=read(processor, "role"),
        ProcessingResources={
            "ClusterConfig": present(
                InstanceCount=read(processor, "instance_count"),
                InstanceType=read(processor, "instance_type"),
                VolumeSizeInGB=read(processor, "volume_size_in_gb"),
                VolumeKmsKeyId=read(processor, "volume_kms_key"),
            )
        },
        StoppingCondition=None if limit is None else {"MaxRuntimeInSeconds": limit},
        Environment=texts(read(processor, "env")) or None,
        NetworkConfig=_network(read(processor, "network_config")),
        Tags=tag_list(read(processor, "tags")),
    )


def _own_key(processor: Any) -> Any:
    return None if isinstance(processor, dict) else read(processor, "output_kms_key")


def _network(config: Any) -> Any:
    if config is None or isinstance(config, Mapping) or hasattr(config, "_to_request_dict"):
        return shaped(config)
    place = present(SecurityGroupIds=read(config, "security_group_ids"), Subnets=read(config, "subnets"))
    return present(
        EnableNetworkIsolation=read(config, "enable_network_isolation"),
        EnableInterContainerTrafficEncryption=read(
            config, "encrypt_inter_container_traffic", "enable_inter_container_traffic_encryption"
        ),
        VpcConfig=shaped(read(config, "vpc_config")) or place or None,
    )


def _input(item: Any, number: int) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return dict(item)
    s3 = read(item, "s3_input")
    definition = read(item, "dataset_definition")
    source = read(item, "source")
    if s3 is None and source is not None:
        s3 = present(
            S3Uri=source,
            LocalPath=read(item, "destination"),
            S3DataType=read(item, "s3_data_type") or "S3Prefix",
            S3InputMode=read(item, "s3_input_mode") or "File",
            S3DataDistributionType=read(item, "s3_data_distribution_type") or "FullyReplicated",
            S3CompressionType=read(item, "s3_compression_type") or "None",
        )
    return present(
        InputName=read(item, "input_name") or f"input-{number}",
        AppManaged=read(item, "app_managed") or False,
        S3Input=shaped(s3),
        DatasetDefinition=shaped(definition),
    )


def _output(item: Any, number: int) -> dict[str, Any]:
    if isinstance(item, Mapping):
        return dict(item)
    name = read(item, "output_name") or f"output-{number}"
    store = shaped(read(item, "feature_store_output"))
    s3 = shaped(read(item, "s3_output"))
    destination = read(item, "destination")
    if s3 is None and destination is not None:
        s3 = present(
            S3Uri=destination, LocalPath=read(item, "source"), S3UploadMode=read(item, "s3_upload_mode") or "EndOfJob"
        )
    if s3 is None and store is None:
        raise ValueError(f"the output {name!r} does not say where it goes; give it a destination")
    return present(
        OutputName=name, AppManaged=read(item, "app_managed") or False, S3Output=s3, FeatureStoreOutput=store
    )
