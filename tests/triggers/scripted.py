"""An execution whose history is told step by step: the source of events that a watcher reads, without AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def events(*told: tuple[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Events of one chain: each is a type and what it tells beside id, time and predecessor."""
    return [
        {
            "id": position,
            "previousEventId": position - 1,
            "type": kind,
            "timestamp": BEGIN + timedelta(seconds=position),
            **details,
        }
        for position, (kind, details) in enumerate(told, start=1)
    ]


STARTED = ("ExecutionStarted", {"executionStartedEventDetails": {"input": "{}"}})
SUCCEEDED = ("ExecutionSucceeded", {"executionSucceededEventDetails": {"output": "{}"}})


def failed(error: str = "States.TaskFailed", cause: str = "") -> tuple[str, dict[str, Any]]:
    return "ExecutionFailed", {"executionFailedEventDetails": {"error": error, "cause": cause}}


def entered(name: str) -> tuple[str, dict[str, Any]]:
    return "TaskStateEntered", {"stateEnteredEventDetails": {"name": name, "input": "{}"}}


def scheduled() -> tuple[str, dict[str, Any]]:
    return "TaskScheduled", {
        "taskScheduledEventDetails": {
            "resourceType": "sagemaker",
            "resource": "createTrainingJob.sync",
            "region": "us-east-1",
            "parameters": "{}",
        }
    }


def task_failed(error: str, cause: str = "") -> tuple[str, dict[str, Any]]:
    return "TaskFailed", {
        "taskFailedEventDetails": {
            "resourceType": "sagemaker",
            "resource": "createTrainingJob.sync",
            "error": error,
            "cause": cause,
        }
    }


def exited(name: str, output: str = '{"Training": {}}') -> tuple[str, dict[str, Any]]:
    return "TaskStateExited", {"stateExitedEventDetails": {"name": name, "output": output}}


@dataclass
class Scripted:
    """Tells one more of *script* at each look; counts what it was asked. An exception in *script* is raised once."""

    script: list[Any]
    status: str = "RUNNING"
    told: int = 0
    looks: int = 0
    read: list[int] = field(default_factory=list)

    def events(self, arn: str, after: int = 0) -> list[dict[str, Any]]:
        self.looks += 1
        if self.told < len(self.script):
            step = self.script[self.told]
            self.told += 1
            if isinstance(step, Exception):
                raise step
        known = [event for step in self.script[: self.told] if not isinstance(step, Exception) for event in step]
        new = [event for event in known if event["id"] > after]
        self.read += [event["id"] for event in new]
        return new

    def history(self, arn: str, after: int, more: Any) -> tuple[list[dict[str, Any]], Any]:
        return self.events(arn, after), None

    def summary(self, arn: str) -> dict[str, Any]:
        return {"status": self.status, "startDate": BEGIN}

    def executions(self, machine_arn: str, token: Any) -> tuple[list[dict[str, Any]], Any]:
        return [], None
