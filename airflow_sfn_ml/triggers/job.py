"""An asset that changes when a job in SageMaker ends."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from airflow_sfn_ml.hooks.sagemaker import KINDS, look
from airflow_sfn_ml.triggers import sources
from airflow_sfn_ml.triggers.changes import Change
from airflow_sfn_ml.triggers.sharing import shared_budget, shared_hook
from airflow_sfn_ml.triggers.sources import Source
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.watching import ChangeTrigger

JOBS = ("Processing", "Training", "Transform", "Tuning", "AutoML")


class SageMakerJobStateTrigger(ChangeTrigger):
    """Fire when a job whose name fits a pattern has ended, for the watcher of an asset.

    The payload is ``{"kind", "name", "arn", "status", "started", "ended", "description"}``; the description is what
    SageMaker says of the job, where that is small.

    :param kind: ``Processing``, ``Training``, ``Transform``, ``Tuning`` or ``AutoML``.
    :param name_pattern: of the job's name, with ``*``, ``?`` and ``[...]``.
    :param statuses: in which it has to end.

    The other parameters are those of `ChangeTrigger`.
    """

    path = "airflow_sfn_ml.triggers.job.SageMakerJobStateTrigger"
    own = ("kind", "name_pattern", "statuses")

    def __init__(
        self, kind: str, name_pattern: str = "*", statuses: Sequence[str] = ("Completed",), **common: Any
    ) -> None:
        super().__init__(**common)
        if kind not in JOBS:
            raise ValueError(f"kind is one of {', '.join(JOBS)}, not {kind!r}")
        known = KINDS[kind].done | KINDS[kind].failed | KINDS[kind].stopped
        if unknown := set(statuses) - known:
            raise ValueError(f"a job ends as {', '.join(sorted(known))}, not as {', '.join(sorted(unknown))}")
        self.kind = kind
        self.name_pattern = name_pattern
        self.statuses = list(statuses)

    def fits(self, change: Change) -> bool:
        """Whether *change* is that of such a job."""
        named = change.kind == self.kind and fnmatchcase(change.name, self.name_pattern)
        return named and change.status in self.statuses

    def place(self) -> tuple[Hashable, ...]:
        """The list of its kind."""
        return "jobs", self.kind

    def polled(self) -> Source:
        """What looks at the list."""
        return sources.jobs(self.settings, KINDS[self.kind], self.interval)

    async def complete(self, change: Change) -> Change:
        """*change* with the description of the job."""
        if change.result is not None:
            return change
        hook, kind = await shared_hook(self.settings), KINDS[self.kind]
        await shared_budget(self.settings).take(kind.action)
        try:
            return change.with_result(await in_thread(look, hook, kind, change.name))
        except Exception as error:
            self.log.warning("Telling of %s without its description: %s", change.name, error)
            return change
