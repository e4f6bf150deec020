"""An asset that changes when an execution of a state machine ends."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from airflow_sfn_ml.triggers import sources
from airflow_sfn_ml.triggers.changes import ENDS, EXECUTION, Change
from airflow_sfn_ml.triggers.ending import output_of
from airflow_sfn_ml.triggers.sharing import shared_budget, shared_hook
from airflow_sfn_ml.triggers.sources import Source
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.watching import ChangeTrigger


class StepFunctionsExecutionTrigger(ChangeTrigger):
    """Fire when an execution of a machine has ended, for the watcher of an asset.

    The payload is ``{"kind", "name", "arn", "state_machine_arn", "status", "started", "ended", "redrive_count",
    "output"}``; the output is there where it is small.

    :param state_machine_arn: the machine, without version or alias.
    :param name_pattern: of the execution's name, with ``*``, ``?`` and ``[...]``.
    :param statuses: in which it has to end.

    The other parameters are those of `ChangeTrigger`.
    """

    path = "airflow_sfn_ml.triggers.execution.StepFunctionsExecutionTrigger"
    own = ("state_machine_arn", "name_pattern", "statuses")

    def __init__(
        self,
        state_machine_arn: str,
        name_pattern: str = "*",
        statuses: Sequence[str] = ("SUCCEEDED",),
        **common: Any,
    ) -> None:
        super().__init__(**common)
        if unknown := set(statuses) - set(ENDS):
            raise ValueError(f"an execution ends as {', '.join(ENDS)}, not as {', '.join(sorted(unknown))}")
        if len(state_machine_arn.split(":")) != 7:
            raise ValueError(f"{state_machine_arn} is not the ARN of a state machine without version or alias")
        self.state_machine_arn = state_machine_arn
        self.name_pattern = name_pattern
        self.statuses = list(statuses)

    def fits(self, change: Change) -> bool:
        """Whether *change* is that of such an execution."""
        named = change.machine_arn == self.state_machine_arn and fnmatchcase(change.name, self.name_pattern)
        return change.kind == EXECUTION and named and change.status in self.statuses

    def place(self) -> tuple[Hashable, ...]:
        """The list of the machine's executions."""
        return "executions", self.state_machine_arn

    def polled(self) -> Source:
        """What looks at the list."""
        return sources.executions(self.settings, self.state_machine_arn, self.interval)

    async def complete(self, change: Change) -> Change:
        """*change* with the output of the execution."""
        if change.result is not None or change.status != "SUCCEEDED":
            return change
        hook = await shared_hook(self.settings)
        await shared_budget(self.settings).take("DescribeExecution")
        try:
            return change.with_result(output_of(await in_thread(hook.describe, change.arn)))
        except Exception as error:
            self.log.warning("Telling of %s without its output: %s", change.name, error)
            return change
