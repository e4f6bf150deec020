"""One poll per execution, whoever follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.exceptions import AccessDenied, DeployError
from airflow_sfn_ml.hooks.errors import is_passing
from airflow_sfn_ml.triggers import loops, watch, watched
from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.loops import Loop, of_loop
from airflow_sfn_ml.triggers.poll import Pace
from airflow_sfn_ml.triggers.station import Station
from airflow_sfn_ml.triggers.watch import Watcher
from tests.triggers.scripted import STARTED, SUCCEEDED, Scripted, entered, events, exited, failed

RUN = events(STARTED, entered("a"), exited("a"), entered("b"), exited("b"), SUCCEEDED)
FAST = Pace(shortest=0.001, longest=0.002)


def watcher(*history: Any, **kwargs: Any) -> tuple[Watcher, Scripted]:
    source = Scripted(list(history), **kwargs)
    return Watcher("arn", Station(source, is_passing, FAST, Budget(None, 1.0))), source


async def statuses(of: Watcher) -> list[str]:
    return [view.status async for view in of.snapshots()]


def run(make: Callable[[], Awaitable[Any]]) -> Any:
    return asyncio.run(asyncio.wait_for(make(), 20))


def refused(code: str) -> DeployError:
    """What the hook raises when AWS answers with *code*."""
    try:
        with translated(None, "states:GetExecutionHistory", "arn"):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetExecutionHistory")
    except DeployError as error:
        return error


def throttled() -> DeployError:
    return refused("ThrottlingException")


def unknown() -> DeployError:
    return refused("ExecutionDoesNotExist")


def test_many_followers_share_one_poll_and_no_event_is_read_twice():
    async def scenario() -> Scripted:
        shared, source = watcher(RUN[:2], RUN[2:4], RUN[4:])
        told = await asyncio.gather(*(statuses(shared) for _ in range(12)))
        assert all(seen[-1] == "SUCCEEDED" for seen in told)
        return source

    source = run(scenario)
    assert source.looks == 3
    assert source.read == [1, 2, 3, 4, 5, 6]


def test_a_later_follower_begins_with_the_view_that_is_known():
    async def scenario() -> None:
        shared, source = watcher(RUN[:3], RUN[3:])
        async for view in shared.snapshots():
            assert view.status == "RUNNING"
            break
        looks = source.looks
        await asyncio.sleep(0.05)
        assert source.looks == looks, "nobody follows, so nobody looks"
        first = await anext(shared.snapshots())
        assert (first.last_event_id, source.looks) == (3, looks)

    run(scenario)


def test_an_execution_that_has_ended_long_ago_is_checked_once_more():
    async def scenario() -> None:
        shared, source = watcher(RUN)
        assert await statuses(shared) == ["SUCCEEDED"]
        assert await statuses(shared) == ["SUCCEEDED"]
        assert source.looks == 1
        shared.looked_at -= 10 * watched.FRESH
        assert await statuses(shared) == ["SUCCEEDED"]
        assert source.looks == 2

    run(scenario)


def test_throttling_slows_the_watch_and_fails_nothing():
    async def scenario() -> None:
        shared, _ = watcher(throttled(), RUN[:2], throttled(), throttled(), RUN[2:])
        assert (await statuses(shared))[-1] == "SUCCEEDED"

    run(scenario)


def test_an_execution_that_was_just_started_may_be_unknown_for_a_while():
    async def scenario() -> None:
        shared, _ = watcher(unknown(), unknown(), RUN)
        assert await statuses(shared) == ["SUCCEEDED"]

    run(scenario)


def test_an_execution_that_stays_unknown_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watched, "GRACE", 0.0)

    async def scenario() -> None:
        shared, _ = watcher(unknown())
        with pytest.raises(DeployError, match="ExecutionDoesNotExist"):
            await statuses(shared)

    run(scenario)


def test_a_missing_permission_ends_all_followers_at_once():
    async def scenario() -> None:
        shared, source = watcher(AccessDenied("states:GetExecutionHistory"))
        told = await asyncio.gather(*(statuses(shared) for _ in range(3)), return_exceptions=True)
        assert [type(error) for error in told] == [AccessDenied] * 3
        assert source.looks == 1

    run(scenario)


def test_a_status_that_leaves_no_event_is_found_by_asking():
    async def scenario() -> None:
        shared, _ = watcher(RUN[:2], status="PENDING_REDRIVE")
        assert (await statuses(shared))[-1] == "PENDING_REDRIVE"

    run(scenario)


def test_a_failure_ends_the_watch():
    async def scenario() -> None:
        shared, _ = watcher(events(STARTED, entered("a"), failed()))
        assert await statuses(shared) == ["FAILED"]

    run(scenario)


def test_views_outlive_their_followers_up_to_a_limit(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(loops, "KEPT", 2)

    async def scenario() -> None:
        found = Loop()
        made = [found.watcher(name, lambda: watcher(RUN)[0]) for name in "abcd"]
        assert found.watcher("d", lambda: watcher(RUN)[0]) is made[3]
        assert found.watcher("a", lambda: watcher(RUN)[0]) is not made[0]

    run(scenario)


def test_each_event_loop_has_watchers_of_its_own():
    async def scenario() -> Loop:
        assert of_loop() is of_loop()
        return of_loop()

    assert run(scenario) is not run(scenario)


def test_an_end_between_reading_and_asking_is_read_before_it_is_told(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(watch, "QUIET", 0)

    async def scenario() -> None:
        shared, _ = watcher(RUN[:4], [], RUN[4:], status="SUCCEEDED")
        views = [view async for view in shared.snapshots()]
        assert views[-1].status == "SUCCEEDED"
        assert views[-1].state("b").status == "succeeded"
        assert [view.status for view in views] == ["RUNNING", "SUCCEEDED"]

    run(scenario)
