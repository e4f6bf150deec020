"""What all triggers of an event loop share: hooks, budgets, and a watcher for each execution."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.settings import pace, quota_share
from airflow_sfn_ml.triggers.status import StatusWatcher
from airflow_sfn_ml.triggers.watch import Watcher, in_thread, watchers

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

Settings = tuple[str | None, str | None, bool | str | None]
"""A connection's id, the region, and how certificates are verified."""


async def shared_hook(settings: Settings) -> StepFunctionsHook:
    """The hook of *settings*, shared by all triggers that have the same."""
    hooks = watchers().hooks
    made: asyncio.Future[StepFunctionsHook] | None = hooks.get(settings)
    if made is None or (made.done() and (made.cancelled() or made.exception() is not None)):
        made = hooks[settings] = asyncio.ensure_future(_hook(settings))
    hook: StepFunctionsHook = await asyncio.shield(made)  # who asked first may be cancelled; the others go on waiting
    return hook


def shared_budget(settings: Settings) -> Budget:
    """What may be asked of AWS with the connection and in the region of *settings*: take a token before each call."""
    budgets = watchers().budgets
    budget: Budget | None = budgets.get(settings[:2])
    if budget is None:
        budget = budgets[settings[:2]] = Budget(settings[1], quota_share())
    return budget


async def shared_watcher(settings: Settings, arn: str) -> Watcher:
    """The watcher of the execution *arn*, shared by all triggers that follow it."""
    from airflow_sfn_ml.hooks.errors import is_passing

    hook = await shared_hook(settings)
    return watchers().get((*settings, arn), lambda: Watcher(arn, hook, is_passing, pace()))


async def shared_status(settings: Settings, arn: str) -> StatusWatcher:
    """The watcher of the execution *arn* as a whole: its snapshots are what ListExecutions or DescribeExecution say of
    it, without input and output, and its history is not read."""
    from airflow_sfn_ml.hooks.errors import is_passing

    hook = await shared_hook(settings)
    budget = shared_budget(settings)
    return watchers().get((*settings, arn, "status"), lambda: StatusWatcher(arn, hook, is_passing, pace(), budget))


async def _hook(settings: Settings) -> StepFunctionsHook:
    hook = await in_thread(_make_hook, *settings, await _connection(settings[0]))
    budget = shared_budget(settings)
    budget.settle(hook.conn.meta.region_name)
    budget.observe(hook.conn)
    return hook


async def _connection(conn_id: str | None) -> Any:
    if not conn_id:
        return None
    try:
        return await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException:
        return None  # the Amazon provider then uses boto3's own way to find credentials


def _make_hook(conn_id: str | None, region: str | None, verify: Any, connection: Any) -> StepFunctionsHook:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    hook = StepFunctionsHook(
        conn_id if connection is not None else None, region_name=region, verify=verify, connection=connection
    )
    _ = hook.conn  # made here, in a thread: creating a client takes tens of milliseconds
    return hook
