"""See to an execution that nobody follows for a while.

Between two tasks of a chain no trigger follows the execution for some seconds. When someone ends the Dag run in just
that moment, no trigger is cancelled, so nothing would stop. Therefore the triggerer whose trigger was the last asks
Airflow what became of the Dag run, until another task follows.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from typing import TYPE_CHECKING

from airflow_sfn_ml.triggers.halt import at_work, halt_execution, once
from airflow_sfn_ml.triggers.sharing import shared_hook, shared_watcher
from airflow_sfn_ml.triggers.stopping import Scope, run_order

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.state import StateTrigger

log = logging.getLogger(__name__)

FIRST, GROWTH, LONGEST = 10.0, 1.5, 120.0
"""Seconds until the first look, how the pause grows, and the longest."""


KEPT = 10_000
"""How many executions are remembered that are left alone."""
_released: OrderedDict[str, None] = OrderedDict()


def guard(trigger: StateTrigger, arn: str) -> None:
    """See to the execution *arn* once the task of *trigger* has ended."""
    if arn not in _released:
        once(("guard", arn), lambda: _guard(trigger, arn))


def release(arn: str) -> None:
    """Leave *arn* alone: a person has let it run without its task."""
    _released[arn] = None
    while len(_released) > KEPT:
        _released.popitem(last=False)
    task = at_work().get(("guard", arn))
    if task is not None:
        task.cancel()


async def _guard(trigger: StateTrigger, arn: str) -> None:
    pause, member = FIRST, trigger.member
    watcher = await shared_watcher(trigger.settings, arn)
    while True:
        await asyncio.sleep(pause)
        pause = min(LONGEST, pause * GROWTH)
        if watcher.is_followed:
            return  # who follows sees to it now
        state = await member.run_state()
        meant = run_order(state)
        if meant.scope is not Scope.NOTHING:
            log.warning("Stopping %s, which nobody follows, since %s", arn, meant.cause)
            for line in await halt_execution(await shared_hook(trigger.settings), arn, meant, str(member)):
                log.warning("%s", line)
        if state not in ("running", "queued"):
            return
