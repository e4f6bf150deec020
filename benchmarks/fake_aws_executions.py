"""Executions of the fake AWS: each is a few numbers, and its status and history are computed when asked for. Pure.

An execution has one state that runs a SageMaker training job, or a Parallel of several such states. All are entered
when it starts. Each ends at the time that the benchmark has planned for it, and the execution ends after the last.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

REGION = "us-east-1"
ACCOUNT = "123456789012"
CALL = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync"}
FILLER = "s3://a-bucket-of-usual-length/and/a/path/of/usual/length/"
"""Requests and answers are as long as those of a small training job: half a kilobyte, and two."""


def machine_arn(machine: str) -> str:
    """The ARN of the state machine *machine*."""
    return f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{machine}"


def state_name(number: int) -> str:
    """The name of the *number*-th state."""
    return f"t{number}"


def training_job(job: str) -> str:
    """The ARN of the training job *job*."""
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{job}"


@dataclass
class Execution:
    """One execution.

    :param started: when, in seconds since the epoch, as are all times here.
    :param ends: when each state ends, in order; empty while nothing is planned.
    """

    machine: str
    name: str
    started: float
    states: int = 1
    ends: tuple[float, ...] = ()

    @property
    def arn(self) -> str:
        """The ARN of the execution."""
        return f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{self.machine}:{self.name}"

    def job(self, number: int) -> str:
        """The name of the job that the *number*-th state runs, made as the compiler makes it."""
        label = f"{self.name}-{state_name(number)}"
        return f"{label}-{hashlib.sha256(label.encode()).hexdigest()[:10]}-0-0"

    @property
    def stopped(self) -> float | None:
        """When it ends; None while nothing is planned."""
        return self.ends[-1] if self.ends else None

    def status(self, now: float) -> str:
        """RUNNING or SUCCEEDED."""
        return "SUCCEEDED" if self.ends and self.ends[-1] <= now else "RUNNING"

    def summary(self, now: float) -> dict[str, Any]:
        """The execution as ListExecutions tells it."""
        told = {
            "executionArn": self.arn,
            "stateMachineArn": machine_arn(self.machine),
            "stateMachineVersionArn": f"{machine_arn(self.machine)}:1",
            "name": self.name,
            "status": self.status(now),
            "startDate": self.started,
            "redriveCount": 0,
        }
        return told if told["status"] == "RUNNING" else {**told, "stopDate": self.stopped}

    def description(self, now: float, *, data: bool) -> dict[str, Any]:
        """The execution as DescribeExecution tells it; with input and output if *data*."""
        told = {**self.summary(now), "redriveStatus": "NOT_REDRIVABLE"}
        if data:
            told |= {"input": '{"airflow": {}}', "inputDetails": {"included": True}}
            if told["status"] != "RUNNING":
                told |= {"output": answer(self.job(0)), "outputDetails": {"included": True}}
        return told

    def history(self, now: float) -> list[dict[str, Any]]:
        """All events so far, oldest first."""
        return [
            {"id": number, "previousEventId": previous, "timestamp": at, "type": kind, details_key(kind): details}
            for number, (kind, previous, at, details) in enumerate(self._events(now), start=1)
        ]

    def _events(self, now: float) -> Iterator[tuple[str, int, float, dict[str, Any]]]:
        """Type, predecessor, time and details of each event."""
        version = {"stateMachineVersionArn": f"{machine_arn(self.machine)}:1"}
        yield "ExecutionStarted", 0, self.started, {"input": '{"airflow": {}}', **version}
        first = 0
        if self.states > 1:
            yield "ParallelStateEntered", 0, self.started, {"name": "all", "input": "{}"}
            yield "ParallelStateStarted", 2, self.started, {}
            first = 3
        last = {}
        for number in range(self.states):
            yield from self._began(number, first, head := (2 if not first else 4) + 4 * number)
            last[number] = head + 3
        event = (1 if not first else 3) + 4 * self.states
        for number, end in enumerate(self.ends):
            if end > now:
                return
            yield "TaskSucceeded", last[number], end, {**CALL, "output": answer(self.job(number))}
            yield "TaskStateExited", event + 1, end, {"name": state_name(number), "output": answer(self.job(number))}
            event += 2
        if self.stopped is not None:
            if first:
                yield "ParallelStateSucceeded", event, self.stopped, {}
                yield "ParallelStateExited", event + 1, self.stopped, {"name": "all", "output": "[]"}
                event += 2
            yield "ExecutionSucceeded", event, self.stopped, {"output": "{}"}

    def _began(self, number: int, first: int, head: int) -> Iterator[tuple[str, int, float, dict[str, Any]]]:
        """The events of a state up to where its job runs; *head* is the id of the first of them."""
        yield "TaskStateEntered", first, self.started, {"name": state_name(number), "input": "{}"}
        yield "TaskScheduled", head, self.started, {**CALL, "region": REGION, "parameters": request(self.job(number))}
        yield "TaskStarted", head + 1, self.started, CALL
        submitted = json.dumps({"TrainingJobArn": training_job(self.job(number))})
        yield "TaskSubmitted", head + 2, self.started, {**CALL, "output": submitted}


def details_key(kind: str) -> str:
    """Where the details of an event of type *kind* stand."""
    for suffix, key in (("StateEntered", "stateEnteredEventDetails"), ("StateExited", "stateExitedEventDetails")):
        if kind.endswith(suffix):
            return key
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def request(job: str) -> str:
    """The request of a training job."""
    return json.dumps({"TrainingJobName": job, "HyperParameters": {f"parameter{i}": FILLER for i in range(6)}})


def answer(job: str) -> str:
    """What DescribeTrainingJob says of a job that has ended."""
    told = {"TrainingJobName": job, "TrainingJobArn": training_job(job), "TrainingJobStatus": "Completed"}
    return json.dumps({**told, "Described": {f"Field{i}": FILLER for i in range(24)}})
