"""What an attempt started: found in what the service answered, or in what it was asked.

TaskSubmitted carries the answer of the call that starts a job. Every service names its job in its own way, so the
answer is searched for an ARN or an id; only the few that hide it deeper are known by name. Before the answer, and in
histories without execution data, the name in the request has to do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

IDS = ("JobRunId", "JobId", "QueryExecutionId", "StepId", "ClusterId", "Id")
"""The ids of jobs whose service gives no ARN: Glue, Batch, Athena, EMR."""
NESTED = {"ecs": "Tasks", "codebuild": "Build", "mediaconvert": "Job"}
"""Where these services put the description of what they started."""


def submitted(service: str | None, text: str | None) -> tuple[str | None, str | None]:
    """Name and ARN of the job in the answer *text* of *service*."""
    answer = document(text)
    inner = answer.get(NESTED.get(service or "", ""))
    if isinstance(inner, list):
        inner = inner[0] if inner else None
    if isinstance(inner, Mapping):
        answer = inner
    arn = next((str(value) for key, value in answer.items() if _is_arn(key, value)), None)
    if arn is not None:
        return arn.rpartition(":")[2].rpartition("/")[2], arn
    return next((str(answer[key]) for key in IDS if isinstance(answer.get(key), str)), None), None


def requested(text: str | None) -> str | None:
    """The name of the job in the request *text*."""
    request = document(text)
    return next((value for key, value in request.items() if key.endswith("JobName") and isinstance(value, str)), None)


def document(text: str | None) -> Mapping[str, object]:
    """The JSON object in *text*; an empty one if there is none."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _is_arn(key: str, value: object) -> bool:
    return key.lower().endswith("arn") and isinstance(value, str) and value.startswith("arn:")
