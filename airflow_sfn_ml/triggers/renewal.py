"""Ask for the work of a cleared task to be done again; see `redrive` for what is decided, and why only once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_sfn_ml.deploy.names import repair_arn, repairs_until
from airflow_sfn_ml.exceptions import ExecutionError
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.redrive import Record, is_passed_over, runs_other_code
from airflow_sfn_ml.triggers.threads import insist
from airflow_sfn_ml.triggers.watch import Watcher

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

RUNS_AGAIN = (StateStatus.FAILED, StateStatus.ABORTED, StateStatus.TIMED_OUT)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Redriven:
    """The execution was redriven; *states* run again."""

    states: tuple[str, ...]


@dataclass(frozen=True)
class NeedsRepair:
    """Another execution has to do it; *reason* is for people, and of the execution."""

    reason: str


@dataclass(frozen=True)
class Renewal:
    """What a try of a task knows of the tries before, and of what the execution should run.

    :param whole: whether the machine was written as a whole. Such a machine is redriven, not repaired.
    :param definition: the digest of the group as it is now; None where nobody can compare it.
    """

    subject: Subject
    record: Record | None
    whole: bool
    definition: str | None = None

    def is_old(self, view: ExecutionView, arn: str) -> bool:
        """Whether *view* has nothing new to tell: an earlier try has told it, or the execution passes over the task."""
        if not self.whole:
            within = self.subject.within
            if is_passed_over(view, within or self.subject.state, self.subject.index if within else -1):
                return True
            if self.record is not None and not self.record.failed and self.record.execution_arn == arn:
                return True  # a redrive does not run again what has succeeded
        elif view.status == "SUCCEEDED":
            return False
        return self.record is not None and self.record.is_told_by(view, arn)

    def candidates(self, started: str, newest: str) -> list[str]:
        """The repairs from *newest* back to the execution that an earlier try has told of, of those of *started*."""
        chain = [repair_arn(started, number) for number in range(repairs_until(started, newest) + 1)]
        if self.record is None:
            return chain[-1:]
        first = chain.index(self.record.execution_arn) if self.record.execution_arn in chain else 0
        return chain[first:][::-1]

    async def redrive(
        self, hook: StepFunctionsHook, watcher: Watcher, view: ExecutionView, tell: Tell
    ) -> Redriven | NeedsRepair:
        """Ask for the redrive, then wait until the history shows it: reads may lag behind.

        :raises ExecutionError: a machine that was written as a whole cannot be redriven.
        """
        record = self.record
        if record is None or not record.is_told_by(view, watcher.arn):
            return NeedsRepair("it was started without this task")
        if not self.whole and not record.may_redrive(view):
            return NeedsRepair(f"it has gone to its end ({view.status}), so there is nothing to redrive")
        if not self.whole and runs_other_code(view, self.definition):
            return NeedsRepair("the group has changed since it was started, and a redrive would run what it was")
        try:
            if (await insist(hook.describe, record.execution_arn)).get("redriveCount", 0) <= record.redrive_count:
                await insist(hook.redrive, record.execution_arn, record.token)
        except ExecutionError as error:
            if self.whole:
                raise
            return NeedsRepair(str(error))
        again = [name for name, state in view.states.items() if state.status in RUNS_AGAIN]
        tell(
            f"Redriving {record.execution_arn}: runs again what failed or was stopped ({', '.join(again)}), and "
            "nothing else"
        )
        await asyncio.sleep(watcher.pace.shortest)
        watcher.doubt()
        return Redriven(tuple(again))
