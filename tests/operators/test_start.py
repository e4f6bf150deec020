"""What the start task refuses before anything is started, and what it never lets others change."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.operators.secrets import refuse_secrets
from tests.operators.running import Store

ROLE = "arn:aws:iam::123456789012:role/states"


def config(**more: Any) -> dict[str, Any]:
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "image"},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        **more,
    }


def start(request: dict[str, Any], **params: Any) -> Any:
    """Run the start task of a group with one job; nothing it is tested for here reaches AWS."""
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        SageMakerProcessingOperator(task_id="a", config=request)
    ti = SimpleNamespace(dag_id="d", task_id="g.start", run_id="r", map_index=-1, max_tries=2)
    context = {"ti": ti, "task_instance": ti, "dag_run": SimpleNamespace(run_id="r"), "params": params}
    context["task_state_store"] = Store()
    operator = group.dag.get_task("g.start")
    return _execute(operator, context)


def _execute(operator: Any, context: Any) -> Any:
    return operator.execute.__wrapped__(operator, context)


def test_a_secret_is_refused_with_the_way_out():
    mask_secret("correct horse battery staple")
    with pytest.raises(
        AirflowFailException, match=r"a: the value at /Environment/TOKEN holds a secret .*Secrets Manager"
    ):
        start(config(Environment={"TOKEN": "{{ params.token }}"}), token="correct horse battery staple")


def test_a_secret_deep_in_a_whole_request_is_refused_too():
    mask_secret("correct horse battery staple")
    deep: object = "correct horse battery staple"
    for level in range(12):
        deep = {f"level{level}": [deep]}
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        SageMakerProcessingOperator(task_id="a", config=config())
    with pytest.raises(CompileError, match="holds a secret"):
        refuse_secrets(group, {"a": {"request": deep}})


def test_an_input_above_the_limit_is_refused_with_the_largest_part():
    # SageMaker allows 256 characters for the value of a variable, so the size comes from many of them
    variables = {f"V{i}": "{{ params.text }}" for i in range(100)}
    jobs = {"Environment": variables}
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        for i in range(12):
            SageMakerProcessingOperator(task_id=f"job{i}", config=config(**jobs))
    ti = SimpleNamespace(dag_id="d", task_id="g.start", run_id="r", map_index=-1, max_tries=2)
    context = {
        "ti": ti,
        "task_instance": ti,
        "dag_run": SimpleNamespace(run_id="r"),
        "params": {"text": "x" * 250},
        "task_state_store": Store(),
    }
    with pytest.raises(AirflowFailException, match=r"TooLarge: .* AWS allows 262,144 \(largest: job\d+ "):
        _execute(group.dag.get_task("g.start"), context)


def test_a_template_that_cannot_be_rendered_names_its_task():
    with pytest.raises(AirflowFailException, match=r"g\.a: its templates cannot be rendered: UndefinedError"):
        start(config(Environment={"A": "{{ params.nobody.x }}"}))


def test_what_sagemaker_would_refuse_is_refused_before_anything_is_started():
    with pytest.raises(AirflowFailException, match=r"g\.a: RoleArn: "):
        start(config(RoleArn="{{ params.role }}"), role="no/arn")


def test_nobody_changes_the_retries_of_start():
    with DAG("d", default_args={"retries": 0}), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        SageMakerProcessingOperator(task_id="a", config=config())
    operator = group.dag.get_task("g.start")
    operator.retries = 7
    operator.retry_delay = timedelta(days=1)
    operator.execution_timeout = timedelta(seconds=1)
    assert (operator.retries, operator.retry_delay, operator.execution_timeout) == (2, timedelta(seconds=10), None)
