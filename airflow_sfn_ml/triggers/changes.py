"""What has ended in AWS, as one value, whether EventBridge told of it or a list. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

EXECUTION = "Execution"
ENDS = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
"""The statuses in which an execution ends."""
DETAIL_TYPES = {
    "SageMaker Processing Job State Change": ("Processing", "ProcessingJob"),
    "SageMaker Training Job State Change": ("Training", "TrainingJob"),
    "SageMaker Transform Job State Change": ("Transform", "TransformJob"),
    "SageMaker HyperParameter Tuning Job State Change": ("Tuning", "HyperParameterTuningJob"),
    "SageMaker AutoML Job State Change": ("AutoML", "AutoMLJob"),
}
END_TIMES = ("ProcessingEndTime", "TrainingEndTime", "TransformEndTime", "HyperParameterTuningEndTime", "EndTime")
START_TIMES = ("ProcessingStartTime", "TrainingStartTime", "TransformStartTime", "CreationTime")
SMALL = 16_384
"""The most bytes of JSON that an asset event carries of an output; larger ones are read where they are."""


@dataclass(frozen=True)
class Change:
    """An execution or a job that has ended.

    :param kind: ``Execution``, or the kind of the job: ``Processing``, ``Training`` ...
    :param machine_arn: the state machine of an execution.
    :param redrive_count: how often an execution had been redriven.
    :param result: its output, or what the event said of the job; None where that was not told.
    """

    kind: str
    name: str
    arn: str
    status: str
    ended: datetime
    started: datetime | None = None
    machine_arn: str | None = None
    redrive_count: int = 0
    result: Any = field(default=None, compare=False)

    @property
    def id(self) -> str:
        """The same for every message and every list that tells this change; short, since many are kept."""
        return hashlib.sha256(f"{self.arn} {self.status} {self.redrive_count}".encode()).hexdigest()[:16]

    def with_result(self, result: Any) -> Change:
        """The same with *result*, as long as that is small."""
        return replace(self, result=result if len(json.dumps(result, default=str)) <= SMALL else None)

    def payload(self) -> dict[str, Any]:
        """What an asset event tells of it, as JSON."""
        told = {
            "kind": self.kind,
            "name": self.name,
            "arn": self.arn,
            "status": self.status,
            "started": self.started.isoformat() if self.started else None,
            "ended": self.ended.isoformat(),
        }
        if self.kind == EXECUTION:
            return {
                **told,
                "state_machine_arn": self.machine_arn,
                "redrive_count": self.redrive_count,
                "output": self.result,
            }
        return {**told, "description": self.result}


def of_message(text: str) -> Change | None:
    """The change that a message from EventBridge tells; None if it tells something else."""
    try:
        event = json.loads(text)
        detail = event["detail"]
        if event["detail-type"] == "Step Functions Execution Status Change":
            return _of_execution_event(detail)
        if event["detail-type"] in DETAIL_TYPES:
            kind, noun = DETAIL_TYPES[event["detail-type"]]
            return of_job(kind, noun, detail, _time(event.get("time"))).with_result(detail)
    except (ValueError, KeyError, TypeError):
        return None
    return None


def of_execution(item: Mapping[str, Any]) -> Change:
    """The change that an item of ListExecutions, or DescribeExecution, tells of an execution that has ended."""
    return Change(
        EXECUTION,
        item["name"],
        item["executionArn"],
        item["status"],
        item["stopDate"],
        item["startDate"],
        item["stateMachineArn"],
        int(item.get("redriveCount") or 0),
    )


def of_job(kind: str, noun: str, document: Mapping[str, Any], otherwise: datetime | None = None) -> Change:
    """The change that the description or the summary of a job tells.

    :param noun: what the API calls the job, as ``ProcessingJob``.
    :param otherwise: when it was told, for documents that say no time.
    """
    ended = next((found for name in END_TIMES if (found := _time(document.get(name)))), None)
    modified = _time(document.get("LastModifiedTime"))
    started = next((found for name in START_TIMES if (found := _time(document.get(name)))), None)
    return Change(
        kind,
        document[f"{noun}Name"],
        document[f"{noun}Arn"],
        document[f"{noun}Status"],
        ended or modified or otherwise or datetime.now(UTC),
        started,
    )


def _of_execution_event(detail: Mapping[str, Any]) -> Change | None:
    stopped = _time(detail.get("stopDate"))
    if detail["status"] not in ENDS or stopped is None:
        return None
    text = detail.get("output")
    return Change(
        EXECUTION,
        detail["name"],
        detail["executionArn"],
        detail["status"],
        stopped,
        _time(detail.get("startDate")),
        detail["stateMachineArn"],
        int(detail.get("redriveCount") or 0),
    ).with_result(json.loads(text) if text else None)


def _time(told: Any) -> datetime | None:
    """A time as boto3, EventBridge (ISO 8601, or milliseconds since 1970, as a number or a text) or nobody tells it."""
    match told:
        case datetime():
            return told
        case int() | float():
            return datetime.fromtimestamp(told / 1000, UTC)
        case str() if told.isdigit():
            return datetime.fromtimestamp(int(told) / 1000, UTC)
        case str():
            found = datetime.fromisoformat(told)
            return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
