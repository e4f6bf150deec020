"""From the value of a request to the part of an ARN that it means. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from airflow_sfn_ml.deploy.place import Place

Reading = Callable[[str, Place], str]
GEOGRAPHIES = ("us.", "us-gov.", "eu.", "apac.", "jp.", "au.", "ca.", "global.")


def _function(value: str, place: Place) -> str:
    """A function by its name, its ARN or the part of it that begins with the account; the qualifier is left out."""
    if value.startswith("arn:"):
        return ":".join(value.split(":")[:7])
    partial = re.fullmatch(r"(\d{12}):function:([^:]+)(?::.*)?", value)
    if partial:
        return f"arn:{place.partition}:lambda:{place.region}:{partial[1]}:function:{partial[2]}"
    return value.partition(":")[0]


def _project(value: str, place: Place) -> str:
    """The project of a build, whose id is ``project:uuid``."""
    found = re.fullmatch(r"(arn:[^:]+:codebuild:[^:]*:[^:]*:)build(?:-batch)?/([^:]+):.*", value)
    if found:
        return f"{found[1]}project/{found[2]}"
    return value.partition(":")[0]


def _report(value: str, place: Place) -> str:
    """The group of a report, whose ARN ends in ``report/group:uuid``."""
    found = re.fullmatch(r"(arn:[^:]+:codebuild:[^:]*:[^:]*:)report/([^:]+):.*", value)
    return f"{found[1]}report-group/{found[2]}" if found else "*"


def _family(value: str, place: Place) -> str:
    """A task definition, in any revision if none is named."""
    last = value.rpartition("/")[2]
    return value if ":" in last or value.endswith("*") else f"{value}:*"


def _cluster(value: str, place: Place) -> str:
    return value.rpartition("/")[2]


def _role(value: str, place: Place) -> str:
    """A role by its ARN or its name."""
    if value.startswith("arn:"):
        return value
    return f"arn:{place.partition}:iam::{place.account}:role/{value}"


def _queue(value: str, place: Place) -> str:
    """A queue by its URL."""
    found = re.fullmatch(r"https://sqs\.([^./]+)\.[^/]+/(\d{12})/(.+)", value)
    if found:
        return f"arn:{place.partition}:sqs:{found[1]}:{found[2]}:{found[3]}"
    return "*" if "/" in value else value


def _machine(value: str, place: Place) -> str:
    """The executions of a state machine, without the colon and their names; a version or an alias is left out."""
    if value.startswith("arn:") and ":stateMachine:" in value:
        return ":".join(value.split(":")[:7]).replace(":stateMachine:", ":execution:", 1)
    return "*"


def _model(value: str, place: Place) -> str:
    """A model of Bedrock by its id, or an inference profile, which spreads over regions."""
    if value.startswith("arn:"):
        return value
    if value.startswith(GEOGRAPHIES):
        return f"arn:{place.partition}:bedrock:{place.region}:{place.account}:inference-profile/{value}"
    return f"arn:{place.partition}:bedrock:{place.region}::foundation-model/{value}"


def _base_model(value: str, place: Place) -> str:
    """The model behind an inference profile, in any region; the model itself otherwise."""
    head = next((head for head in GEOGRAPHIES if value.startswith(head)), "")
    if head:
        return f"arn:{place.partition}:bedrock:*::foundation-model/{value.removeprefix(head)}"
    return _model(value, place)


def _object(value: str, place: Place) -> str:
    """An object in S3 by its URI."""
    return value.removeprefix("s3://")


def _api(value: str, place: Place) -> str:
    return value.partition(".")[0]


def _path(value: str, place: Place) -> str:
    return value.lstrip("/")


def _secret(value: str, place: Place) -> str:
    """A secret by its name, to whose ARN AWS adds six characters."""
    return value if value.startswith("arn:") or value.endswith("*") else f"{value}-??????"


READINGS: Mapping[str, Reading] = {
    "api": _api,
    "base": _base_model,
    "cluster": _cluster,
    "family": _family,
    "function": _function,
    "machine": _machine,
    "model": _model,
    "object": _object,
    "path": _path,
    "project": _project,
    "queue": _queue,
    "report": _report,
    "role": _role,
    "secret": _secret,
}
"""By the name that stands behind the bar of a template."""
