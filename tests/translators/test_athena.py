"""Athena in a group: queries, and calculations in Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.athena_spark import AthenaSparkOperator

from tests.translators.machines import beside, checked, context, group_of, member, rendered, states


def test_a_query_is_waited_for_by_aws_and_pushes_its_id():
    state = member(
        AthenaOperator,
        query="SELECT '{{ ds }}'",
        database="d",
        output_location="s3://bucket/x",
        query_execution_context={"Database": "other"},
        result_configuration={"AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"}},
        workgroup="w",
        catalog="c",
    )
    assert state["Resource"] == "arn:aws:states:::athena:startQueryExecution.sync"
    arguments = state["Arguments"]
    assert arguments["QueryExecutionContext"] == {"Database": "d", "Catalog": "c"}
    assert arguments["ResultConfiguration"] == {
        "AclConfiguration": {"S3AclOption": "BUCKET_OWNER_FULL_CONTROL"},
        "OutputLocation": "s3://bucket/x",
    }
    assert arguments["WorkGroup"] == "w"
    assert "Execution.Input" in arguments["QueryString"]
    assert "QueryExecution.Status.State in ['SUCCEEDED'] ? $states.result.QueryExecution.QueryExecutionId" in str(
        state["Output"]
    )
    assert "TimeoutSeconds" not in state


def test_a_token_never_brings_back_the_query_of_another_try():
    own = member(AthenaOperator, query="SELECT 1", client_request_token="x" * 40)["Arguments"]["ClientRequestToken"]
    made = member(AthenaOperator, query="SELECT 1")["Arguments"]["ClientRequestToken"]
    for token in (own, made):
        assert "Execution.RedriveCount" in token
        assert "State.RetryCount" in token
    assert own.startswith("{% $substring('" + "x" * 40)


def test_polling_is_limited_where_the_user_says_so():
    state = member(AthenaOperator, query="SELECT 1", sleep_time=10, max_polling_attempts=3)
    assert state["TimeoutSeconds"] == 30


def test_a_query_may_be_an_xcom_or_a_file(tmp_path: Path):
    (tmp_path / "q.sql").write_text("SELECT '{{ ds }}'")

    def from_a_file() -> None:
        AthenaOperator(task_id="t", query="q.sql", database="d")

    group = group_of(from_a_file, template_searchpath=str(tmp_path))
    checked(group)
    assert list(rendered(group, context(ds="2026-01-01"))["t"].values()) == ["SELECT '2026-01-01'"]

    def from_outside(outside: Any) -> None:
        AthenaOperator(task_id="t", query=outside, database="d")

    group = beside(from_outside)
    checked(group)
    assert list(rendered(group, context({"outside": "SELECT 2"}))["t"].values()) == ["SELECT 2"]


def test_a_calculation_is_looked_at_until_it_is_done():
    found = states(
        AthenaSparkOperator,
        session_id="s",
        code_block="print(1)",
        description="d",
        waiter_delay=5,
        waiter_max_attempts=4,
    )
    start = found["startCalculationExecution"]
    assert start["Resource"] == "arn:aws:states:::aws-sdk:athena:startCalculationExecution"
    assert {key: start["Arguments"][key] for key in ("SessionId", "CodeBlock", "Description")} == {
        "SessionId": "s",
        "CodeBlock": "print(1)",
        "Description": "d",
    }
    assert found["wait"]["Seconds"] == 5
    assert "> 20" in found["judge"]["Choices"][2]["Condition"]
    assert set(found["done"]["Output"]) == {
        "calculation_execution_id",
        "state",
        "state_change_reason",
        "submission_time",
        "completion_time",
        "session_id",
        "working_directory",
        "stdout_s3_uri",
        "stderr_s3_uri",
        "result_s3_uri",
        "result_type",
    }
