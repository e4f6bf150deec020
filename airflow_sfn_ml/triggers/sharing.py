"""What all triggers of an event loop share: a hook for each connection, and a watcher for each execution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from airflow_sfn_ml.triggers.settings import pace
from airflow_sfn_ml.triggers.watch import Watcher, in_thread, watchers

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

Settings = tuple[str | None, str | None, bool | str | None]
"""A connection's id, the region, and how certificates are verified."""


async def shared_hook(settings: Settings) -> StepFunctionsHook:
    """The hook of *settings*, shared by all triggers that have the same."""
    hooks = watchers().hooks
    if settings not in hooks:
        hooks[settings] = await in_thread(_make_hook, *settings, await _connection(settings[0]))
    hook: StepFunctionsHook = hooks[settings]
    return hook


async def shared_watcher(settings: Settings, arn: str) -> Watcher:
    """The watcher of the execution *arn*, shared by all triggers that follow it."""
    from airflow_sfn_ml.hooks.errors import is_passing

    hook = await shared_hook(settings)
    return watchers().get((*settings, arn), lambda: Watcher(arn, hook, is_passing, pace()))


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
