"""What Airflow would mask does not reach AWS; here it comes from real connections and variables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG, Variable

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.operators.secrets import refuse_secrets, refuse_written, secret_paths
from tests.operators.running import running_context
from tests.operators.test_start import ROLE, config

CONNECTION = {
    "conn_type": "postgres",
    "host": "db.example",
    "login": "reader",
    "password": "hunter2-hunter2",
    "extra": {"api_token": "tok-1234567", "region": "eu-somewhere"},
}


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DB", json.dumps(CONNECTION))
    monkeypatch.setenv("AIRFLOW_VAR_BUCKET", "bucket-of-ours")
    monkeypatch.setenv("AIRFLOW_VAR_DB_PASSWORD", "open sesame now")
    monkeypatch.setenv("AIRFLOW_VAR_NESTED", json.dumps({"a": [{"secret_key": "swordfish-42"}], "size": "big"}))


def checked(environment: dict[str, Any], **group_arguments: Any) -> dict[str, Any]:
    """What the start task renders for a job with *environment*, if it holds no secret."""
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, **group_arguments) as group:
        SageMakerProcessingOperator(task_id="a", config=config(Environment=environment))
    values = group.rendered(running_context(group.dag.get_task("g.start")))
    refuse_secrets(group, values)
    return values["a"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ conn.db.password }}",
        "postgres://{{ conn.db.login }}:{{ conn.db.password }}@{{ conn.db.host }}",
        "{{ conn.db.extra_dejson.api_token }}",
        "{{ conn.db.extra }}",
        "{{ conn.get('db').get_uri() }}",
        "{{ var.value.db_password }}",
        "x {{ var.value.get('db_password') }} y",
        "{{ var.json.nested.a[0].secret_key }}",
    ],
)
def test_what_airflow_masks_is_refused(template: str):
    with pytest.raises(
        CompileError, match=r"a: the value at /Environment/X holds a secret .* Put it into Secrets Manag"
    ):
        checked({"X": template})


def test_the_fields_of_a_connection_that_are_no_secret_are_rendered():
    told = checked(
        {
            "A": "{{ conn.db.host }}",
            "B": "{{ conn.db.login }}",
            "C": "{{ conn.db.extra_dejson.region }}",
            "D": "{{ var.value.bucket }}",
            "E": "{{ var.json.nested.size }}",
        }
    )
    assert told == {
        "/Environment/A": "db.example",
        "/Environment/B": "reader",
        "/Environment/C": "eu-somewhere",
        "/Environment/D": "bucket-of-ours",
        "/Environment/E": "big",
    }


def test_what_stands_under_the_key_of_a_secret_is_refused_by_its_place():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        SageMakerProcessingOperator(task_id="a", config=config())
    with pytest.raises(CompileError, match="a: the value at /Environment/DB_PASSWORD holds a secret"):
        refuse_secrets(group, {"a": {"request": {"Environment": {"DB_PASSWORD": "x"}}}})
    with pytest.raises(CompileError, match="a: the value at /Environment/Secret/L/1 holds a secret"):
        refuse_secrets(group, {"a": {"/Environment": {"Secret": {"L": [1, "x"]}}}})


def test_the_tokens_of_aws_and_the_arns_of_secrets_are_no_secrets():
    harmless = {"ClientRequestToken": "a", "ClientToken": "b", "SecretArn": "arn:aws:x", "NextToken": "c"}
    assert list(secret_paths(harmless)) == []
    assert list(secret_paths({"Token": "a", "list": [{"secret": "b"}]})) == [("Token",), ("list", 0, "secret")]


def test_a_group_can_allow_them():
    assert checked({"X": "{{ conn.db.password }}"}, allow_secrets=True) == {"/Environment/X": "hunter2-hunter2"}


def test_a_secret_that_was_read_at_parse_does_not_get_into_the_definition():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        request = config(Environment={"X": "with " + Variable.get("db_password")})
        SageMakerProcessingOperator(task_id="a", config=request)
    with pytest.raises(
        CompileError,
        match=r"g: the definition holds a secret \(Airflow would mask it\) at /States/a/Arguments/Environment/X, ",
    ):
        refuse_written(group, group.definition)
    group.allow_secrets = True
    refuse_written(group, group.definition)
