"""What the resource of a Task calls, and what is wrong with its arguments.

A resource here is what follows ``arn:aws:states:::``: ``sagemaker:createTrainingJob.sync``,
``aws-sdk:glue:getCrawler``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_sfn_ml.steps.base import ServiceStep
from airflow_sfn_ml.steps.casing import spelling
from airflow_sfn_ml.steps.integrations import INTEGRATIONS, Integration
from airflow_sfn_ml.steps.requests import RequestProblem, check_request
from airflow_sfn_ml.steps.sdk import SdkStep

SDK = "aws-sdk:"


def call_of(resource: str) -> Integration:
    """The row of the table that *resource* is.

    :raises ValueError: there is no such call.
    """
    if resource.startswith(SDK):
        service, _, operation = resource.removeprefix(SDK).partition(":")
        step: ServiceStep = SdkStep("call", service, operation.partition(".")[0])
        problems = step.problems()
        if problems:
            raise ValueError(problems[0])
        return step.call
    row = INTEGRATIONS.get(resource.partition(".")[0])
    if row is None:
        raise ValueError(f"Step Functions has no integration {resource!r}")
    return row


def api_of(resource: str) -> tuple[str, str] | None:
    """The service, as boto3 calls it, and the operation of *resource*; None where the call is Step Functions' own."""
    api = call_of(resource).api
    return None if api is None else (api.partition(".")[0], api.partition(".")[2])


def argument_problems(resource: str, arguments: Any, later: Callable[[Any], bool]) -> list[RequestProblem]:
    """What would be refused of *arguments*; *later* tells which values are not known yet."""
    call = call_of(resource)
    if later(arguments):
        return []
    if not isinstance(arguments, Mapping):
        return [RequestProblem("request", f"is {type(arguments).__name__}, not a dict")]
    if call.api is None:
        return _own(call, arguments)
    service, _, operation = call.api.partition(".")
    free = {key for key in call.json if key in arguments}
    checked = {key: value for key, value in arguments.items() if key not in free}
    found = check_request(service, operation, checked, injected=free, dynamic=later, spelled=spelling(resource))
    return [problem for problem in found if problem.severity == "error"]


def _own(call: Integration, arguments: Mapping[str, Any]) -> list[RequestProblem]:
    required, _, optional = call.fields.partition("|")
    missing = [RequestProblem(name, "is required") for name in required.split() if name not in arguments]
    known = {*required.split(), *optional.split()}
    return missing + [
        RequestProblem(name, f"there is no such field; known are {', '.join(sorted(known))}")
        for name in sorted(set(arguments) - known)
    ]
