"""Every integration with the smallest request: the service's model takes it, and the definition is valid everywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.steps import Graph, compute, sagemaker, service
from airflow_sfn_ml.steps.base import ServiceStep
from airflow_sfn_ml.steps.sagemaker import ModelPackageStep
from tests.steps.sdk_code import CASES, definition
from tests.steps.smallest import smallest
from tests.steps.stand_ins import THINGS
from tests.validators import validate_all_with_npm

CLASSES = [
    cls
    for module in (service, compute, sagemaker)
    for cls in (getattr(module, name) for name in module.__all__)
    if isinstance(cls, type) and issubclass(cls, ServiceStep) and getattr(cls, "row", None)
]
OWN: dict[str, Any] = {
    # calls that are Step Functions' own, or take JSON where the API takes text
    "apigateway:invoke": {"ApiEndpoint": "x.execute-api.us-east-1.amazonaws.com", "Method": "GET"},
    "http:invoke": {
        "ApiEndpoint": "https://example.com",
        "Method": "GET",
        "Authentication": {"ConnectionArn": "arn:aws:events:us-east-1:123456789012:connection/c/1"},
    },
}

NOT_IN_MOTO = {"BedrockAgentCoreInvokeHarnessStep", "HttpInvokeStep"}
"""Services whose resources moto's grammar does not know; AWS's guide lists both."""


def request(step: ServiceStep) -> Any:
    if step.call.resource in OWN:
        return OWN[step.call.resource]
    if step.call.api is None:
        required = step.call.fields.partition("|")[0].split()
        return {name: {} if name == "Job" else "x" for name in required}
    made = smallest(step.service, step.operation[:1].upper() + step.operation[1:])
    return {**made, **{name: {} for name in step.call.json if name in made}}


def with_request(cls: type[ServiceStep]) -> ServiceStep:
    if cls is ModelPackageStep:  # it takes what it needs from a model, so there is none without a request
        return cls("state", request=smallest("sagemaker", "CreateModelPackage"))
    step = cls("state")
    return step.with_request(request(step))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_the_service_takes_its_smallest_request(cls: type[ServiceStep]):
    problems = [problem for problem in with_request(cls).request_problems() if problem.severity == "error"]
    assert [str(problem) for problem in problems] == []


def definitions() -> dict[str, dict[str, Any]]:
    made = {cls.__name__: Graph(with_request(cls)).to_dict() for cls in CLASSES}
    return {**made, **{case.__name__: definition(case, THINGS) for case in CASES}}


def test_no_validator_finds_anything_in_the_definitions():
    made = definitions()
    ours = {name: told for name, one in made.items() if (told := [p for p in validate(one) if p.severity == "error"])}
    assert ours == {}
    theirs = dict(zip(made, validate_all_with_npm(list(made.values())), strict=True))
    assert {name: told for name, told in theirs.items() if any(told.values())} == {}


def test_the_parser_of_the_embedded_aws_takes_the_definitions(local_aws: Any):
    client = local_aws.client("stepfunctions")
    refused = {}
    for name, one in definitions().items():
        told = client.validate_state_machine_definition(definition=json.dumps(one))
        if told["result"] != "OK":
            refused[name] = told["diagnostics"][0]["message"]
    assert set(refused) == NOT_IN_MOTO, refused
