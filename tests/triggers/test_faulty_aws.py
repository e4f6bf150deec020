"""Watching while AWS throttles, fails, and shows reads that are old."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest

from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.hooks.errors import is_passing
from airflow_sfn_ml.hooks.reads import Reads
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.poll import Pace
from airflow_sfn_ml.triggers.station import Station
from airflow_sfn_ml.triggers.status import StatusWatcher
from airflow_sfn_ml.triggers.watch import Watcher

COUNT = 12
STATES = {
    "a": {"Type": "Wait", "Seconds": 1, "Next": "b"},
    "b": {"Type": "Wait", "Seconds": 2, "Next": "c"},
    "c": {"Type": "Pass", "Output": 1, "End": True},
}


@pytest.fixture
def aws() -> Iterator[LocalAws]:
    """A server of its own: faults are the whole server's."""
    with LocalAws(grace_seconds=2) as aws:
        yield aws


def start(aws: LocalAws) -> list[str]:
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name="m",
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "a", "States": STATES}),
        roleArn="arn:aws:iam::123456789012:role/r",
    )["stateMachineArn"]
    return [
        client.start_execution(stateMachineArn=machine, name=f"e{number}")["executionArn"] for number in range(COUNT)
    ]


def test_no_event_is_lost_and_nothing_fails(aws: LocalAws):
    arns = start(aws)
    aws.faults("throttle=0.3,error=0.1,lag=2s,seed=5")

    async def last(watcher: Watcher) -> ExecutionView:
        return [view async for view in watcher.snapshots()][-1]

    async def status(watcher: StatusWatcher) -> str:
        return str([view["status"] async for view in watcher.snapshots()][-1])

    async def scenario() -> tuple[list[ExecutionView], list[str], float]:
        client = aws.client("stepfunctions")
        budget = Budget("us-east-1", 0.5)
        budget.observe(client)
        station = Station(Reads(client), is_passing, Pace(shortest=0.5, longest=2), budget)
        before = budget.rate("GetExecutionHistory")
        views = asyncio.gather(*(last(Watcher(arn, station)) for arn in arns))
        statuses = asyncio.gather(*(status(StatusWatcher(arn, station)) for arn in arns))
        return await views, await statuses, budget.rate("GetExecutionHistory") / before

    views, statuses, slowed = asyncio.run(asyncio.wait_for(scenario(), 150))
    assert statuses == ["SUCCEEDED"] * COUNT
    for view in views:
        assert view.status == "SUCCEEDED"
        assert [view.state(name).status for name in STATES] == ["succeeded"] * 3
        assert view.last_event_id == 8
    assert slowed < 1, "throttling slows the bucket"
