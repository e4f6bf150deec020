"""One job: its request, its status, and the document that Describe gives of it."""

from __future__ import annotations

import copy
import datetime
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

log = logging.getLogger(__name__)

UTC = datetime.UTC
TERMINAL = frozenset({"Completed", "Failed", "Stopped"})
LONGEST_REASON = 1024

Listener = Callable[["Job"], None]


@dataclass(frozen=True)
class Kind:
    """What differs between the kinds of jobs in SageMaker's API."""

    name: str
    resource: str
    label: str
    """As events call it."""
    call: str
    """As boto3's methods and moto's functions call it."""

    @property
    def log_group(self) -> str:
        return f"/aws/sagemaker/{self.name}Jobs"

    @property
    def name_key(self) -> str:
        return f"{self.name}JobName"

    @property
    def arn_key(self) -> str:
        return f"{self.name}JobArn"

    @property
    def status_key(self) -> str:
        return f"{self.name}JobStatus"


PROCESSING = Kind("Processing", "processing-job", "Processing", "processing")
TRAINING = Kind("Training", "training-job", "Training", "training")
TRANSFORM = Kind("Transform", "transform-job", "Transform", "transform")
TUNING = Kind("HyperParameterTuning", "hyper-parameter-tuning-job", "HyperParameter Tuning", "hyper_parameter_tuning")
KINDS = (PROCESSING, TRAINING, TRANSFORM, TUNING)

_DEFAULTS: dict[str, dict[str, Any]] = {
    "Processing": {"StoppingCondition": {"MaxRuntimeInSeconds": 86400}},
    "Training": {
        "EnableNetworkIsolation": False,
        "EnableInterContainerTrafficEncryption": False,
        "EnableManagedSpotTraining": False,
    },
}
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Resource limits exceeded: the training job ran longer than MaxRuntimeInSeconds",
}


class Job:
    """A job of any kind. Its methods may be called from any thread."""

    def __init__(self, kind: Kind, request: dict[str, Any], account: str, region: str) -> None:
        self.kind, self.account, self.region = kind, account, region
        self.request = {**_DEFAULTS.get(kind.name, {}), **request}
        self.name: str = request[kind.name_key]
        self.arn = f"arn:aws:sagemaker:{region}:{account}:{kind.resource}/{self.name}"
        self.tags: dict[str, str] = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or ()}
        self.status = "InProgress"
        self.created = _now()
        self._facts: dict[str, Any] = {}
        self._modified = self.created
        self._transitions: list[dict[str, Any]] = []
        self._listeners: list[Listener] = []
        self._lock = threading.RLock()
        if kind is TRAINING:
            self.enter("Starting")

    @property
    def modified(self) -> datetime.datetime:
        """When it changed last."""
        return self._modified

    @property
    def done(self) -> bool:
        return self.status in TERMINAL

    def note(self, **facts: Any) -> None:
        """Record members of the Describe document."""
        with self._lock:
            self._facts.update(facts)
            self._modified = _now()

    def enter(self, secondary: str) -> None:
        """Record a training job's next secondary status."""
        with self._lock:
            now = _now()
            if self._transitions:
                self._transitions[-1]["EndTime"] = now
            self._transitions.append(
                {"Status": secondary, "StartTime": now, "StatusMessage": _MESSAGES.get(secondary, secondary)}
            )
            self._modified = now

    def start(self) -> None:
        """Record that the container starts now."""
        self.note(**{f"{self.kind.name}StartTime": _now()})

    def begin_stopping(self) -> bool:
        """Move to Stopping; False when there is nothing to stop."""
        with self._lock:
            if self.status != "InProgress":
                return False
            self.status = "Stopping"
            if self.kind is TRAINING:
                self.enter("Stopping")
            return True

    def finish(self, status: str, reason: str | None = None, secondary: str | None = None) -> None:
        """Move to a terminal status and tell those who wait."""
        with self._lock:
            if self.done:
                return
            now = _now()
            facts: dict[str, Any] = {f"{self.kind.name}EndTime": now}
            if reason:
                facts["FailureReason"] = reason[:LONGEST_REASON]
            if self.kind is TRAINING:
                self.enter(secondary or status)
                self._transitions[-1]["EndTime"] = now
                facts |= self._times(now)
            self.note(**facts)
            self.status = status
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            _call(listener, self)

    def on_end(self, listener: Listener) -> None:
        """Call `listener` when the job has ended; at once when it has."""
        with self._lock:
            if not self.done:
                self._listeners.append(listener)
                return
        listener(self)

    def document(self) -> dict[str, Any]:
        """The Describe document, with datetimes."""
        with self._lock:
            members = describe_members(self.kind)
            document = {key: value for key, value in self.request.items() if key in members}
            document |= {
                self.kind.name_key: self.name,
                self.kind.arn_key: self.arn,
                self.kind.status_key: self.status,
                "CreationTime": self.created,
                "LastModifiedTime": self._modified,
                **self._facts,
            }
            if self.kind is TRAINING:
                document["SecondaryStatus"] = self._transitions[-1]["Status"]
                document["SecondaryStatusTransitions"] = self._transitions
            return copy.deepcopy(document)

    def summary(self) -> dict[str, Any]:
        """The job's entry in a list."""
        document = {**(self.request.get("HyperParameterTuningJobConfig") or {}), **self.document()}
        members = summary_members(self.kind)
        return {key: value for key, value in document.items() if key in members}

    def _times(self, now: datetime.datetime) -> dict[str, int]:
        started = self._facts.get("TrainingStartTime")
        seconds = max(1, round((now - started).total_seconds())) if started else 0
        return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


def _call(listener: Listener, job: Job) -> None:
    """Call a listener; one that fails must not keep the others waiting."""
    try:
        listener(job)
    except Exception:
        log.exception("after job %s", job.name)


def _now() -> datetime.datetime:
    return datetime.datetime.now(UTC)


@cache
def operation(name: str) -> Any:
    """botocore's model of one operation of SageMaker."""
    import botocore.session

    return botocore.session.Session().get_service_model("sagemaker").operation_model(name)


@cache
def describe_members(kind: Kind) -> frozenset[str]:
    return frozenset(operation(f"Describe{kind.name}Job").output_shape.members)


@cache
def summary_members(kind: Kind) -> frozenset[str]:
    summaries = operation(f"List{kind.name}Jobs").output_shape.members[f"{kind.name}JobSummaries"]
    return frozenset(summaries.member.members)
