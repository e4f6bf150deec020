"""SageMaker's pipelines, AutoML, experiments and notebook instances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.naming import token, unique
from airflow_sfn_ml.translators.preparations import INTEGER, prepared, tags
from airflow_sfn_ml.translators.sagemaker_config import OPERATORS
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr

SDK = "aws-sdk:sagemaker"
GONE = "RecordNotFound|Could not find|does not exist"
STATUS = "$p_seen.PipelineExecutionStatus"
TRANSITION = Retry(error_equals=("SageMaker.ConflictException",), interval_seconds=1, max_attempts=5, backoff_rate=1)
"""A pipeline between two steps cannot be stopped for a moment."""


def _polls(every: str) -> Any:
    """The limit of waiting by the operator's number of looks."""
    return lambda operator: operator.waiter_max_attempts * getattr(operator, every)


# AutoML


def _job_name(operator: Any) -> Any:
    return unique(operator.job_name, operator.label, 32)


def _auto_ml(operator: Any) -> Any:
    data = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": operator.s3_input}},
        "TargetAttributeName": operator.target_attribute,
    }
    if operator.compressed_input:
        data["CompressionType"] = "Gzip"
    return [data]


def _time_limit(operator: Any) -> Any:
    limit = operator.time_limit
    return {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": prepared(limit, INTEGER)}} if limit else OMIT


def _deployment(operator: Any) -> Any:
    name = operator.autodeploy_endpoint_name
    return {"EndpointName": name} if name else OMIT


def _written(*names: str) -> Any:
    """The check that the attributes *names*, which decide what the request is, are no templates."""

    def check(operator: Any) -> list[str]:
        found = [(name, getattr(operator, name)) for name in names]
        return [
            f"{name} that is not True or False (it decides what the request is)"
            for name, value in found
            if not isinstance(value, (bool, type(None)))
        ]

    return check


# Notebooks


def _notebook(operator: Any) -> Any:
    more = operator.create_instance_kwargs
    if not isinstance(more, Mapping):
        return prepared(more, (("tags",), tags()))
    return {key: prepared(value, tags()) if key.lower() == "tags" else value for key, value in more.items()}


def _instance(call: str, **more: Any) -> Call:
    return Call(f"{SDK}:{call}", {"NotebookInstanceName": attr("instance_name")}, **more)


def _until(*done: str, **more: Any) -> Until:
    return Until(
        _instance("describeNotebookInstance"),
        "$p_seen.NotebookInstanceStatus",
        done,
        failed=("Failed",),
        reason="$p_seen.FailureReason",
        attempts=60,
        **more,
    )


add(
    Row(
        f"{OPERATORS}.SageMakerStartPipelineOperator",
        (
            Call(
                f"{SDK}:startPipelineExecution",
                {
                    "PipelineName": attr("pipeline_name"),
                    "PipelineExecutionDisplayName": attr("display_name"),
                    "PipelineParameters": attr("pipeline_params", tags("Name")),
                    "ClientRequestToken": token(),
                },
                name="start",
                keep={"p_arn": "$states.result.PipelineExecutionArn"},
            ),
        ),
        until=Until(
            Call(f"{SDK}:describePipelineExecution", {"PipelineExecutionArn": Code(("$p_arn",))}),
            STATUS,
            ("Succeeded",),
            failed=("Failed", "Stopped"),
            reason="$p_seen.FailureReason",
            every="check_interval",
            seconds=_polls("check_interval"),
        ),
        output="$p_arn",
        xcom="the execution's ARN",
        lost=("the steps that `verbose` prints",),
        note="A pipeline that was stopped is a failure where the task waits for it.",
    ),
    Row(
        f"{OPERATORS}.SageMakerStopPipelineOperator",
        (
            Call(
                f"{SDK}:stopPipelineExecution",
                {"PipelineExecutionArn": attr("pipeline_exec_arn"), "ClientRequestToken": token()},
                name="stop",
                tolerates="Only pipelines with 'Executing' status can be stopped",
                retry=(TRANSITION,),
                when=lambda operator: not operator.fail_if_not_running,
            ),
            Call(
                f"{SDK}:stopPipelineExecution",
                {"PipelineExecutionArn": attr("pipeline_exec_arn"), "ClientRequestToken": token()},
                name="stop",
                retry=(TRANSITION,),
                when=lambda operator: operator.fail_if_not_running,
            ),
        ),
        until=Until(
            Call(f"{SDK}:describePipelineExecution", {"PipelineExecutionArn": attr("pipeline_exec_arn")}),
            STATUS,
            f"$not({STATUS} in ['Executing', 'Stopping'])",
            every="check_interval",
            seconds=_polls("check_interval"),
        ),
        then=(
            Call(
                f"{SDK}:describePipelineExecution",
                {"PipelineExecutionArn": attr("pipeline_exec_arn")},
                name="describe",
                keep={"p_seen": "$states.result"},
                when=lambda operator: not (operator.wait_for_completion or operator.deferrable),
            ),
        ),
        output=STATUS,
        xcom="the status of the pipeline's execution",
        lost=("the steps that `verbose` prints",),
    ),
    Row(
        f"{OPERATORS}.SageMakerAutoMLOperator",
        (
            Call(
                f"{SDK}:createAutoMLJob",
                {
                    "AutoMLJobName": _job_name,
                    "InputDataConfig": _auto_ml,
                    "OutputDataConfig": {"S3OutputPath": attr("s3_output")},
                    "RoleArn": attr("role_arn"),
                    "AutoMLJobConfig": _time_limit,
                    "ModelDeployConfig": _deployment,
                },
                more="extras",
                name="create",
                keep={"p_name": _job_name},
            ),
        ),
        until=Until(
            Call(f"{SDK}:describeAutoMLJob", {"AutoMLJobName": Code(("$p_name",))}),
            "$p_seen.AutoMLJobStatus",
            ("Completed",),
            failed=("Failed", "Stopped"),
            reason="$p_seen.FailureReason",
            every="check_interval",
        ),
        waits=("wait_for_completion",),
        output="$exists($p_seen.BestCandidate) ? $p_seen.BestCandidate : null",
        quick="null",
        xcom="`BestCandidate` of DescribeAutoMLJob where the task waits, else none",
        check=_written("compressed_input"),
        note="The job's name gets a suffix that is new; nine of its 32 characters are yours.",
    ),
    Row(
        f"{OPERATORS}.SageMakerCreateExperimentOperator",
        (
            Call(
                f"{SDK}:createExperiment",
                {
                    "ExperimentName": attr("name"),
                    "Description": attr("description"),
                    "Tags": attr("tags", tags()),
                },
            ),
        ),
        output="$states.result.ExperimentArn",
        xcom="the experiment's ARN",
    ),
    Row(
        f"{OPERATORS}.SageMakerCreateNotebookOperator",
        (
            Call(
                f"{SDK}:createNotebookInstance",
                {
                    "NotebookInstanceName": attr("instance_name"),
                    "InstanceType": attr("instance_type"),
                    "RoleArn": attr("role_arn"),
                    "VolumeSizeInGB": attr("volume_size_in_gb", INTEGER),
                    "KmsKeyId": attr("volume_kms_key_id"),
                    "LifecycleConfigName": attr("lifecycle_config_name"),
                    "DirectInternetAccess": attr("direct_internet_access"),
                    "RootAccess": attr("root_access"),
                },
                more=_notebook,
                name="create",
                keep={"p_arn": "$states.result.NotebookInstanceArn"},
            ),
        ),
        until=_until("InService"),
        waits=("wait_for_completion",),
        output="$p_arn",
        xcom="the notebook instance's ARN",
    ),
    Row(
        f"{OPERATORS}.SageMakerStartNoteBookOperator",
        (_instance("startNotebookInstance", name="start"),),
        until=_until("InService"),
        waits=("wait_for_completion",),
    ),
    Row(
        f"{OPERATORS}.SageMakerStopNotebookOperator",
        (_instance("stopNotebookInstance", name="stop"),),
        until=_until("Stopped"),
        waits=("wait_for_completion",),
    ),
    Row(
        f"{OPERATORS}.SageMakerDeleteNotebookOperator",
        (_instance("deleteNotebookInstance", name="delete", tolerates=GONE),),
        until=_until(gone=GONE),
        waits=("wait_for_completion",),
        note="A notebook instance that is not there counts as deleted.",
    ),
)
