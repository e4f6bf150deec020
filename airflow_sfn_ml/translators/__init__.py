"""From operators to states: what each task of a group does, in the words of the services."""

from airflow_sfn_ml.translators import (
    athena,
    conditions,
    glue,
    glue_data,
    lambda_functions,
    messaging,
    sagemaker,
    sagemaker_models,
    sagemaker_others,
    standard,
    step_functions,
)
from airflow_sfn_ml.translators.members import Member, read_member
from airflow_sfn_ml.translators.registry import Translation, translates

__all__ = [
    "Member",
    "Translation",
    "athena",
    "conditions",
    "glue",
    "glue_data",
    "lambda_functions",
    "messaging",
    "read_member",
    "sagemaker",
    "sagemaker_models",
    "sagemaker_others",
    "standard",
    "step_functions",
    "translates",
]
