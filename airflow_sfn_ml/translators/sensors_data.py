"""The sensors of Glue and Athena."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.fusing import Own
from airflow_sfn_ml.translators.phrases import FUSES
from airflow_sfn_ml.translators.sensing import RETRIED, Look, sensor
from airflow_sfn_ml.translators.table import Call, attr

_SENSORS = "airflow.providers.amazon.aws.sensors"


# Glue

sensor(
    f"{_SENSORS}.glue.GlueJobSensor",
    Look(
        Call("aws-sdk:glue:getJobRun", {"JobName": attr("job_name"), "RunId": attr("run_id")}, name="look"),
        status="$p_seen.JobRun.JobRunState",
        done=("SUCCEEDED",),
        failed=("FAILED", "STOPPED", "TIMEOUT"),
        reason="$p_seen.JobRun.ErrorMessage",
        deferred=RETRIED,
    ),
    own=Own("run_id", ("GlueJobOperator",)),
    lost=("the job's log (verbose)",),
    note=FUSES,
)


def _quality(name: str, operation: str, attribute: str, own: Own, verified: bool) -> None:
    checked = Call(
        "aws-sdk:glue:batchGetDataQualityResult",
        {"ResultIds": Code(("[$p_seen.ResultIds]",))},
        keep={"p_rules": "[$states.result.Results.RuleResults[Result in ['FAIL', 'ERROR']]]"},
        when=lambda operator: operator.verify_result_status,
    )
    sensor(
        f"{_SENSORS}.glue.{name}",
        Look(
            Call(f"aws-sdk:glue:{operation}", {"RunId": attr(attribute)}, name="look"),
            status="$p_seen.Status",
            done=("SUCCEEDED",),
            failed=("FAILED", "STOPPED", "STOPPING", "TIMEOUT"),
            reason="$p_seen.ErrorString",
            deferred=RETRIED,
            then=(checked,) if verified else (),
            refused=("$count($p_rules) > 0", "one or more rules of the evaluation run failed") if verified else None,
        ),
        own=own,
        lost=("the table of results in the log (show_results)",),
        note=FUSES if own.producers else "",
    )


_quality(
    "GlueDataQualityRuleSetEvaluationRunSensor",
    "getDataQualityRulesetEvaluationRun",
    "evaluation_run_id",
    Own(
        "evaluation_run_id",
        ("GlueDataQualityRuleSetEvaluationRunOperator",),
        unless=(("verify_result_status", True),),
    ),
    True,
)
_quality(
    "GlueDataQualityRuleRecommendationRunSensor",
    "getDataQualityRuleRecommendationRun",
    "recommendation_run_id",
    Own("recommendation_run_id", ("GlueDataQualityRuleRecommendationRunOperator",)),
    False,
)
sensor(
    f"{_SENSORS}.glue_crawler.GlueCrawlerSensor",
    Look(
        Call("aws-sdk:glue:getCrawler", {"Name": attr("crawler_name")}, name="look"),
        status="$p_seen.Crawler.LastCrawl.Status",
        done="$p_seen.Crawler.State = 'READY' and $p_seen.Crawler.LastCrawl.Status = 'SUCCEEDED'",
        failed="$p_seen.Crawler.State = 'READY'",
        reason="$p_seen.Crawler.LastCrawl.ErrorMessage",
    ),
    own=Own("crawler_name", ("GlueCrawlerOperator",)),
    note=FUSES,
)


def _table(operator: Any) -> tuple[Any, Any]:
    """The database and the table, which the name of the table may hold both."""
    name = operator.table_name
    if isinstance(name, str) and "{" not in name:
        database, dot, table = name.rpartition(".")
        return (database, table) if dot else (operator.database_name, name)
    dotted = Given(name)
    return (
        Code(("$contains(", dotted, ", '.') ? $substringBefore(", dotted, ", '.') : ", Given(operator.database_name))),
        Code(("$contains(", dotted, ", '.') ? $substringAfter(", dotted, ", '.') : ", dotted)),
    )


sensor(
    f"{_SENSORS}.glue_catalog_partition.GlueCatalogPartitionSensor",
    Look(
        Call(
            "aws-sdk:glue:getPartitions",
            {
                "DatabaseName": lambda operator: _table(operator)[0],
                "TableName": lambda operator: _table(operator)[1],
                "Expression": attr("expression", empty=True),
                "MaxResults": 1,
                "ExcludeColumnSchema": True,
            },
            name="look",
        ),
        status="$count($p_seen.Partitions)",
        done="$count($p_seen.Partitions) > 0",
    ),
)


# Athena

sensor(
    f"{_SENSORS}.athena.AthenaSensor",
    Look(
        Call("aws-sdk:athena:getQueryExecution", {"QueryExecutionId": attr("query_execution_id")}, name="look"),
        status="$p_seen.QueryExecution.Status.State",
        done=("SUCCEEDED",),
        failed=("FAILED", "CANCELLED"),
        reason="$p_seen.QueryExecution.Status.StateChangeReason",
        every="sleep_time",
    ),
    own=Own("query_execution_id", ("AthenaOperator",), waits=()),
    note="It looks every `sleep_time` seconds, as the operator does within one poke. " + FUSES,
)
sensor(
    f"{_SENSORS}.athena_spark.AthenaSparkSensor",
    Look(
        Call(
            "aws-sdk:athena:getCalculationExecution",
            {"CalculationExecutionId": attr("calculation_execution_id")},
            name="look",
        ),
        status="$p_seen.Status.State",
        done=("COMPLETED",),
        busy=("CREATING", "CREATED", "QUEUED", "RUNNING", "CANCELING"),
        reason="$p_seen.Status.StateChangeReason",
    ),
)
