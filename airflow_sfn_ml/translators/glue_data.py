"""Glue: crawlers, data quality, the data catalog; DataBrew."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl import State, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.steps import loops
from airflow_sfn_ml.translators.phrases import field_of, merged, polling, written
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, waits

_OPERATORS = "airflow.providers.amazon.aws.operators"


# Crawlers


def _crawler_of_config(operator: Any) -> Any:
    return field_of(operator.config, "Name")


def _crawler(operator: Any) -> Any:
    return _crawler_of_config(operator) if hasattr(operator, "config") else operator.crawler_name


_CRAWLER_RUNS = "CrawlerRunning"
_START = Call(
    "aws-sdk:glue:startCrawler", {"Name": _crawler}, when=lambda operator: bool(operator.fail_on_already_running)
)
_START_OR_JOIN = Call(
    "aws-sdk:glue:startCrawler",
    {"Name": _crawler},
    tolerates=_CRAWLER_RUNS,
    when=lambda operator: not operator.fail_on_already_running,
)
_CRAWLED = Until(
    Call("aws-sdk:glue:getCrawler", {"Name": _crawler}),
    status="$p_seen.Crawler.LastCrawl.Status",
    done="$p_seen.Crawler.State = 'READY' and $not($p_seen.Crawler.LastCrawl.Status in ['FAILED', 'CANCELLED'])",
    failed="$p_seen.Crawler.State = 'READY'",
    reason="$p_seen.Crawler.LastCrawl.ErrorMessage",
    every="poll_interval",
    attempts=lambda operator: 1500 if operator.deferrable else 1000,
)


def _crawl_config(operator: Any) -> Translation:
    """Update or create the crawler, then run it."""
    waiting = waits(operator, "wait_for_completion", "deferrable")
    update = Call(
        "aws-sdk:glue:updateCrawler",
        attr("config"),
        tolerates="" if operator.fail_on_already_running else _CRAWLER_RUNS,
    )
    start = _START if operator.fail_on_already_running else _START_OR_JOIN
    catch, caught = loops.tolerant("EntityNotFound", "createCrawler", name="missing")
    states: list[State] = [
        Task(
            "getCrawler",
            resource="aws-sdk:glue:getCrawler",
            arguments={"Name": _crawler(operator)},
            catch=catch,
            next="updateCrawler",
        ),
        *caught,
        *called(Call("aws-sdk:glue:createCrawler", attr("config")), operator, "startCrawler"),
        *called(update, operator, "startCrawler"),
        *called(start, operator, "look" if waiting else "done"),
    ]
    if waiting:
        states += looped(_CRAWLED, operator, "done")
    return Translation(finished(operator, states, _crawler))


def _tag_problems(operator: Any) -> list[str]:
    tagged = isinstance(operator.config, dict) and "Tags" in operator.config
    return ["Tags in its config (a crawler that exists is tagged where it is deployed)"] if tagged else []


_CRAWLERS = f"{_OPERATORS}.glue_crawler"

add(
    Row(
        f"{_CRAWLERS}.GlueCrawlerCreateOperator",
        calls=(Call("aws-sdk:glue:createCrawler", attr("config")),),
        output=_crawler,
        xcom="the crawler's name",
    ),
    Row(
        f"{_CRAWLERS}.GlueCrawlerUpdateOperator",
        calls=(Call("aws-sdk:glue:updateCrawler", attr("config")),),
        output=_crawler,
        xcom="the crawler's name",
        check=_tag_problems,
        note="It always updates; upstream does so where something differs.",
    ),
    Row(
        f"{_CRAWLERS}.GlueCrawlerRunOperator",
        calls=(_START, _START_OR_JOIN),
        until=_CRAWLED,
        output=_crawler,
        xcom="the crawler's name",
        lost=("the metrics of the crawl in its log",),
    ),
    Row(
        f"{_CRAWLERS}.GlueCrawlerOperator",
        calls=(
            Call("aws-sdk:glue:getCrawler", {"Name": _crawler}),
            Call("aws-sdk:glue:createCrawler", attr("config")),
            Call("aws-sdk:glue:updateCrawler", attr("config")),
            _START,
        ),
        until=_CRAWLED,
        xcom="the crawler's name",
        check=_tag_problems,
        lost=("the metrics of the crawl in its log",),
        build=_crawl_config,
    ),
    Row(
        f"{_CRAWLERS}.GlueCrawlerDeleteOperator",
        calls=(Call("aws-sdk:glue:deleteCrawler", {"Name": attr("crawler_name")}),),
    ),
)


# Data quality


def _stripped(value: Any, start: Any) -> Any:
    text = str(value).strip()
    if not text.startswith("Rules") or not text.endswith("]"):
        raise ValueError("a ruleset starts with 'Rules = [' and ends with ']'")
    return text


_RULESET = Preparation(_stripped, code=("$trim(", ")"))


def _ruleset_problems(operator: Any) -> list[str]:
    found = []
    ruleset, more = operator.ruleset, operator.data_quality_ruleset_kwargs
    if isinstance(ruleset, str) and written(ruleset):
        text = ruleset.strip()
        if not text.startswith("Rules") or not text.endswith("]"):
            found.append("ruleset (it starts with 'Rules = [' and ends with ']')")
    table = more.get("TargetTable") if isinstance(more, dict) else None
    if isinstance(table, dict) and not (table.get("TableName") and table.get("DatabaseName")):
        found.append("TargetTable (it needs DatabaseName and TableName)")
    return found


def _source_problems(operator: Any) -> list[str]:
    source = operator.datasource
    if not isinstance(source, dict) or not isinstance(source.get("GlueTable", {}), dict):
        return []
    table = source.get("GlueTable", {})
    whole = table.get("DatabaseName") and table.get("TableName")
    return [] if whole else ["datasource (its GlueTable needs DatabaseName and TableName)"]


_RULES = {
    "Name": attr("name"),
    "Ruleset": lambda operator: prepared(operator.ruleset, _RULESET),
    "Description": attr("description", empty=True),
}
_RUN = {
    "DataSource": attr("datasource"),
    "Role": attr("role"),
    "NumberOfWorkers": attr("number_of_workers"),
    "Timeout": attr("timeout"),
}
_RUN_ID = {"RunId": Code(("$p_run",))}


def _verifies(operator: Any) -> bool:
    return bool(operator.verify_result_status) and waits(operator, "wait_for_completion", "deferrable")


def _verified(operator: Any) -> Any:
    if not _verifies(operator):
        return Code(("$p_run",))
    failed = "[$states.result.Results.RuleResults[Result in ['FAIL', 'ERROR']].Name]"
    return Code((f"$count({failed}) > 0 ? $error('rules that were not kept: ' & $join({failed}, ', ')) : $p_run",))


def _quality_run(look: str) -> Until:
    return Until(
        Call(f"aws-sdk:glue:{look}", _RUN_ID),
        status="$p_seen.Status",
        done=("SUCCEEDED",),
        failed=("STOPPING", "STOPPED", "FAILED", "TIMEOUT"),
        reason="$p_seen.ErrorString",
        every="waiter_delay",
        attempts="waiter_max_attempts",
    )


add(
    Row(
        f"{_OPERATORS}.glue.GlueDataQualityOperator",
        calls=(
            Call(
                "aws-sdk:glue:createDataQualityRuleset",
                _RULES,
                more="data_quality_ruleset_kwargs",
                when=lambda operator: not waits(operator, "update_rule_set"),
            ),
            Call(
                "aws-sdk:glue:updateDataQualityRuleset",
                _RULES,
                more="data_quality_ruleset_kwargs",
                when=lambda operator: waits(operator, "update_rule_set"),
            ),
        ),
        check=_ruleset_problems,
    ),
    Row(
        f"{_OPERATORS}.glue.GlueDataQualityRuleSetEvaluationRunOperator",
        calls=(
            Call(
                "aws-sdk:glue:startDataQualityRulesetEvaluationRun",
                {**_RUN, "RulesetNames": attr("rule_set_names")},
                more="rule_set_evaluation_run_kwargs",
                keep={"p_run": "$states.result.RunId"},
            ),
        ),
        until=_quality_run("getDataQualityRulesetEvaluationRun"),
        then=(
            Call(
                "aws-sdk:glue:batchGetDataQualityResult", {"ResultIds": Code(("[$p_seen.ResultIds]",))}, when=_verifies
            ),
        ),
        output=_verified,
        xcom="the id of the run",
        check=_source_problems,
        lost=("show_results: the results are not printed",),
        note="Rules that are not kept fail the task, by verify_result_status, as upstream.",
    ),
    Row(
        f"{_OPERATORS}.glue.GlueDataQualityRuleRecommendationRunOperator",
        calls=(
            Call(
                "aws-sdk:glue:startDataQualityRuleRecommendationRun",
                _RUN,
                more="recommendation_run_kwargs",
                keep={"p_run": "$states.result.RunId"},
            ),
        ),
        until=_quality_run("getDataQualityRuleRecommendationRun"),
        output="$p_run",
        xcom="the id of the run",
        check=_source_problems,
        lost=("show_results: the recommended rules are not printed",),
    ),
)


# The data catalog

_CATALOG = f"{_OPERATORS}.glue_catalog"
_EXISTS = "AlreadyExists"
_TABLE = {"DatabaseName": attr("database_name"), "CatalogId": attr("catalog_id")}


def _creates(resource: str, arguments: Any) -> tuple[Call, Call]:
    """The call that creates, once as one that fails where the thing exists, once as one that goes on."""
    return (
        Call(resource, arguments, when=lambda operator: operator.if_exists != "skip"),
        Call(resource, arguments, tolerates=_EXISTS, when=lambda operator: operator.if_exists == "skip"),
    )


_ERRORS = "[$states.result.Errors]"
_WRONG = f"[{_ERRORS}[ErrorDetail.ErrorCode != 'EntityNotFoundException']]"

add(
    Row(
        f"{_CATALOG}.GlueCatalogCreateDatabaseOperator",
        calls=_creates(
            "aws-sdk:glue:createDatabase",
            {
                "DatabaseInput": {
                    "Name": attr("database_name"),
                    "Description": attr("description", empty=True),
                    "LocationUri": attr("location_uri", empty=True),
                    "Parameters": attr("parameters"),
                },
                "CatalogId": attr("catalog_id"),
                "Tags": attr("tags"),
            },
        ),
        output=lambda operator: operator.database_name,
        xcom="the database's name",
    ),
    Row(
        f"{_CATALOG}.GlueCatalogDeleteDatabaseOperator",
        calls=(Call("aws-sdk:glue:deleteDatabase", {"Name": attr("database_name"), "CatalogId": attr("catalog_id")}),),
    ),
    Row(
        f"{_CATALOG}.GlueCatalogCreateTableOperator",
        calls=_creates(
            "aws-sdk:glue:createTable",
            {
                **_TABLE,
                "TableInput": lambda operator: merged(operator.table_input, {"Name": operator.table_name}),
            },
        ),
        output=lambda operator: operator.table_name,
        xcom="the table's name",
    ),
    Row(
        f"{_CATALOG}.GlueCatalogDeleteTableOperator",
        calls=(Call("aws-sdk:glue:deleteTable", {**_TABLE, "Name": attr("table_name")}),),
    ),
    Row(
        f"{_CATALOG}.GlueCatalogCreatePartitionOperator",
        calls=_creates(
            "aws-sdk:glue:createPartition",
            {**_TABLE, "TableName": attr("table_name"), "PartitionInput": attr("partition_input", empty=True)},
        ),
    ),
    Row(
        f"{_CATALOG}.GlueCatalogBatchDeletePartitionOperator",
        calls=(
            Call(
                "aws-sdk:glue:batchDeletePartition",
                {
                    **_TABLE,
                    "TableName": attr("table_name"),
                    "PartitionsToDelete": attr("partitions_to_delete", empty=True),
                },
            ),
        ),
        output=f"$count({_WRONG}) > 0 ? $error('could not delete partitions: ' & $string({_WRONG})) : {_ERRORS}",
        xcom="the errors of partitions that were not there",
    ),
)


# DataBrew

add(
    Row(
        f"{_OPERATORS}.glue_databrew.GlueDataBrewStartJobOperator",
        calls=(Call("databrew:startJobRun", {"Name": attr("job_name")}, sync=True),),
        seconds=(polling(),),
        output={"run_id": Code(("$states.result.RunId",))},
        xcom="{run_id}",
        lost=("waiter_delay: AWS itself waits for the job",),
        note="A job that fails fails the task; upstream lets it pass.",
    ),
)
