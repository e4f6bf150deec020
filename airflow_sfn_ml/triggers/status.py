"""An execution that is watched as a whole: whether it runs and how it ended, but not what happens in it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.triggers.budget import Budget
from airflow_sfn_ml.triggers.poll import Pace
from airflow_sfn_ml.triggers.watch import GRACE, Source, _unknown, in_thread

log = logging.getLogger(__name__)


@dataclass(eq=False)
class StatusWatcher:
    """The status of one execution, as a DescribeExecution answer without input and output."""

    arn: str
    source: Source
    is_passing: Callable[[BaseException], bool]
    pace: Pace = field(default_factory=Pace)
    budget: Budget = field(default_factory=Budget)
    view: dict[str, Any] | None = None
    _followers: int = 0

    async def snapshots(self) -> AsyncGenerator[dict[str, Any], None]:
        """The summary now, and again whenever the status changed; ends after that of an execution that has ended."""
        began = changed_at = time.monotonic()
        told, errors = "", 0
        while told in ("", "RUNNING"):
            try:
                await self.budget.take("DescribeExecution")
                self.view = await in_thread(self.source.describe, self.arn)
                errors = 0
            except Exception as error:
                waiting = _unknown(error) and time.monotonic() - began < GRACE
                if not waiting and not self.is_passing(error):
                    raise
                errors += 1
            if self.view is not None and self.view["status"] != told:
                told, changed_at = self.view["status"], time.monotonic()
                yield self.view
                continue
            await asyncio.sleep(self.pace.pause(time.monotonic() - changed_at, errors, random.random()))

    def doubt(self) -> None:
        """Look again before telling anything: the execution may have been redriven."""
        self.view = None
