"""Lambda functions that really run, called by a state machine."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from typing import Any

import pytest

from airflow_sfn_ml.steps import LambdaStep
from airflow_sfn_ml.workflow import Workflow
from tests.steps import sdk_code
from tests.steps.stand_ins import THINGS

ROLE = "arn:aws:iam::123456789012:role/states"
BASE64 = """
import base64
def handler(event, context):
    print("asked for", event["input"])
    return base64.b64encode(event["input"].encode()).decode()
"""


def make(local_aws: Any, name: str, code: str, **more: Any) -> None:
    """Make the function *name* with *code*."""
    iam = local_aws.client("iam")
    roles = {role["RoleName"] for role in iam.list_roles()["Roles"]}
    if "functions" not in roles:
        trust = {"Version": "2012-10-17", "Statement": []}
        iam.create_role(RoleName="functions", AssumeRolePolicyDocument=json.dumps(trust))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    local_aws.client("lambda").create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.11",
            "Role": "arn:aws:iam::123456789012:role/functions",
            "Handler": "app.handler",
            "Code": {"ZipFile": packed.getvalue()},
            **more,
        }
    )


def call(local_aws: Any, name: str, payload: Any) -> Any:
    workflow = Workflow(
        f"call-{name}",
        LambdaStep("call", parameters={"FunctionName": name, "Payload": payload}),
        ROLE,
        client=local_aws.client("stepfunctions"),
    )
    workflow.create()
    return workflow.execute(inputs={})


def test_the_hello_world_of_the_sdk_runs(local_aws: Any):
    make(local_aws, "base64", BASE64)
    workflow = Workflow("hello-world", sdk_code.hello_world(THINGS), ROLE, client=local_aws.client("stepfunctions"))
    workflow.create()
    output = workflow.execute(inputs={}).get_output(wait=True)
    assert output["Payload"] == base64.b64encode(b"HelloWorld").decode()
    streams = local_aws.client("logs").describe_log_streams(logGroupName="/aws/lambda/base64")["logStreams"]
    assert streams


def test_a_function_sees_its_environment_and_the_embedded_aws(local_aws: Any):
    code = (
        "import boto3, os\n"
        "def handler(event, context):\n"
        "    boto3.client('s3').create_bucket(Bucket='made-by-a-function')\n"
        "    return {'said': os.environ['SAY'], 'name': context.function_name}\n"
    )
    make(local_aws, "maker", code, Timeout=60, Environment={"Variables": {"SAY": "hello"}})
    output = call(local_aws, "maker", {}).get_output(wait=True)
    assert output["Payload"] == {"said": "hello", "name": "maker"}
    assert "made-by-a-function" in [b["Name"] for b in local_aws.client("s3").list_buckets()["Buckets"]]


@pytest.mark.parametrize(
    ("name", "code", "more", "error", "told"),
    [
        ("raises", "def handler(event, context):\n    raise KeyError('income')\n", {}, "KeyError", "income"),
        ("exits", "def handler(event, context):\n    import os; os._exit(3)\n", {}, "Runtime.ExitError", "status 3"),
        (
            "late",
            "import time\ndef handler(e, c):\n    time.sleep(60)\n",
            {"Timeout": 1},
            "Sandbox.Timedout",
            "timed out",
        ),
        ("node", "x", {"Runtime": "nodejs20.x"}, "Runtime.NotSupported", "runs Python functions only"),
    ],
)
def test_a_function_that_fails_fails_its_state(
    local_aws: Any, name: str, code: str, more: dict[str, Any], error: str, told: str
):
    make(local_aws, name, code, **more)
    execution = call(local_aws, name, {})
    assert execution.get_output(wait=True) is None
    described = execution.describe()
    assert described["status"] == "FAILED"
    assert described["error"] == error
    assert told in described["cause"]
