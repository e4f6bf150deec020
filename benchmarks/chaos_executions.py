"""What AWS says has happened: every execution with its jobs, read from histories and lists."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.local import LocalAws

OVER = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Execution:
    """An execution, as its history tells it.

    :param machine: the name of its state machine.
    :param done: how often the call of a state has succeeded, by state.
    :param outputs: what states have put out at last.
    :param jobs: the state that each job was made by.
    """

    name: str
    machine: str
    status: str
    started: str
    redrives: int
    done: Mapping[str, int]
    outputs: Mapping[str, Any]
    jobs: Mapping[str, str]


def executions(aws: LocalAws) -> Iterator[Execution]:
    """All executions of all state machines."""
    client = aws.client("stepfunctions")
    for machine in _pages(client, "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        for item in _pages(client, "list_executions", "executions", stateMachineArn=arn):
            told = client.describe_execution(executionArn=item["executionArn"])
            events = list(
                _pages(client, "get_execution_history", "events", executionArn=item["executionArn"], maxResults=1000)
            )
            yield _execution(machine["name"], told, events)


def jobs(aws: LocalAws) -> dict[str, str]:
    """The status of all jobs, by their names."""
    client = aws.client("sagemaker")
    return {
        job["ProcessingJobName"]: job["ProcessingJobStatus"]
        for job in _pages(client, "list_processing_jobs", "ProcessingJobSummaries", token="NextToken", MaxResults=100)
    }


def messages(aws: LocalAws, url: str) -> Counter[str]:
    """What is in a queue, and how often; they are taken out of it."""
    client = aws.client("sqs")
    found: Counter[str] = Counter()
    while taken := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found.update(message["Body"] for message in taken)
        for message in taken:
            client.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def _execution(machine: str, told: Mapping[str, Any], events: list[dict[str, Any]]) -> Execution:
    states = _states(events)
    done: Counter[str] = Counter()
    outputs: dict[str, Any] = {}
    made: dict[str, str] = {}
    for event in events:
        match event["type"]:
            case "TaskSucceeded":
                done[states[event["id"]]] += 1
            case "TaskSubmitted":
                output = json.loads(event["taskSubmittedEventDetails"].get("output") or "{}")
                if arn := output.get("ProcessingJobArn"):
                    made[arn.rpartition("/")[2]] = states[event["id"]]
            case "TaskStateExited":
                details = event["stateExitedEventDetails"]
                outputs[details["name"]] = json.loads(details.get("output") or "null")
    return Execution(
        told["name"],
        machine,
        told["status"],
        told["startDate"].isoformat(),
        int(told.get("redriveCount", 0)),
        done,
        outputs,
        made,
    )


def _states(events: list[dict[str, Any]]) -> dict[int, str]:
    """The state that each event belongs to, by the event's id: that of the event before it, or one that it enters."""
    states: dict[int, str] = {}
    for event in sorted(events, key=lambda each: int(each["id"])):
        entered = event.get("stateEnteredEventDetails") or {}
        states[event["id"]] = entered.get("name") or states.get(event.get("previousEventId", 0), "")
    return states


def _pages(client: Any, method: str, items: str, token: str = "nextToken", **wanted: Any) -> Iterator[Any]:
    while True:
        page = getattr(client, method)(**wanted)
        yield from page[items]
        if token not in page:
            return
        wanted[token] = page[token]
