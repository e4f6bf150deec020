"""Athena: queries, and calculations in Spark."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.naming import ATTEMPT, token
from airflow_sfn_ml.translators.phrases import ended, merged, polling
from airflow_sfn_ml.translators.table import OMIT, Call, Row, Until, add, attr

_OPERATORS = "airflow.providers.amazon.aws.operators"


def _token(operator: Any) -> Any:
    """A token: the one that was given would bring back the query of the try before."""
    given = operator.client_request_token
    return Code(("$substring(", Given(given), f", 0, 100) & '-' & {ATTEMPT}")) if given else token()


def _context(operator: Any) -> Any:
    database = {"Database": operator.database} if operator.database else {}
    return merged(operator.query_execution_context, {**database, "Catalog": operator.catalog})


def _results(operator: Any) -> Any:
    location = {"OutputLocation": operator.output_location} if operator.output_location else {}
    return merged(operator.result_configuration, location) or OMIT


def _polled(operator: Any) -> int | None:
    """Upstream looks 999,999 times if it is not told: that is no limit."""
    return polling("sleep_time", "max_polling_attempts")(operator)


_SPARK = {
    "calculation_execution_id": "$p_id",
    "state": "$p_seen.Status.State",
    "state_change_reason": "$p_seen.Status.StateChangeReason",
    "submission_time": "$p_seen.Status.SubmissionDateTime",
    "completion_time": "$p_seen.Status.CompletionDateTime",
    "session_id": "$p_seen.SessionId",
    "working_directory": "$p_seen.WorkingDirectory",
    "stdout_s3_uri": "$p_seen.Result.StdOutS3Uri",
    "stderr_s3_uri": "$p_seen.Result.StdErrorS3Uri",
    "result_s3_uri": "$p_seen.Result.ResultS3Uri",
    "result_type": "$p_seen.Result.ResultType",
}

add(
    Row(
        f"{_OPERATORS}.athena.AthenaOperator",
        calls=(
            Call(
                "athena:startQueryExecution",
                {
                    "QueryString": attr("query"),
                    "QueryExecutionContext": _context,
                    "ResultConfiguration": _results,
                    "WorkGroup": attr("workgroup"),
                    "ClientRequestToken": _token,
                },
                sync=True,
            ),
        ),
        waits=(),
        seconds=(_polled,),
        output=ended(
            "$states.result.QueryExecution.Status.State",
            ["SUCCEEDED"],
            "$states.result.QueryExecution.QueryExecutionId",
            "the query",
            "$states.result.QueryExecution.Status.StateChangeReason",
        ),
        xcom="the id of the query's execution",
        lost=(
            "sleep_time: AWS itself waits for the query",
            "data lineage",
        ),
        note="A client_request_token gets a suffix that no other try has, so that a retry runs the query again.",
    ),
    Row(
        f"{_OPERATORS}.athena_spark.AthenaSparkOperator",
        calls=(
            Call(
                "aws-sdk:athena:startCalculationExecution",
                {
                    "SessionId": attr("session_id"),
                    "CodeBlock": attr("code_block"),
                    "Description": attr("description"),
                    "ClientRequestToken": _token,
                },
                keep={"p_id": "$states.result.CalculationExecutionId"},
            ),
        ),
        until=Until(
            Call("aws-sdk:athena:getCalculationExecution", {"CalculationExecutionId": Code(("$p_id",))}),
            status="$p_seen.Status.State",
            done=("COMPLETED",),
            failed=("FAILED", "CANCELED"),
            reason="$p_seen.Status.StateChangeReason",
            every="waiter_delay",
            seconds=polling(),
        ),
        waits=(),
        output={key: Code((f"$exists({source}) ? {source} : null",)) for key, source in _SPARK.items()},
        xcom="ids, state, times and S3 addresses of the calculation, as upstream",
        lost=("a calculation that takes too long is not stopped",),
    ),
)
