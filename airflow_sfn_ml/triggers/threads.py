"""Calls of boto3 run in threads, so that the event loop of the triggerer never waits for AWS."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

COUNT = 8
_threads = ThreadPoolExecutor(max_workers=COUNT, thread_name_prefix="sfn-ml")


async def in_thread(function: Callable[..., Any], *args: Any) -> Any:
    """Run *function* beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(_threads, lambda: function(*args))
