"""Wait for the end of one execution as a whole."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.triggers.completing import CompletionTrigger, Ended
from airflow_sfn_ml.triggers.ending import failure_story, has_ended, output_of
from airflow_sfn_ml.triggers.halt import halt_execution, outlast
from airflow_sfn_ml.triggers.sharing import Settings, shared_budget, shared_hook, shared_status
from airflow_sfn_ml.triggers.stopping import Order, Scope, order
from airflow_sfn_ml.triggers.threads import in_thread, insist

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

LAG = 1.0
"""How long to wait for a read that lags behind what a list has told, in seconds."""


class StepFunctionsExecutionCompleteTrigger(CompletionTrigger):
    """Wait until an execution has ended, and end the task with it; its output becomes the XCom.

    :param execution_arn: the execution.
    :param redrives: how often it has been redriven; an end that was told before that is an old one.
    :param stop_on_kill: whether the execution is stopped when the task is marked failed or its time is over.

    The other parameters are those of `CompletionTrigger`.
    """

    path = "airflow_sfn_ml.triggers.completion.StepFunctionsExecutionCompleteTrigger"
    own = ("execution_arn", "redrives", "stop_on_kill")

    def __init__(self, execution_arn: str, redrives: int = 0, stop_on_kill: bool = False, **common: Any) -> None:
        super().__init__(**common)
        self.execution_arn = execution_arn
        self.redrives = redrives
        self.stop_on_kill = stop_on_kill

    @property
    def subject(self) -> str:
        """The ARN of the execution."""
        return self.execution_arn

    async def ended(self) -> Ended:
        """Wait for the end; the history is read only if it failed, and once."""
        self.log.info("Waiting for %s", self.execution_arn)
        status = ""
        async for summary in summaries(self.settings, self.execution_arn, self.redrives):
            status = summary["status"]
            self.log.info("%s: %s", self.execution_arn, status)
        if status == "SUCCEEDED" and (self.ends_on_worker or not self.push):
            return Ended()  # nobody here needs the output, which no list tells
        hook = await shared_hook(self.settings)
        while not has_ended(described := await self._described(hook), self.redrives):
            await asyncio.sleep(LAG)
        if described["status"] == "SUCCEEDED":
            return Ended(await in_thread(output_of, described))
        await shared_budget(self.settings).take("GetExecutionHistory")
        return Ended(failure=tuple(await insist(failure_story, hook, described)))

    async def _described(self, hook: StepFunctionsHook) -> Mapping[str, Any]:
        await shared_budget(self.settings).take("DescribeExecution")
        described: Mapping[str, Any] = await insist(hook.describe, self.execution_arn)
        return described

    async def out_of_time(self) -> bool:
        """Stop the execution, if that is wanted."""
        if self.stop_on_kill:
            await self._halt(Order(Scope.EXECUTION, "Airflow.TaskTimedOut", "this task reached its time limit"))
        return self.stop_on_kill

    async def on_kill(self) -> None:
        """Stop the execution if someone ended the task or its Dag run, and only then.

        Airflow 3.3.2 calls this also when the trigger moves to another triggerer, when the task is marked a success and
        when it is cleared. So nothing is stopped before Airflow was asked what became of task and Dag run.
        """
        if self.stop_on_kill:
            await outlast(self._stop_what_is_meant())

    async def _stop_what_is_meant(self) -> None:
        meant = order(await self.member.state(), await self.member.run_state(), survives=False)
        if meant.scope is not Scope.NOTHING:
            await self._halt(meant)

    async def _halt(self, meant: Order) -> None:
        self.log.warning("Stopping %s, since %s", self.execution_arn, meant.cause)
        hook = await shared_hook(self.settings)
        for line in await halt_execution(hook, self.execution_arn, meant, str(self.member)):
            self.log.warning("%s", line)


async def summaries(settings: Settings, arn: str, redrives: int = 0) -> AsyncGenerator[Mapping[str, Any], None]:
    """What is told of the execution *arn*, again whenever it changed, until it has ended.

    A watcher takes everything that does not run for an end. An execution that waits for its redrive will run, and an
    end that is older than a redrive is none.
    """
    watcher = await shared_status(settings, arn)
    while True:
        async for summary in watcher.snapshots():
            yield summary
            if has_ended(summary, redrives):
                return
        await asyncio.sleep(watcher.pace.shortest)
        watcher.doubt()
