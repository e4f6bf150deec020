"""Executions that are watched as a whole, on the embedded AWS."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_sfn_ml.exceptions import AccessDenied, DeployError
from airflow_sfn_ml.hooks.errors import is_passing
from airflow_sfn_ml.hooks.reads import Reads
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.triggers import watched
from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.poll import Pace
from airflow_sfn_ml.triggers.sharing import shared_hook, shared_status, shared_watcher
from airflow_sfn_ml.triggers.station import Station
from airflow_sfn_ml.triggers.status import StatusWatcher
from airflow_sfn_ml.triggers.watch import Watcher
from tests.triggers.refusing import Refusing

FAST = Pace(shortest=0.2, longest=0.5)


def run(make: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(make(), 60))


@pytest.fixture
def source(local_aws: LocalAws) -> Counted:
    return Counted(local_aws.client("stepfunctions"))


class Counted(Reads):
    """Counts its calls."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.client = client
        self.calls: Counter[str] = Counter()
        client.meta.events.register("before-call.sfn", self._count)

    def _count(self, model: Any, **_: Any) -> None:
        self.calls[model.name] += 1

    def machine(self, name: str, state: dict[str, Any]) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": "s", "States": {"s": {**state, "End": True}}}
        arn: str = self.client.create_state_machine(
            name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/r"
        )["stateMachineArn"]
        return arn

    def start(self, machine: str, count: int) -> list[str]:
        return [
            self.client.start_execution(stateMachineArn=machine, name=f"e{number}")["executionArn"]
            for number in range(count)
        ]


def station(source: Any) -> Station:
    return Station(source, is_passing, FAST, Budget("us-east-1", 1.0))


async def ends(watchers: list[StatusWatcher]) -> list[str]:
    async def last(watcher: StatusWatcher) -> str:
        return [view["status"] async for view in watcher.snapshots()][-1]

    return list(await asyncio.gather(*map(last, watchers)))


def wait(seconds: int) -> dict[str, Any]:
    return {"Type": "Wait", "Seconds": seconds}


def test_many_executions_of_a_machine_cost_one_listing(source: Counted):
    arns = source.start(source.machine("whole", wait(3)), 30)

    async def scenario() -> list[str]:
        at = station(source)
        return await ends([StatusWatcher(arn, at) for arn in arns])

    assert run(scenario) == ["SUCCEEDED"] * 30
    assert source.calls["ListExecutions"] < 30
    assert source.calls["DescribeExecution"] <= 2
    assert source.calls["GetExecutionHistory"] == 0


def test_a_single_execution_is_described(source: Counted):
    arn = source.start(source.machine("single", wait(1)), 1)[0]
    assert run(lambda: ends([StatusWatcher(arn, station(source))])) == ["SUCCEEDED"]
    assert source.calls["ListExecutions"] == 0
    assert source.calls["DescribeExecution"] >= 2


def test_what_a_listing_does_not_reach_is_described(source: Counted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_sfn_ml.triggers.listing.PAGES", 1)
    monkeypatch.setattr("airflow_sfn_ml.hooks.reads.LISTED", 3)
    arns = source.start(source.machine("many", wait(2)), 8)

    async def scenario() -> list[str]:
        at = station(source)
        return await ends([StatusWatcher(arn, at) for arn in arns])

    assert run(scenario) == ["SUCCEEDED"] * 8
    assert source.calls["DescribeExecution"] >= 5


def test_without_the_permission_to_list_each_is_described_and_the_log_names_the_action(
    source: Counted, caplog: pytest.LogCaptureFixture
):
    arns = source.start(source.machine("unlisted", wait(1)), 4)
    refusing = Refusing(source, executions=AccessDenied("the credentials lack states:ListExecutions"))

    async def scenario() -> list[str]:
        at = station(refusing)
        return await ends([StatusWatcher(arn, at) for arn in arns])

    assert run(scenario) == ["SUCCEEDED"] * 4
    assert caplog.text.count("lack states:ListExecutions") == 1


def test_an_execution_that_does_not_exist_is_an_error_after_a_while(source: Counted, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watched, "GRACE", 0.5)
    machine = source.machine("empty", wait(1))
    missing = machine.replace(":stateMachine:", ":execution:") + ":never"

    async def scenario() -> None:
        at = station(source)
        told = await asyncio.gather(
            ends([StatusWatcher(missing, at)]), ends([StatusWatcher(missing, at)]), return_exceptions=True
        )
        assert [type(error) for error in told] == [DeployError] * 2

    run(scenario)


def test_an_end_that_a_listing_shows_is_read_from_the_history_at_once(source: Counted):
    """The follower's own pace would look a minute later."""
    arns = source.start(source.machine("followed", wait(3)), 10)

    async def scenario() -> list[str]:
        at = Station(source, is_passing, Pace(shortest=60, longest=60), Budget("us-east-1", 1.0))
        watchers = [Watcher(arn, at) for arn in arns]

        async def last(watcher: Watcher) -> str:
            return [view.status async for view in watcher.snapshots()][-1]

        following = [asyncio.create_task(last(watcher)) for watcher in watchers]
        await asyncio.sleep(5)
        next(iter(at.machines.values())).wake()
        return list(await asyncio.wait_for(asyncio.gather(*following), 10))

    assert run(scenario) == ["SUCCEEDED"] * 10


class Slow:
    """Two executions; a listing takes as long as it is held up, and shows what was before."""

    def __init__(self) -> None:
        self.began, self.goes_on = threading.Event(), threading.Event()

    def executions(self, machine: str, token: Any) -> tuple[list[dict[str, Any]], Any]:
        self.began.set()
        self.goes_on.wait(10)
        return [self._summary(f"arn:aws:states:us-east-1:1:execution:m:{name}", "RUNNING") for name in "ab"], None

    def summary(self, arn: str) -> dict[str, Any]:
        return self._summary(arn, "SUCCEEDED" if self.goes_on.is_set() else "RUNNING")

    def _summary(self, arn: str, status: str) -> dict[str, Any]:
        return {"executionArn": arn, "status": status, "startDate": datetime(2026, 1, 1, tzinfo=UTC)}


def test_one_that_remains_after_the_others_left_is_still_looked_at():
    source = Slow()

    async def scenario() -> None:
        at = station(source)
        one, other = (
            asyncio.create_task(ends([StatusWatcher(f"arn:aws:states:us-east-1:1:execution:m:{name}", at)]))
            for name in "ab"
        )
        await asyncio.to_thread(source.began.wait, 10)
        other.cancel()
        await asyncio.sleep(0.1)
        source.goes_on.set()
        assert await asyncio.wait_for(one, 10) == ["SUCCEEDED"]

    run(scenario)


@pytest.fixture
def aws_environment(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("aws_environment")
def test_all_that_wait_share_one_client(source: Counted):
    arn = source.start(source.machine("shared", wait(1)), 1)[0]
    settings = (None, "us-east-1", None)

    async def scenario() -> None:
        hooks = await asyncio.gather(*(shared_hook(settings) for _ in range(20)))
        assert len(set(map(id, hooks))) == 1
        watchers = await asyncio.gather(*(shared_watcher(settings, arn) for _ in range(20)))
        assert len(set(map(id, watchers))) == 1
        assert await ends([await shared_status(settings, arn)]) == ["SUCCEEDED"]

    run(scenario)
