"""The shape of what a call gives: the answer of its operation, or of the one that describes the job it waited for."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Path
from airflow_sfn_ml.steps.casing import Spelling, pascal, spelling
from airflow_sfn_ml.steps.integrations import Integration
from airflow_sfn_ml.steps.patterns import IntegrationPattern
from airflow_sfn_ml.steps.service_model import ServiceModel, service_model


def answer_shape(call: Integration, pattern: IntegrationPattern) -> Mapping[str, Any] | None:
    """The fields of the answer, each with the name of its type or with its own fields; None where it is not known."""
    found = _answer(call, pattern)
    return None if found is None else _described(*found, spelling(call.resource), depth=0)


def path_problem(call: Integration, pattern: IntegrationPattern, path: Path) -> str | None:
    """What is wrong with *path* into the answer; None where nothing is, or where the answer is not known."""
    found = _answer(call, pattern)
    if found is None:
        return None
    model, name = found
    spelled = spelling(call.resource)
    for depth, key in enumerate(path):
        shape = model.shape(name)
        if shape["type"] == "structure" and not shape.get("document"):
            members = {spelled(member): target["shape"] for member, target in shape["members"].items()}
            if key not in members:
                where = "".join(f"[{part!r}]" for part in path[:depth])
                near = difflib.get_close_matches(str(key), members, 1)
                return f"the answer{where} has no {key!r}" + (f", did you mean {near[0]!r}?" if near else "")
            name = members[str(key)]
        elif shape["type"] in ("list", "map"):
            name = shape["member" if shape["type"] == "list" else "value"]["shape"]
        else:
            return None
    return None


def type_at(call: Integration, pattern: IntegrationPattern, path: Path) -> str | None:
    """The type of the value at *path* into the answer, as botocore's model names it; None where it is not known."""
    found = _answer(call, pattern)
    if found is None:
        return None
    model, name = found
    spelled = spelling(call.resource)
    for key in path:
        shape = model.shape(name)
        if shape["type"] == "structure":
            name = next((target["shape"] for member, target in shape["members"].items() if spelled(member) == key), "")
        elif shape["type"] in ("list", "map"):
            name = shape["member" if shape["type"] == "list" else "value"]["shape"]
        else:
            return None
        if not name:
            return None
    return str(model.shape(name)["type"])


def _answer(call: Integration, pattern: IntegrationPattern) -> tuple[ServiceModel, str] | None:
    """The model and the name of the shape of the answer."""
    api, _, place = (call.api or "").partition("/")
    if pattern is IntegrationPattern.WaitForTaskToken or (pattern is IntegrationPattern.CallAndContinue and not api):
        return None
    if pattern is IntegrationPattern.WaitForCompletion:
        described, _, place = (call.sync_api or "").partition("/")
        if not described:
            return None
        api = described if "." in described else f"{api.partition('.')[0]}.{described}"
    service, _, operation = api.partition(".")
    if service in ("lambda", "stepfunctions", "bedrock-agentcore"):
        return None  # payloads, outputs and streams are read, so the API's shape is not what the state gives
    model = service_model(service)
    name = model.output_shape(operation)
    for part in filter(None, place.split("/")):
        shape = model.shape(name) if name else {}
        if shape.get("type") == "list":
            name = shape["member"]["shape"]
        else:
            name = next((m["shape"] for key, m in shape.get("members", {}).items() if pascal(key) == part), "")
    return (model, name) if name else None


def _described(model: ServiceModel, name: str, spelled: Spelling, depth: int) -> Any:
    shape = model.shape(name)
    if shape["type"] == "structure" and depth < 5:
        return {
            spelled(member): _described(model, target["shape"], spelled, depth + 1)
            for member, target in shape["members"].items()
        }
    if shape["type"] == "list":
        return [_described(model, shape["member"]["shape"], spelled, depth + 1)]
    return shape["type"]
