"""What the start task renders for the members: with their own settings, finished for the request."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.translators.render import plain, render_member, rendered_problems

ROLE = "arn:aws:iam::123456789012:role/states"


def context(**values: Any) -> dict[str, Any]:
    ti = SimpleNamespace(task_id="g.start", run_id="manual", dag_id="d")
    return {"ti": ti, "task_instance": ti, "task": SimpleNamespace(task_id="g.start"), "params": {}, **values}


def config(**more: Any) -> dict[str, Any]:
    return {
        "ProcessingJobName": "prepare",
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        **more,
    }


def rendered(request: Any, dag: dict[str, Any] | None = None, **values: Any) -> tuple[dict[str, Any], list[str]]:
    with DAG("d", **(dag or {})), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        operator = SageMakerProcessingOperator(task_id="a", config=request)
    member = group.compiled().members["a"]
    told = render_member(member, operator, context(**values))
    return told, rendered_problems(member, told, "g.a")


def test_each_template_is_rendered_under_its_pointer():
    told, problems = rendered(config(Environment={"DAY": "{{ ds }}", "B": "x"}), ds="2026-01-01")
    assert told == {"/Environment/DAY": "2026-01-01"}
    assert problems == []


def test_the_task_in_a_template_is_the_member():
    told, _ = rendered(config(Environment={"A": "{{ task.task_id }} {{ ti.task_id }} {{ ti.run_id }}"}))
    assert told == {"/Environment/A": "g.a g.a manual"}


def test_the_dags_macros_and_filters_are_there():
    dag = {"user_defined_macros": {"twice": lambda x: x * 2}, "user_defined_filters": {"loud": str.upper}}
    told, _ = rendered(config(Environment={"A": "{{ twice('ab') | loud }}"}), dag)
    assert told == {"/Environment/A": "ABAB"}


def test_native_rendering_is_the_members_own_setting():
    volume = {"ClusterConfig": {"InstanceCount": "{{ params.n }}", "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
    told, problems = rendered(
        config(ProcessingResources=volume), {"render_template_as_native_obj": True}, params={"n": 3}
    )
    assert told == {"/ProcessingResources/ClusterConfig/InstanceCount": 3}
    assert problems == []


def test_text_becomes_a_number_where_the_upstream_operator_makes_it_one():
    told, problems = rendered(config(StoppingCondition={"MaxRuntimeInSeconds": "{{ params.n }}"}), params={"n": 60})
    assert told == {"/StoppingCondition/MaxRuntimeInSeconds": 60}
    assert problems == []


def test_a_rendered_job_name_becomes_one_that_sagemaker_takes():
    told, _ = rendered(config(ProcessingJobName="census {{ ds }}_" + "x" * 60), ds="2026-01-01")
    assert told == {"/ProcessingJobName": "census-2026-01-01-" + "x" * 22}


def test_what_sagemaker_would_refuse_of_the_rendered_request_is_told():
    _, problems = rendered(config(RoleArn="{{ params.role }}"), params={"role": "no/role"})
    assert len(problems) == 1
    assert problems[0].startswith("g.a: RoleArn: ")


def test_dates_are_text_and_bytes_are_refused():
    assert plain({"at": datetime(2026, 1, 1, tzinfo=UTC)}) == {"at": "2026-01-01T00:00:00+00:00"}
    with pytest.raises(TypeError, match="a bytes cannot be part of a request"):
        plain(b"x")


def test_a_request_that_a_template_makes_text_of_is_refused_with_the_way_out():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = SageMakerProcessingOperator(task_id="first", config=config())
        first >> SageMakerProcessingOperator(task_id="a", config="{{ ti.xcom_pull('g.first') }}")
    with pytest.raises(CompileError, match=r"g\.a: the request is the text of a template, .* use .output, or render_t"):
        group.compiled()


def test_a_request_that_a_native_template_passes_on_is_taken():
    with DAG("d", render_template_as_native_obj=True), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = SageMakerProcessingOperator(task_id="first", config=config())
        first >> SageMakerProcessingOperator(task_id="a", config="{{ ti.xcom_pull('g.first')['Processing'] }}")
    arguments = group.definition["States"]["a"]["Arguments"]
    assert "$merge([$whole, {'ProcessingJobName': " in arguments
