"""CreateTransformJob from a transformer."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.steps.objects.attributes import default_bucket, present, read, shaped, tag_list, texts


def transform_request(
    transformer: Any,
    *,
    job_name: Any = None,
    model_name: Any = None,
    data: Any = None,
    data_type: Any = "S3Prefix",
    content_type: Any = None,
    compression_type: Any = None,
    split_type: Any = None,
    input_filter: Any = None,
    output_filter: Any = None,
    join_source: Any = None,
) -> dict[str, Any]:
    """The request."""
    request = dict(transformer) if isinstance(transformer, dict) else _of_transformer(transformer, job_name)
    request |= present(TransformJobName=job_name, ModelName=model_name)
    if data is not None:
        request["TransformInput"] = present(
            DataSource={"S3DataSource": {"S3DataType": data_type, "S3Uri": data}},
            ContentType=content_type,
            CompressionType=compression_type,
            SplitType=split_type,
        )
    processing = present(InputFilter=input_filter, OutputFilter=output_filter, JoinSource=join_source)
    if processing:
        request["DataProcessing"] = processing
    return request


def _of_transformer(transformer: Any, job_name: Any) -> dict[str, Any]:
    path = read(transformer, "output_path")
    if path is None:
        bucket = default_bucket(transformer)
        if bucket is None or not isinstance(job_name, str):
            raise ValueError("the transformer does not say where results go; give it an output_path")
        path = f"s3://{bucket}/{job_name}"
    return present(
        ModelName=read(transformer, "model_name"),
        TransformOutput=present(
            S3OutputPath=path,
            KmsKeyId=read(transformer, "output_kms_key"),
            AssembleWith=read(transformer, "assemble_with"),
            Accept=read(transformer, "accept"),
        ),
        TransformResources=present(
            InstanceCount=read(transformer, "instance_count"),
            InstanceType=read(transformer, "instance_type"),
            VolumeKmsKeyId=read(transformer, "volume_kms_key"),
        ),
        BatchStrategy=read(transformer, "strategy"),
        MaxConcurrentTransforms=read(transformer, "max_concurrent_transforms"),
        MaxPayloadInMB=read(transformer, "max_payload"),
        Environment=texts(read(transformer, "env")) or None,
        ModelClientConfig=shaped(read(transformer, "model_client_config")),
        DataCaptureConfig=shaped(read(transformer, "batch_data_capture_config", "data_capture_config")),
        Tags=tag_list(read(transformer, "tags")),
    )
