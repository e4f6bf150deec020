"""What all triggers of an event loop share: hooks, budgets, and a watcher for each execution."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.loops import Equipment, of_loop
from airflow_sfn_ml.triggers.reading import begin_reading
from airflow_sfn_ml.triggers.settings import pace, poll_with_events, quota_share
from airflow_sfn_ml.triggers.station import Source, Station
from airflow_sfn_ml.triggers.status import StatusWatcher
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.watch import Watcher

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

APART = 0.2
"""Over how many seconds those go on who waited for the same client: a thousand at once would block the event loop."""
Settings = tuple[str | None, str | None, bool | str | None] | tuple[str | None, str | None, bool | str | None, str]
"""A connection's id, the region, how certificates are verified, and settings of botocore as JSON, if there are any."""


async def shared_hook(settings: Settings) -> StepFunctionsHook:
    """The hook of *settings*, shared by all triggers that have the same."""
    return (await _equipment(settings)).hook


def shared_budget(settings: Settings) -> Budget:
    """What may be asked of AWS with the connection and in the region of *settings*: take a token before each call."""
    budgets = of_loop().budgets
    budget = budgets.get(settings[:2])
    if budget is None:
        budget = budgets[settings[:2]] = Budget(settings[1], quota_share())
    return budget


async def shared_watcher(settings: Settings, arn: str) -> Watcher:
    """The watcher of the execution *arn*, shared by all triggers that follow it."""
    station = (await _equipment(settings)).station
    return of_loop().watcher((*settings, arn), lambda: Watcher(arn, station))


async def shared_status(settings: Settings, arn: str) -> StatusWatcher:
    """The watcher of the execution *arn* as a whole: its snapshots are what ListExecutions or DescribeExecution say of
    it, without input and output, and its history is not read."""
    station = (await _equipment(settings)).station
    return of_loop().watcher((*settings, arn, "status"), lambda: StatusWatcher(arn, station))


async def _equipment(settings: Settings) -> Equipment:
    """Hook and station of *settings*, made once however many ask at the same time."""
    known = of_loop().equipment
    made: asyncio.Future[Equipment] | None = known.get(settings)
    if made is None or (made.done() and (made.cancelled() or made.exception() is not None)):
        made = known[settings] = asyncio.ensure_future(_make(settings))
    if made.done():
        return made.result()
    equipment = await asyncio.shield(made)  # who asked first may be cancelled; the others go on waiting
    await asyncio.sleep(random.random() * APART)
    return equipment


async def _make(settings: Settings) -> Equipment:
    botocore = settings[3] if len(settings) == 4 else "null"
    connection = await _connection(settings[0])
    hook, source, is_passing = await in_thread(_make_hook, *settings[:3], connection, json.loads(botocore))
    budget = shared_budget(settings)
    budget.settle(hook.conn.meta.region_name)
    budget.observe(hook.conn)
    station = Station(source, is_passing, pace(), budget, of_loop().interests, of_loop().reliance, poll_with_events())
    begin_reading(of_loop(), is_passing)
    return Equipment(hook, station)


async def _connection(conn_id: str | None) -> Any:
    if not conn_id:
        return None
    try:
        return await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException:
        return None  # the Amazon provider then uses boto3's own way to find credentials


def _make_hook(
    conn_id: str | None, region: str | None, verify: Any, connection: Any, botocore: dict[str, Any] | None
) -> tuple[StepFunctionsHook, Source, Callable[[BaseException], bool]]:
    """All that needs boto3, whose import and whose clients take long: for a thread."""
    from airflow_sfn_ml.hooks.errors import is_passing
    from airflow_sfn_ml.hooks.reads import Reads
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    hook = StepFunctionsHook(
        conn_id if connection is not None else None,
        region_name=region,
        verify=verify,
        config=botocore,
        connection=connection,
    )
    return hook, Reads(hook.conn), is_passing
