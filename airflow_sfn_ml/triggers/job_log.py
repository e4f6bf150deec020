"""Copy what a job says into the log of its task, while it runs.

Each look costs a call for the names of the job's streams and one for each stream, and takes a token of the budget for
each. What is more than a look may copy waits for the next one, so a job that says much is told late, not for more.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.history import Failure
from airflow_sfn_ml.triggers.settings import stream_interval, stream_lines
from airflow_sfn_ml.triggers.sharing import Settings, shared_budget, shared_hook
from airflow_sfn_ml.triggers.threads import in_thread

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.job_logs import Lines
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

LAST_LOOKS = 2
"""How many looks there are after the job has ended: what it wrote last may come late."""


@dataclass(eq=False)
class JobLog:
    """The log of the job that a task waits for; of another one as soon as it is tried again."""

    settings: Settings
    log: logging.Logger | Any
    _of: tuple[str, str] | None = None
    _at: dict[str, str | None] = field(default_factory=dict)
    _is_full: bool = False
    _copying: asyncio.Task[None] | None = None

    def follow(self, job: Failure) -> None:
        """Copy the log of *job*, which may be the one that is followed already, or none."""
        of = (job.log_group, job.log_stream_prefix) if job.log_group and job.log_stream_prefix else None
        if of is None or of == self._of:
            return
        self.stop()
        self._of, self._at = of, {}
        self._copying = asyncio.get_running_loop().create_task(self._copy())

    async def finish(self) -> bool:
        """Copy what the job wrote last; whether there was a job to follow."""
        self.stop()
        if self._of is None:
            return False
        for look in range(LAST_LOOKS):
            await asyncio.sleep(look)  # none before the first
            if not await self._try_to_look():
                break
        if self._is_full:
            self.log.info("The job may have written more: see %s/%s...", *self._of)
        self._of = None
        return True

    def stop(self) -> None:
        """Copy nothing more."""
        if self._copying is not None:
            self._copying.cancel()
            self._copying = None

    async def _copy(self) -> None:
        while await self._try_to_look():
            await asyncio.sleep(stream_interval())

    async def _try_to_look(self) -> bool:
        """Look once; whether another look makes sense."""
        from airflow_sfn_ml.hooks.errors import is_passing

        try:
            await self._look()
        except Exception as error:
            if is_passing(error):
                return True
            self.log.warning("The log of the job cannot be copied: %s", error)
            return False
        return True

    async def _look(self) -> None:
        assert self._of is not None
        group, prefix = self._of
        hook, budget, left = await shared_hook(self.settings), shared_budget(self.settings), stream_lines()
        await budget.take("DescribeLogStreams")
        names = await in_thread(_streams, hook, group, prefix)
        for name in names:
            if left <= 0:
                break
            await budget.take("GetLogEvents")
            lines: Lines = await in_thread(_lines_after, hook, group, name, self._at.get(name), left)
            self._at[name] = lines.position
            left -= len(lines.told)
            mark = f"[{name.removeprefix(prefix)}] " if len(names) > 1 else ""
            for line in lines.told:
                self.log.info("%s%s", mark, line)
        self._is_full = left <= 0


def _streams(hook: StepFunctionsHook, group: str, prefix: str) -> list[str]:
    from airflow_sfn_ml.hooks.job_logs import streams  # which imports botocore: not in the event loop

    return streams(hook, group, prefix)


def _lines_after(hook: StepFunctionsHook, group: str, name: str, position: str | None, limit: int) -> Any:
    from airflow_sfn_ml.hooks.job_logs import lines_after

    return lines_after(hook, group, name, position, limit)
