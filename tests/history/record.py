"""Histories written by hand, in the shape of boto3."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
ARN = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/"


class Recorder:
    """Write one history, event by event; each event follows the one before it unless told otherwise."""

    def __init__(self) -> None:
        self.events: list[dict[str, object]] = []
        self.add("ExecutionStarted", 0, input='{"airflow":{}}', stateMachineVersionArn="arn:version:3")

    def add(self, kind: str, previous: int | None = None, **details: object) -> int:
        """Add an event of type *kind*; return its id."""
        number = len(self.events) + 1
        key = f"{kind[0].lower()}{kind[1:]}EventDetails"
        if kind.endswith(("StateEntered", "StateExited")):
            key = f"state{kind[kind.index('State') + 5 :]}EventDetails"
        self.events.append(
            {
                "id": number,
                "previousEventId": number - 1 if previous is None else previous,
                "type": kind,
                "timestamp": BEGIN + timedelta(seconds=number),
                key: details,
            }
        )
        return number

    def task(self, name: str, previous: int | None = None, job: str = "job-0") -> int:
        """A training job that was entered, scheduled and submitted."""
        self.add("TaskStateEntered", previous, name=name, input="{}")
        return self.attempt(job=job)

    def attempt(self, previous: int | None = None, job: str = "job-0") -> int:
        """One more attempt of a training job."""
        call = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}
        parameters = json.dumps({"TrainingJobName": job})
        self.add("TaskScheduled", previous, **call, region="eu-west-1", parameters=parameters)
        self.add("TaskStarted", **call)
        return self.add("TaskSubmitted", **call, output=json.dumps({"TrainingJobArn": ARN + job}))

    def fail(self, previous: int | None = None, reason: str = "AlgorithmError: boom, exit code: 3") -> int:
        """The job of the attempt failed, with the document of its Describe call as the cause."""
        cause = json.dumps({"TrainingJobName": "job-0", "TrainingJobArn": ARN + "job-0", "FailureReason": reason})
        return self.add("TaskFailed", previous, error="States.TaskFailed", cause=cause, resourceType="sagemaker")

    def succeed(self, name: str, previous: int | None = None) -> int:
        """The job of the attempt succeeded, and the state with it."""
        self.add("TaskSucceeded", previous, resourceType="sagemaker", output='{"ok":true}')
        return self.add("TaskStateExited", name=name, output='{"ok":true}')
