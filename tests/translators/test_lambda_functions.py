"""Lambda functions in a group: called for real, and compared with the operator."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.lambda_function import (
    LambdaCreateFunctionOperator,
    LambdaInvokeFunctionOperator,
)

from airflow_sfn_ml.history import StateStatus
from tests.local.test_functions import make
from tests.translators.machines import (
    beside,
    connected,
    context,
    group_of,
    member,
    refusal,
    run,
    states,
    xcom,
)

ROLE = "arn:aws:iam::123456789012:role/functions"
ECHO = "def handler(event, context):\n    return event\n"


@pytest.fixture(scope="module")
def echo(local_aws: Any) -> str:
    make(local_aws, "echo-of-translators", ECHO)
    return "echo-of-translators"


@pytest.mark.parametrize(
    "payload", ['{"a": [1, null, "b"]}', '"text"', "3", "null", "[]", "true", '"it\'s \\"quoted\\""', None, b'{"b": 1}']
)
def test_the_answer_is_the_operators_as_json_text(
    local_aws: Any, echo: str, payload: Any, monkeypatch: pytest.MonkeyPatch
):
    ours = xcom(local_aws, lambda: LambdaInvokeFunctionOperator(task_id="t", function_name=echo, payload=payload))
    with connected(local_aws, monkeypatch):
        theirs = LambdaInvokeFunctionOperator(task_id="t", function_name=echo, payload=payload).execute(context())
    assert isinstance(ours, str)
    if payload is None:
        assert json.loads(ours) in ({}, json.loads(theirs))
    else:
        assert json.loads(ours) == json.loads(theirs)


def test_a_payload_may_hold_templates_and_be_an_xcom_of_an_outside_task(local_aws: Any, echo: str):
    def templated() -> None:
        LambdaInvokeFunctionOperator(task_id="t", function_name=echo, payload='{"day": "{{ ds }}"}')

    assert json.loads(xcom(local_aws, templated, context(ds="2026-01-01"))) == {"day": "2026-01-01"}

    def whole(outside: Any) -> None:
        LambdaInvokeFunctionOperator(task_id="t", function_name=echo, payload=outside)

    view = run(local_aws, beside(whole), context({"outside": '{"x": 1}'}))
    assert json.loads(view.state("t").output) == {"x": 1}


def test_a_payload_may_be_the_answer_of_another_task_of_the_group(local_aws: Any, echo: str):
    def build() -> None:
        first = LambdaInvokeFunctionOperator(task_id="first", function_name=echo, payload='{"n": 1}')
        second = LambdaInvokeFunctionOperator(task_id="t", function_name=echo, payload=first.output)
        first >> second

    assert json.loads(xcom(local_aws, build)) == {"n": 1}


def test_an_error_of_the_function_fails_the_task_with_its_name(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    make(local_aws, "fails-of-translators", "def handler(event, context):\n    raise KeyError('income')\n")
    view = run(
        local_aws,
        group_of(lambda: LambdaInvokeFunctionOperator(task_id="t", function_name="fails-of-translators", payload="{}")),
    )
    assert view.state("t").status is not StateStatus.SUCCEEDED
    assert view.state("t").error == "KeyError"
    with connected(local_aws, monkeypatch), pytest.raises(ValueError, match="resulted in error"):
        LambdaInvokeFunctionOperator(task_id="t", function_name="fails-of-translators", payload="{}").execute(context())


def test_everything_of_the_call_is_said():
    state = member(
        LambdaInvokeFunctionOperator,
        function_name="f",
        qualifier="{{ ds }}",
        invocation_type="Event",
        client_context="e30=",
        log_type="Tail",
        payload='{"a": 1}',
    )
    assert state["Resource"] == "arn:aws:states:::lambda:invoke"
    assert state["Arguments"] | {"Qualifier": ""} == {
        "FunctionName": "f",
        "InvocationType": "Event",
        "LogType": "Tail",
        "ClientContext": "e30=",
        "Payload": {"a": 1},
        "Qualifier": "",
    }


@pytest.mark.parametrize(
    ("payload", "told"),
    [
        ("hello", "payload 'hello' is no JSON, which Lambda wants (quote it with json.dumps)"),
        (b"\xff", "payload holds bytes that are no text (Lambda takes JSON)"),
    ],
)
def test_a_payload_that_lambda_would_refuse_is_refused(payload: Any, told: str):
    assert told in refusal(LambdaInvokeFunctionOperator, function_name="f", payload=payload)


CODE = {"S3Bucket": "bucket", "S3Key": "key"}


def test_a_function_is_created_with_all_of_its_settings():
    state = member(
        LambdaCreateFunctionOperator,
        function_name="f",
        runtime="python3.11",
        role=ROLE,
        handler="a.b",
        code={**CODE, "S3Key": "{{ ds }}"},
        description="d",
        timeout=3,
        config={"memory_size": 128, "tags": {"aB": "c"}, "kms_key_arn": None, "snap_start": {"ApplyOn": "None"}},
    )
    arguments = state["Arguments"]
    assert state["Resource"] == "arn:aws:states:::aws-sdk:lambda:createFunction"
    assert arguments["MemorySize"] == 128
    assert arguments["Tags"] == {"aB": "c"}
    assert arguments["SnapStart"] == {"ApplyOn": "None"}
    assert "Execution.Input" in arguments["Code"]["S3Key"]
    assert state["Output"] == "{% $states.result.FunctionArn %}"


def test_it_waits_until_the_function_is_active():
    found = states(LambdaCreateFunctionOperator, function_name="f", role=ROLE, code=CODE, wait_for_completion=True)
    assert found["look"]["Resource"] == "arn:aws:states:::aws-sdk:lambda:getFunction"
    assert "Configuration.State in ['Active']" in found["judge"]["Choices"][0]["Condition"]
    assert found["done"]["Output"] == "{% $p_arn %}"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"code": {"ZipFile": b"x"}}, "code['ZipFile'] is binary, which JSON cannot hold"),
        ({"config": {"memory": 1}}, "config['memory'] (there is no such setting)"),
        ({"config": {"package_type": "Zip"}}, "handler is missing, which package_type 'Zip' needs"),
        ({"config": "{{ params.config }}"}, "config is known only when the Dag runs"),
    ],
)
def test_what_cannot_be_created_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(
        LambdaCreateFunctionOperator, **{"function_name": "f", "role": ROLE, "code": CODE, **arguments}
    )
