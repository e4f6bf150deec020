"""Who may call AWS next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import boto3
import pytest

from airflow_sfn_ml.triggers.budget import Budget


def run(make: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(make(), 20))


async def soon() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class Clock:
    """Time that stands still until it is moved; the event loop's timers are called by hand."""

    def __init__(self, budget: Budget) -> None:
        self.now, self.budget = 0.0, budget
        budget._clock = lambda: self.now

    async def move(self, seconds: float) -> None:
        self.now += seconds
        for gate in self.budget._gates.values():
            self.budget._let_in(gate)
        await soon()


def test_urgent_takers_go_first_and_no_more_than_the_share_goes():
    async def scenario() -> list[str]:
        budget = Budget("eu-central-1", share=0.5)
        clock, told = Clock(budget), []

        async def taker(name: str, urgent: bool) -> None:
            await budget.take("ListExecutions", urgent=urgent)
            told.append(name)

        for _ in range(50):
            await budget.take("ListExecutions")
        tasks = [asyncio.create_task(taker(name, name.isupper())) for name in ("a", "b", "C", "d", "E")]
        await soon()
        assert told == [], "the share is used up"
        await clock.move(2)
        assert told == ["C", "E"]
        await clock.move(10)
        await asyncio.gather(*tasks)
        return told

    assert run(scenario) == ["C", "E", "a", "b", "d"]


def test_who_gives_up_waiting_takes_no_token():
    async def scenario() -> None:
        budget = Budget("eu-central-1", share=0.01)
        clock = Clock(budget)
        await budget.take("ListExecutions")
        first, second = (asyncio.create_task(budget.take("ListExecutions")) for _ in range(2))
        await soon()
        first.cancel()
        await clock.move(50)
        assert second.done()

    run(scenario)


def test_a_token_given_to_who_is_cancelled_comes_back():
    async def scenario() -> None:
        budget = Budget("eu-central-1", share=0.01)
        clock = Clock(budget)
        await budget.take("ListExecutions")
        waiting = asyncio.create_task(budget.take("ListExecutions"))
        await soon()
        clock.now = 60
        budget._let_in(budget._gates["ListExecutions"])
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert budget._gates["ListExecutions"].bucket.wait(60) == 0

    run(scenario)


def test_a_region_that_becomes_known_brings_its_quotas():
    async def scenario() -> tuple[float, float]:
        budget = Budget(None, share=0.5)
        before = budget.rate("ListExecutions")
        budget.settle("us-east-1")
        return before, budget.rate("ListExecutions")

    assert run(scenario) == (1.0, 2.5)


def test_a_refusal_that_boto3_hides_slows_the_bucket(monkeypatch: pytest.MonkeyPatch):
    async def scenario() -> tuple[float, float]:
        budget = Budget("us-east-1")
        client = boto3.client("stepfunctions", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        budget.observe(client)
        before = budget.rate("DescribeExecution")
        # what botocore's endpoint emits for each answer, before it decides to try again
        operation = client.meta.service_model.operation_model("DescribeExecution")
        refused = (None, {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {}})
        handlers = client.meta.events
        handlers.emit(
            "needs-retry.sfn.DescribeExecution",
            response=refused,
            endpoint=None,
            operation=operation,
            attempts=1,
            caught_exception=None,
            request_dict={"context": {}},
        )
        await soon()
        return before, budget.rate("DescribeExecution")

    before, after = run(scenario)
    assert after == pytest.approx(before / 2, rel=0.01)
