"""Whom an event concerns. Pure.

Events only say whom to look at. Nothing that they tell is believed: they come late, twice, in any order, or never, and
anyone who may send to the queue can make one up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from airflow_sfn_ml.triggers.coverage import family

EXECUTION = "Step Functions Execution Status Change"
JOB = "State Change"


def names_in(body: str) -> frozenset[str]:
    """The names and ARNs by which the event in *body* can be told; none if it is no event of ours.

    The body is the event itself, as EventBridge sends it to a queue, or holds it as text, as SNS does.
    """
    event = _document(body)
    if "detail" not in event and isinstance(event.get("Message"), str):
        event = _document(event["Message"])
    kind, detail = event.get("detail-type"), event.get("detail")
    if not isinstance(kind, str) or not isinstance(detail, Mapping):
        return frozenset()
    if kind == EXECUTION:
        return frozenset(name for name in (detail.get("executionArn"),) if isinstance(name, str))
    if kind.startswith("SageMaker ") and kind.endswith(JOB):
        return frozenset(_names_of_job(detail))
    return frozenset()


def _names_of_job(detail: Mapping[str, object]) -> Iterator[str]:
    for key, value in detail.items():
        if isinstance(value, str) and key.endswith(("JobArn", "JobName")):
            yield value
            tries = family(value)
            if tries is not None:
                yield tries


def _document(text: object) -> Mapping[str, object]:
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
