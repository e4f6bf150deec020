"""The operators of Managed Service for Apache Flink."""

from __future__ import annotations

from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import polling
from airflow_sfn_ml.translators.table import (
    Call,
    Row,
    Until,
    add,
    attr,
)

_OPERATORS = "airflow.providers.amazon.aws.operators"


_APPLICATION = {"ApplicationName": attr("application_name")}
_DETAIL = Call(
    "aws-sdk:kinesisanalyticsv2:describeApplication",
    _APPLICATION,
    keep={"p_arn": "$states.result.ApplicationDetail.ApplicationARN"},
)
_ARN = {"ApplicationARN": Code(("$p_arn",))}


def _flink(name: str, call: Call, done: str, failed: tuple[str, ...]) -> Row:
    return Row(
        f"{_OPERATORS}.kinesis_analytics.{name}",
        calls=(call, _DETAIL),
        until=Until(
            Call(_DETAIL.resource, _APPLICATION),
            "$p_seen.ApplicationDetail.ApplicationStatus",
            (done,),
            failed,
            every="waiter_delay",
            seconds=polling(),
        ),
        output=_ARN,
        xcom="{ApplicationARN}",
    )


add(
    Row(
        f"{_OPERATORS}.kinesis_analytics.KinesisAnalyticsV2CreateApplicationOperator",
        calls=(
            Call(
                "aws-sdk:kinesisanalyticsv2:createApplication",
                {
                    **_APPLICATION,
                    "ApplicationDescription": attr("application_description", empty=True),
                    "RuntimeEnvironment": attr("runtime_environment"),
                    "ServiceExecutionRole": attr("service_execution_role"),
                },
                more="create_application_kwargs",
                keep={"p_arn": "$states.result.ApplicationDetail.ApplicationARN"},
            ),
        ),
        waits=(),
        output=_ARN,
        xcom="{ApplicationARN}",
    ),
    _flink(
        "KinesisAnalyticsV2StartApplicationOperator",
        Call(
            "aws-sdk:kinesisanalyticsv2:startApplication",
            {**_APPLICATION, "RunConfiguration": attr("run_configuration", empty=True)},
        ),
        "RUNNING",
        ("DELETING", "STOPPING", "READY", "FORCE_STOPPING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
    ),
    _flink(
        "KinesisAnalyticsV2StopApplicationOperator",
        Call("aws-sdk:kinesisanalyticsv2:stopApplication", {**_APPLICATION, "Force": attr("force")}),
        "READY",
        ("DELETING", "ROLLING_BACK", "MAINTENANCE", "ROLLED_BACK"),
    ),
)
