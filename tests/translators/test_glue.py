"""Glue and DataBrew in a group: jobs, crawlers, the catalog; run where the embedded AWS can."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.glue import (
    GlueDataQualityOperator,
    GlueDataQualityRuleRecommendationRunOperator,
    GlueDataQualityRuleSetEvaluationRunOperator,
    GlueJobOperator,
)
from airflow.providers.amazon.aws.operators.glue_catalog import (
    GlueCatalogBatchDeletePartitionOperator,
    GlueCatalogCreateDatabaseOperator,
    GlueCatalogCreatePartitionOperator,
    GlueCatalogCreateTableOperator,
    GlueCatalogDeleteDatabaseOperator,
    GlueCatalogDeleteTableOperator,
)
from airflow.providers.amazon.aws.operators.glue_crawler import (
    GlueCrawlerCreateOperator,
    GlueCrawlerDeleteOperator,
    GlueCrawlerOperator,
    GlueCrawlerRunOperator,
    GlueCrawlerUpdateOperator,
)
from airflow.providers.amazon.aws.operators.glue_databrew import GlueDataBrewStartJobOperator

from airflow_sfn_ml.exceptions import NotPrepared
from airflow_sfn_ml.history import StateStatus
from tests.local.machines import unique
from tests.translators.machines import (
    beside,
    connected,
    context,
    group_of,
    member,
    refusal,
    rendered,
    run,
    states,
    warned,
    xcom,
)

ROLE = "arn:aws:iam::123456789012:role/glue"
SCRIPT = "s3://bucket/job.py"
TABLE = {"GlueTable": {"DatabaseName": "d", "TableName": "t"}}


@pytest.fixture
def job(local_aws: Any) -> str:
    name = unique("job")
    local_aws.client("glue").create_job(Name=name, Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": SCRIPT})
    return name


# Jobs


def test_a_job_without_a_role_has_to_exist_and_is_one_state():
    state = member(
        GlueJobOperator,
        job_name="j",
        script_args={"--day": "{{ ds }}", "--aB": "x"},
        run_job_kwargs={"WorkerType": "G.1X", "NumberOfWorkers": 2, "Timeout": 5},
    )
    assert state["Resource"] == "arn:aws:states:::glue:startJobRun.sync"
    arguments = state["Arguments"]
    assert arguments["JobName"] == "j"
    assert arguments["Arguments"]["--aB"] == "x"
    assert "values.t.`/startJobRun/arguments/Arguments/--day`" in arguments["Arguments"]["--day"]
    assert (arguments["WorkerType"], arguments["NumberOfWorkers"], arguments["Timeout"]) == ("G.1X", 2, 5)
    assert "JobRunState in ['SUCCEEDED'] ? $states.result.Id : $error(" in state["Output"]
    assert "TimeoutSeconds" not in state


def test_a_job_runs_and_pushes_the_id_of_its_run(local_aws: Any, job: str, monkeypatch: pytest.MonkeyPatch):
    def build() -> None:
        GlueJobOperator(task_id="t", job_name=job, script_args={"--day": "{{ ds }}"})

    ours = xcom(local_aws, build, context(ds="2026-01-01"))
    told = local_aws.client("glue").get_job_run(JobName=job, RunId=ours)["JobRun"]
    assert told["Arguments"] == {"--day": "2026-01-01"}
    assert told["JobRunState"] == "SUCCEEDED"
    with connected(local_aws, monkeypatch):
        upstream = GlueJobOperator(task_id="t", job_name=job)
        theirs = upstream.submit_job(context())
    assert ours.partition("_")[0] == theirs.partition("_")[0]


def test_a_job_that_is_not_waited_for_pushes_the_id_of_its_run(local_aws: Any, job: str):
    assert member(GlueJobOperator, job_name="j", wait_for_completion=False)["Resource"].endswith("glue:startJobRun")
    run_id = xcom(local_aws, lambda: GlueJobOperator(task_id="t", job_name=job, wait_for_completion=False))
    assert local_aws.client("glue").get_job_run(JobName=job, RunId=run_id)["JobRun"]["Id"] == run_id


def test_a_deferrable_job_waits_and_has_upstreams_limit():
    state = member(
        GlueJobOperator,
        job_name="j",
        wait_for_completion=False,
        deferrable=True,
        waiter_delay=10,
        waiter_max_attempts=3,
    )
    assert state["Resource"].endswith("startJobRun.sync")
    assert state["TimeoutSeconds"] == 30


def test_a_job_with_a_role_is_created_where_it_does_not_exist(local_aws: Any):
    name = unique("made")

    def build() -> None:
        GlueJobOperator(
            task_id="t",
            job_name=name,
            script_location="s3://bucket/{{ ds }}.py",
            iam_role_arn=ROLE,
            s3_bucket="bucket",
            create_job_kwargs={"GlueVersion": "4.0", "WorkerType": "G.1X", "NumberOfWorkers": 2},
        )

    xcom(local_aws, build, context(ds="2026-01-01"))
    made = local_aws.client("glue").get_job(JobName=name)["Job"]
    assert made["Command"] == {"Name": "glueetl", "ScriptLocation": "s3://bucket/2026-01-01.py"}
    assert made["LogUri"] == f"s3://bucket/logs/glue-logs/{name}"
    assert (made["GlueVersion"], made["WorkerType"], made["NumberOfWorkers"]) == ("4.0", "G.1X", 2)
    assert made["ExecutionProperty"] == {"MaxConcurrentRuns": 1}
    assert made["Role"] == ROLE
    xcom(local_aws, build, context(ds="2026-01-02"))
    assert local_aws.client("glue").get_job(JobName=name)["Job"]["Command"]["ScriptLocation"].endswith("01-01.py")


def test_what_a_job_is_created_with_may_be_an_xcom_of_an_outside_task(local_aws: Any):
    name = unique("made")

    def build(outside: Any) -> None:
        GlueJobOperator(task_id="t", job_name=name, iam_role_arn=ROLE, create_job_kwargs=outside, num_of_dpus=4)

    group = beside(build)
    view = run(local_aws, group, context({"outside": {"Command": {"Name": "pythonshell"}, "GlueVersion": "3.0"}}))
    assert view.state("t").status is StateStatus.SUCCEEDED, view
    made = local_aws.client("glue").get_job(JobName=name)["Job"]
    assert made["Command"] == {"Name": "pythonshell"}
    assert (made["GlueVersion"], made["MaxCapacity"]) == ("3.0", 4.0)


def test_an_update_is_a_call_before_the_run_and_keeps_the_name_out():
    found = states(
        GlueJobOperator, job_name="j", iam_role_arn=ROLE, script_location=SCRIPT, update_config=True, num_of_dpus=2
    )
    assert found["getJob"]["Next"] == "t: updateJob"
    update = found["updateJob"]["Arguments"]
    assert update["JobName"] == "j"
    assert "Name" not in update["JobUpdate"]
    assert update["JobUpdate"]["MaxCapacity"] == 2
    assert found["missing"]["Choices"][0]["Next"] == "t: createJob"


def test_the_name_of_a_role_becomes_its_arn_and_a_script_is_uploaded_at_the_start(
    local_aws: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    role, bucket = unique("role"), unique("bucket")
    local_aws.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps({"Statement": []}))
    local_aws.client("s3").create_bucket(Bucket=bucket)
    script = tmp_path / "etl.py"
    script.write_text("print('hello')")
    name = unique("made")
    group = group_of(
        lambda: GlueJobOperator(
            task_id="t", job_name=name, script_location=str(script), s3_bucket=bucket, iam_role_name=role
        )
    )
    with connected(local_aws, monkeypatch):
        view = run(local_aws, group)
        rendered(group, context())
        script.write_text("print('other')")
        with pytest.raises(NotPrepared, match="is there already; set replace_script_file to replace it"):
            rendered(group, context())
    assert view.state("t").status is StateStatus.SUCCEEDED, view
    made = local_aws.client("glue").get_job(JobName=name)["Job"]
    assert made["Role"] == f"arn:aws:iam::123456789012:role/{role}"
    assert made["Command"]["ScriptLocation"] == f"s3://{bucket}/artifacts/glue-scripts/etl.py"
    stored = local_aws.client("s3").get_object(Bucket=bucket, Key="artifacts/glue-scripts/etl.py")
    assert stored["Body"].read() == b"print('hello')"


def test_what_the_optimised_integration_does_not_take_goes_through_the_sdk():
    found = states(GlueJobOperator, job_name="j", run_job_kwargs={"ExecutionRoleSessionPolicy": "{}"})
    assert found["startJobRun"]["Resource"] == "arn:aws:states:::aws-sdk:glue:startJobRun"
    assert found["look"]["Arguments"] == {"JobName": "j", "RunId": "{% $p_run %}"}
    assert found["wait"]["Seconds"] == 6
    assert found["done"]["Output"] == "{% $p_run %}"


def test_a_pause_before_the_end_is_a_wait():
    found = states(GlueJobOperator, job_name="j", sleep_before_return=10)
    assert found["pause"] == {"Type": "Wait", "Seconds": 10, "Next": "t: done"}


def test_the_user_is_told_where_the_logs_are():
    told = warned(GlueJobOperator, job_name="j", verbose=True)
    assert told == ["g.t: verbose: the logs of the job are in CloudWatch, not in the task's log"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"iam_role_arn": ROLE, "iam_role_name": "r"}, "iam_role_arn and iam_role_name are both given (give one)"),
        ({"update_config": True}, "update_config without a role (give iam_role_arn or iam_role_name)"),
        (
            {"update_config": True, "iam_role_arn": ROLE, "create_job_kwargs": {"Tags": {"a": "b"}}},
            "update_config with Tags in create_job_kwargs (set tags where the job is deployed)",
        ),
        (
            {"create_job_kwargs": {"WorkerType": "G.1X"}},
            "WorkerType and NumberOfWorkers go together in create_job_kwargs (give both)",
        ),
        (
            {"create_job_kwargs": {"WorkerType": "G.1X", "NumberOfWorkers": 2}, "num_of_dpus": 3},
            "num_of_dpus with a WorkerType in create_job_kwargs (give one of them)",
        ),
        ({"script_location": "/tmp/a.py"}, "script_location is a file, and s3_bucket does not say where to upload it"),
        (
            {"openlineage_inject_parent_job_info": True},
            "openlineage_inject_parent_job_info (the operator adds it while it runs; put the properties of "
            "OpenLineage into script_args)",
        ),
        ({"wait_for_completion": "{{ params.wait }}"}, "wait_for_completion must be True or False"),
    ],
)
def test_what_a_job_cannot_be_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(GlueJobOperator, job_name="j", **arguments)


# Crawlers


def crawler(**more: Any) -> dict[str, Any]:
    return {"Name": "c", "Role": ROLE, "DatabaseName": "d", "Targets": {"S3Targets": [{"Path": "s3://x"}]}, **more}


def test_a_crawler_is_created_run_and_deleted(local_aws: Any):
    name = unique("crawler")
    config = crawler(Name=name, Description="{{ ds }}")
    made = xcom(local_aws, lambda: GlueCrawlerCreateOperator(task_id="t", config=config), context(ds="2026-01-01"))
    assert made == name
    assert local_aws.client("glue").get_crawler(Name=name)["Crawler"]["Description"] == "2026-01-01"
    started = xcom(local_aws, lambda: GlueCrawlerRunOperator(task_id="t", crawler_name=name, wait_for_completion=False))
    assert started == name
    local_aws.client("glue").stop_crawler(Name=name)
    view = run(local_aws, group_of(lambda: GlueCrawlerDeleteOperator(task_id="t", crawler_name=name)))
    assert view.state("t").status is StateStatus.SUCCEEDED
    assert name not in local_aws.client("glue").list_crawlers()["CrawlerNames"]


def test_the_config_of_a_crawler_may_be_an_xcom_of_an_outside_task(local_aws: Any):
    name = unique("crawler")
    group = beside(lambda outside: GlueCrawlerCreateOperator(task_id="t", config=outside))
    view = run(local_aws, group, context({"outside": crawler(Name=name)}))
    assert view.state("t").output == name
    assert local_aws.client("glue").get_crawler(Name=name)["Crawler"]["DatabaseName"] == "d"


def test_a_crawl_is_waited_for_as_upstreams_waiter_does():
    found = states(GlueCrawlerRunOperator, crawler_name="c", poll_interval=7)
    assert found["wait"]["Seconds"] == 7
    done, failed, late = (choice["Condition"] for choice in found["judge"]["Choices"])
    assert "Crawler.State = 'READY' and $not($p_seen.Crawler.LastCrawl.Status in ['FAILED', 'CANCELLED'])" in done
    assert failed == "{% $p_seen.Crawler.State = 'READY' %}"
    assert "> 7000" in late


def test_a_crawler_that_runs_already_fails_or_is_joined():
    assert "Catch" not in states(GlueCrawlerRunOperator, crawler_name="c")["startCrawler"]
    joined = states(GlueCrawlerRunOperator, crawler_name="c", fail_on_already_running=False)
    assert "/CrawlerRunning/i" in joined["startCrawler: refused"]["Choices"][0]["Condition"]
    assert joined["startCrawler: refused"]["Choices"][0]["Next"] == "t: look"


def test_the_old_crawler_operator_updates_or_creates_and_runs():
    found = states(GlueCrawlerOperator, config=crawler())
    assert found["getCrawler"]["Next"] == "t: updateCrawler"
    assert found["missing"]["Choices"][0]["Next"] == "t: createCrawler"
    assert found["createCrawler"]["Arguments"] == found["updateCrawler"]["Arguments"] == crawler()
    assert found["startCrawler"]["Arguments"] == {"Name": "c"}
    assert found["done"]["Output"] == "c"


@pytest.mark.parametrize("operator", [GlueCrawlerUpdateOperator, GlueCrawlerOperator])
def test_tags_of_a_crawler_that_exists_are_refused(operator: Any):
    assert "Tags in its config" in refusal(operator, config=crawler(Tags={"a": "b"}))
    assert member(GlueCrawlerUpdateOperator, config=crawler())["Arguments"] == crawler()


# Data quality


def test_rulesets_are_created_and_updated():
    rules = {"name": "n", "ruleset": " Rules = [ColumnCount > 1] ", "data_quality_ruleset_kwargs": {"Tags": {"a": "b"}}}
    state = member(GlueDataQualityOperator, **rules)
    assert state["Resource"].endswith("glue:createDataQualityRuleset")
    assert state["Arguments"]["Ruleset"] == "Rules = [ColumnCount > 1]"
    assert state["Arguments"]["Tags"] == {"a": "b"}
    changed = member(GlueDataQualityOperator, name="n", ruleset="Rules = []", update_rule_set=True)
    assert changed["Resource"].endswith("glue:updateDataQualityRuleset")


def test_a_ruleset_evaluation_waits_and_looks_at_the_rules():
    run_of = {"datasource": TABLE, "role": ROLE, "rule_set_names": ["a"]}
    found = states(GlueDataQualityRuleSetEvaluationRunOperator, **run_of)
    assert found["startDataQualityRulesetEvaluationRun"]["Arguments"] == {
        "DataSource": TABLE,
        "Role": ROLE,
        "NumberOfWorkers": 5,
        "Timeout": 2880,
        "RulesetNames": ["a"],
    }
    assert found["batchGetDataQualityResult"]["Arguments"] == {"ResultIds": "{% [$p_seen.ResultIds] %}"}
    assert "[Result in ['FAIL', 'ERROR']]" in found["batchGetDataQualityResult"]["Output"]
    unverified = states(GlueDataQualityRuleSetEvaluationRunOperator, **run_of, verify_result_status=False)
    assert "batchGetDataQualityResult" not in unverified
    started = member(GlueDataQualityRuleSetEvaluationRunOperator, **run_of, wait_for_completion=False)
    assert started["Output"] == "{% $states.result.RunId %}"


def test_recommendations_are_waited_for():
    found = states(GlueDataQualityRuleRecommendationRunOperator, datasource=TABLE, role=ROLE, deferrable=True)
    assert found["look"]["Resource"].endswith("glue:getDataQualityRuleRecommendationRun")
    assert found["done"]["Output"] == "{% $p_run %}"


def test_what_data_quality_would_refuse_is_refused():
    assert "ruleset (it starts with 'Rules = ['" in refusal(GlueDataQualityOperator, name="n", ruleset="x")
    wrong = {"TargetTable": {"TableName": "t"}}
    told = refusal(GlueDataQualityOperator, name="n", ruleset="Rules = []", data_quality_ruleset_kwargs=wrong)
    assert "TargetTable (it needs DatabaseName and TableName)" in told
    for operator in (GlueDataQualityRuleRecommendationRunOperator, GlueDataQualityRuleSetEvaluationRunOperator):
        more = {"rule_set_names": ["a"]} if operator is GlueDataQualityRuleSetEvaluationRunOperator else {}
        told = refusal(operator, datasource={"GlueTable": {"TableName": "t"}}, role=ROLE, **more)
        assert "datasource (its GlueTable needs DatabaseName and TableName)" in told


# The catalog


def test_the_catalog_is_filled_and_emptied_as_the_operators_do(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    database = unique("database")
    client = local_aws.client("glue")

    def done(operator: Any, **arguments: Any) -> Any:
        return xcom(local_aws, lambda: operator(task_id="t", **arguments))

    assert done(GlueCatalogCreateDatabaseOperator, database_name=database, description="d") == database
    assert done(GlueCatalogCreateDatabaseOperator, database_name=database) == database
    with connected(local_aws, monkeypatch):
        assert GlueCatalogCreateDatabaseOperator(task_id="t", database_name=database).execute(context()) == database
    table = {"PartitionKeys": [{"Name": "p", "Type": "string"}]}
    of_table = {"database_name": database, "table_name": "x"}
    assert done(GlueCatalogCreateTableOperator, **of_table, table_input=table) == "x"
    assert client.get_table(DatabaseName=database, Name="x")["Table"]["PartitionKeys"] == table["PartitionKeys"]
    done(GlueCatalogCreatePartitionOperator, **of_table, partition_input={"Values": ["a"]})
    done(GlueCatalogCreatePartitionOperator, **of_table, partition_input={"Values": ["a"]})
    gone = [{"Values": ["a"]}, {"Values": ["b"]}]
    errors = done(GlueCatalogBatchDeletePartitionOperator, **of_table, partitions_to_delete=gone)
    assert [error["PartitionValues"] for error in errors] == [["b"]]
    with connected(local_aws, monkeypatch):
        theirs = GlueCatalogBatchDeletePartitionOperator(
            task_id="t", **of_table, partitions_to_delete=[{"Values": ["b"]}]
        ).execute(context())
    assert errors == theirs
    done(GlueCatalogDeleteTableOperator, **of_table)
    done(GlueCatalogDeleteDatabaseOperator, database_name=database)
    assert database not in [item["Name"] for item in client.get_databases()["DatabaseList"]]


def test_what_exists_fails_where_it_should(local_aws: Any):
    database = unique("database")
    local_aws.client("glue").create_database(DatabaseInput={"Name": database})
    view = run(
        local_aws,
        group_of(lambda: GlueCatalogCreateDatabaseOperator(task_id="t", database_name=database, if_exists="fail")),
    )
    assert view.state("t").status is not StateStatus.SUCCEEDED
    assert "AlreadyExists" in str(view.state("t").error)


# DataBrew


def test_a_databrew_job_is_waited_for_by_aws():
    state = member(GlueDataBrewStartJobOperator, job_name="{{ params.job }}", waiter_delay=10, waiter_max_attempts=6)
    assert state["Resource"] == "arn:aws:states:::databrew:startJobRun.sync"
    assert state["Output"] == {"run_id": "{% $states.result.RunId %}"}
    assert state["TimeoutSeconds"] == 60
    started = member(GlueDataBrewStartJobOperator, job_name="j", wait_for_completion=False)
    assert started["Resource"] == "arn:aws:states:::databrew:startJobRun"
