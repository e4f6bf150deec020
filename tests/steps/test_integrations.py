"""The table of integrations, and the classes made of it."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from airflow_sfn_ml import steps
from airflow_sfn_ml.asl.validation.integrations import SERVICES
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import (
    IntegrationPattern,
    SdkStep,
    ServiceStep,
    choice_rule,
    compute,
    sagemaker,
    service,
    states,
)
from airflow_sfn_ml.steps.integrations import INTEGRATIONS
from airflow_sfn_ml.steps.service_model import service_model

GOLDEN = Path(__file__).parent / "golden"
ARNS = json.loads((GOLDEN / "arns.json").read_text())
SURFACE = json.loads((GOLDEN / "surface.json").read_text())
CLASSES = [getattr(service, name) for name in service.__all__] + [getattr(compute, name) for name in compute.__all__]


@pytest.mark.parametrize("name", ARNS)
def test_a_step_of_the_sdk_has_its_resources(name, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    for arguments, arn in ARNS[name]["arns"].items():
        given = json.loads(arguments)
        if "integration_pattern" in given:
            given["integration_pattern"] = IntegrationPattern[given["integration_pattern"]]
        assert getattr(steps, name)("s", **given).to_dict()["Resource"] == arn


@pytest.mark.parametrize("name", [name for name in SURFACE if name != "State"])  # the base is not for direct use here
def test_a_name_of_the_sdk_is_here_with_its_signature(name):
    found = next(getattr(m, name) for m in (states, sagemaker, compute, service, choice_rule) if hasattr(m, name))
    signature = SURFACE[name]["signature"]
    parameters = list(inspect.signature(found).parameters)
    for position, part in enumerate(p.strip() for p in signature.strip("()").split(",")):
        word = part.split("=")[0]
        if word and word not in ("/", "self") and not word.startswith(("*", "<")) and word.isidentifier():
            assert word in parameters, (word, parameters)
            if position == 0:
                assert parameters[0] == word
    missing = (
        set(SURFACE[name]["fields"]) - found.allowed - {"retry", "catch", "resource"} if SURFACE[name]["fields"] else ()
    )
    assert not missing


def test_the_table_agrees_with_the_rules_of_the_language():
    for row in INTEGRATIONS.values():
        name, action = row.resource.split(":")
        assert action in SERVICES[name].actions, row.resource
        assert row.sync == (action in SERVICES[name].sync), row.resource
        if SERVICES[name].token is False:
            assert not row.token, row.resource
    known = {f"{name}:{action}" for name, listed in SERVICES.items() for action in listed.actions}
    assert known - set(INTEGRATIONS) == set()


@pytest.mark.parametrize("row", INTEGRATIONS.values(), ids=lambda row: row.resource)
def test_a_call_is_one_of_the_service_and_its_answer_has_a_shape(row):
    if row.api is None:
        assert row.fields
        return
    name, _, operation = row.api.partition(".")
    assert operation in service_model(name).operations()
    if row.sync_api:
        described = row.sync_api.partition("/")[0].rpartition(".")[2]
        assert described in service_model(name).operations()


@pytest.mark.parametrize("row", INTEGRATIONS.values(), ids=lambda row: row.resource)
def test_a_row_says_what_the_role_needs(row):
    if row.resource not in ("eks:runJob", "eks:call"):  # they need rights in Kubernetes instead
        assert row.actions
        assert not row.sync or row.sync_actions


def test_every_row_has_a_class():
    found = {cls.row for cls in [*CLASSES, *(getattr(sagemaker, name) for name in sagemaker.__all__)]}
    assert set(INTEGRATIONS) - found == {"sagemaker:updateEndpoint"}  # EndpointStep(update=True)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_says_what_it_is_and_waits_where_it_can(cls):
    step = cls("s")
    assert cls.__doc__
    assert isinstance(step, ServiceStep)
    if step.call.sync:
        assert step.pattern is IntegrationPattern.WaitForCompletion
    assert step.integration.startswith(step.call.resource)


def test_a_pattern_that_is_not_offered_is_refused():
    with pytest.raises(ValueError, match=r"\(WaitForTaskToken\) is not supported.*WaitForCompletion.*CallAndContinue"):
        steps.EksRunJobStep("s", integration_pattern=IntegrationPattern.WaitForTaskToken)
    with pytest.raises(TypeError, match="must be of type"):
        steps.EksRunJobStep("s", integration_pattern="sync")


@pytest.mark.parametrize(
    ("region", "partition"), [("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov"), ("eu-west-1", "aws")]
)
def test_the_partition_is_that_of_the_region(monkeypatch, region, partition):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", region)
    assert steps.LambdaStep("s").to_dict()["Resource"] == f"arn:{partition}:states:::lambda:invoke"


def test_a_request_is_checked_with_the_service_s_own_model():
    step = steps.BatchSubmitJobStep(
        "s", request={"JobName": "a", "JobQeue": "q", "JobDefinition": ExecutionInput()["d"]}
    )
    assert [str(problem) for problem in step.request_problems()] == [
        "JobQeue: there is no such field, did you mean 'JobQueue'?",
        "JobQueue: is required",
    ]


def test_a_request_of_step_functions_own_fields_is_checked():
    step = steps.EmrCancelStepStep("s", request={"ClusterId.$": "$.id", "Step": "x"})
    assert [str(problem) for problem in step.request_problems()] == [
        "StepId: is required",
        "Step: there is no such field; known are ClusterId, StepId",
    ]


def test_a_payload_may_be_any_json():
    assert steps.LambdaStep("s", request={"FunctionName": "f", "Payload": {"a": [1]}}).request_problems() == []
    assert steps.SqsSendMessageStep("s", request={"QueueUrl": "q", "MessageBody": {"a": 1}}).request_problems() == []


def test_a_request_in_camel_case_is_mapped_but_not_its_maps():
    request = {
        "jobName": "a",
        "jobQueue": "q",
        "jobDefinition": "d",
        "parameters": {"inputPath": "x"},
        "tags": {"a": "b"},
    }
    assert steps.BatchSubmitJobStep("s", request=request).to_dict()["Parameters"] == {
        "JobName": "a",
        "JobQueue": "q",
        "JobDefinition": "d",
        "Parameters": {"inputPath": "x"},
        "Tags": {"a": "b"},
    }


def test_any_call_of_any_api():
    step = SdkStep("s", "sagemaker", "DescribeEndpoint", {"EndpointName": "e"})
    assert step.to_dict()["Resource"].endswith(":states:::aws-sdk:sagemaker:describeEndpoint")
    assert step.actions == ("sagemaker:DescribeEndpoint",)
    assert step.request_problems() == []
    assert SdkStep("s", "stepfunctions", "startExecution").integration == "aws-sdk:sfn:startExecution"
    assert SdkStep("s", "emr-serverless", "getJobRun").integration == "aws-sdk:emrserverless:getJobRun"


def test_an_operation_that_is_not_there_is_refused():
    with pytest.raises(
        ValueError, match="sagemaker has no operation 'DescribeEndpont', did you mean 'DescribeEndpoint'"
    ):
        steps.Graph(SdkStep("s", "sagemaker", "describeEndpont"))


def test_the_shape_of_the_answer_is_that_of_the_job_that_was_waited_for():
    step = steps.TrainingStep("t", request={})
    shape = step.output_shape()
    assert shape["ModelArtifacts"] == {"S3ModelArtifacts": "string"}
    assert step.reference_problems(step.output()["ModelArtifacts"]["S3ModelArtifacts"]) is None
    assert step.reference_problems(step.output()["ModelArtefacts"]) == (
        "the answer has no 'ModelArtefacts', did you mean 'ModelArtifacts'?"
    )
    assert steps.BatchSubmitJobStep("b").output_shape()["Status"] == "string"
    assert set(steps.BatchSubmitJobStep("b", wait_for_completion=False).output_shape()) == {
        "JobArn",
        "JobId",
        "JobName",
    }
