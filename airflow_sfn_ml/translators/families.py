"""Which modules of the translators read the operators of which module: they are loaded when one is met."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "airflow.providers.amazon.aws.operators.appflow": ("appflow",),
    "airflow.providers.amazon.aws.operators.athena": ("athena",),
    "airflow.providers.amazon.aws.operators.athena_spark": ("athena",),
    "airflow.providers.amazon.aws.operators.batch": ("batch",),
    "airflow.providers.amazon.aws.operators.bedrock": ("bedrock", "bedrock_knowledge"),
    "airflow.providers.amazon.aws.operators.cloud_formation": ("services",),
    "airflow.providers.amazon.aws.operators.comprehend": ("comprehend",),
    "airflow.providers.amazon.aws.operators.datasync": ("datasync",),
    "airflow.providers.amazon.aws.operators.dms": ("dms",),
    "airflow.providers.amazon.aws.operators.ec2": ("ec2",),
    "airflow.providers.amazon.aws.operators.ecr": ("services",),
    "airflow.providers.amazon.aws.operators.ecs": ("ecs",),
    "airflow.providers.amazon.aws.operators.eks": ("eks",),
    "airflow.providers.amazon.aws.operators.emr": ("emr", "emr_serverless"),
    "airflow.providers.amazon.aws.operators.eventbridge": ("messaging",),
    "airflow.providers.amazon.aws.operators.glue": ("glue", "glue_data"),
    "airflow.providers.amazon.aws.operators.glue_catalog": ("glue_data",),
    "airflow.providers.amazon.aws.operators.glue_crawler": ("glue_data",),
    "airflow.providers.amazon.aws.operators.glue_databrew": ("glue_data",),
    "airflow.providers.amazon.aws.operators.kinesis_analytics": ("flink",),
    "airflow.providers.amazon.aws.operators.lambda_function": ("lambda_functions",),
    "airflow.providers.amazon.aws.operators.neptune": ("rds",),
    "airflow.providers.amazon.aws.operators.opensearch_serverless": ("services",),
    "airflow.providers.amazon.aws.operators.quicksight": ("services",),
    "airflow.providers.amazon.aws.operators.rds": ("rds",),
    "airflow.providers.amazon.aws.operators.redshift_cluster": ("redshift",),
    "airflow.providers.amazon.aws.operators.redshift_data": ("redshift",),
    "airflow.providers.amazon.aws.operators.s3": (
        "s3",
        "s3_buckets",
        "s3_lists",
    ),
    "airflow.providers.amazon.aws.operators.sagemaker": (
        "conditions",
        "sagemaker",
        "sagemaker_models",
        "sagemaker_others",
    ),
    "airflow.providers.amazon.aws.operators.sns": ("messaging",),
    "airflow.providers.amazon.aws.operators.sqs": ("messaging",),
    "airflow.providers.amazon.aws.operators.ssm": ("ssm",),
    "airflow.providers.amazon.aws.operators.step_function": ("step_functions",),
    "airflow.providers.amazon.aws.sensors.athena": ("sensors_data",),
    "airflow.providers.amazon.aws.sensors.athena_spark": ("sensors_data",),
    "airflow.providers.amazon.aws.sensors.batch": ("sensors_compute",),
    "airflow.providers.amazon.aws.sensors.bedrock": ("sensors_models",),
    "airflow.providers.amazon.aws.sensors.cloud_formation": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.comprehend": ("sensors_models",),
    "airflow.providers.amazon.aws.sensors.dms": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.dynamodb": ("sensors_messages",),
    "airflow.providers.amazon.aws.sensors.ec2": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.ecs": ("sensors_compute",),
    "airflow.providers.amazon.aws.sensors.eks": ("sensors_compute",),
    "airflow.providers.amazon.aws.sensors.emr": ("sensors_emr",),
    "airflow.providers.amazon.aws.sensors.glue": ("sensors_data",),
    "airflow.providers.amazon.aws.sensors.glue_catalog_partition": ("sensors_data",),
    "airflow.providers.amazon.aws.sensors.glue_crawler": ("sensors_data",),
    "airflow.providers.amazon.aws.sensors.kinesis_analytics": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.lambda_function": ("sensors_compute",),
    "airflow.providers.amazon.aws.sensors.opensearch_serverless": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.quicksight": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.rds": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.redshift_cluster": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.s3": ("sensors_s3",),
    "airflow.providers.amazon.aws.sensors.sagemaker": ("sensors_sagemaker",),
    "airflow.providers.amazon.aws.sensors.sqs": ("sensors_messages",),
    "airflow.providers.amazon.aws.sensors.ssm": ("sensors_resources",),
    "airflow.providers.amazon.aws.sensors.step_function": ("sensors_compute",),
    "airflow.providers.standard.operators.empty": ("standard",),
    "airflow.providers.standard.sensors.date_time": ("waits",),
    "airflow.providers.standard.sensors.time": ("waits",),
    "airflow.providers.standard.sensors.time_delta": ("waits",),
    "airflow_sfn_ml.operators.choice": ("choice",),
    "airflow_sfn_ml.operators.step": ("standard",),
}
"""By the module of the operators; a test compares it with what the modules register."""


_loading: list[str] = []


def load(module: str) -> None:
    """Load what reads the operators of *module*."""
    for name in FAMILIES.get(module, ()):
        _loading.append(name)
        try:
            import_module(f"airflow_sfn_ml.translators.{name}")
        finally:
            _loading.pop()


def is_loading() -> bool:
    """Whether what is registered now comes from this package, and gives way to what someone else has registered."""
    return bool(_loading)


def load_all() -> None:
    """Load all translators."""
    for module in FAMILIES:
        load(module)
