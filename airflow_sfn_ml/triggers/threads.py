"""Calls of boto3 run in threads, so that the event loop of the triggerer never waits for AWS.

A task must not fail because AWS is busy or out of reach for a while. The watchers look again by themselves; whatever
else a trigger asks of AWS is asked again here.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

log = logging.getLogger(__name__)

COUNT = 8
FIRST, LONGEST = 1.0, 30.0
"""The first and the longest pause between two calls after errors that pass, in seconds."""
_threads = ThreadPoolExecutor(max_workers=COUNT, thread_name_prefix="sfn-ml")


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run *function* beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: function(*args))


async def insist(function: Callable[..., Any], *args: Any) -> Any:
    """Run *function* beside the event loop, and again after a pause while it fails with what passes by itself."""
    from airflow_sfn_ml.hooks.errors import is_passing

    pause = FIRST
    while True:
        try:
            return await in_thread(function, *args)
        except Exception as error:
            if not is_passing(error):
                raise
            log.warning("Trying again in %.0f s: %s", pause, error)
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))
        pause = min(LONGEST, 2 * pause)
