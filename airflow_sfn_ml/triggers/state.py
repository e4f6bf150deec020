"""End a task when its state does: what every member of a group runs instead of itself.

The module imports little, since the triggerer imports it in its event loop; boto3 comes in a thread, with the first
client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.triggers.choosing import FOLLOWED, chosen
from airflow_sfn_ml.triggers.choosing import KEY as CHOICE_KEY
from airflow_sfn_ml.triggers.explain import failure_lines, forgotten_line, progress_line, request_line
from airflow_sfn_ml.triggers.halt import end_jobs, halt_execution, halt_state, outlast
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.member import RETURN_VALUE, Member
from airflow_sfn_ml.triggers.redrive import Record
from airflow_sfn_ml.triggers.renewal import Renewal
from airflow_sfn_ml.triggers.sharing import Settings, shared_hook, shared_watcher
from airflow_sfn_ml.triggers.stopping import GONE, Scope, left_jobs, order
from airflow_sfn_ml.triggers.threads import insist
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Place, Skipped, Succeeded, Verdict
from airflow_sfn_ml.triggers.watch import Watcher, in_thread

ARGUMENTS = (
    "state",
    "start_task_id",
    "aws_conn_id",
    "region_name",
    "verify",
    "push",
    "ends_on_worker",
    "place",
    "within",
    "mapped_over",
    "early",
    "survives",
    "execution_arn",
    "follows",
    "definition",
)
SETTLED = 10.0
"""How long a task that a worker has handed over may not go back to one, in seconds: Airflow 3.3.2 may take the end of
the worker's process for that of the task."""
REDRIVE_LOOKS = 40
"""How many looks at the history a redrive may take to show in it."""


class StateTrigger(BaseTrigger):
    """Follow one state of the execution that the group's start task started.

    :param state: the name of the state.
    :param start_task_id: the task whose XCom tells the execution.
    :param aws_conn_id: the Airflow connection to AWS, with *region_name* and *verify* as in the Amazon provider.
    :param push: whether the state's output becomes the task's XCom.
    :param ends_on_worker: whether the task has something to do when it ends that only a worker does (outlets, success
        callbacks); it then resumes there instead of ending here.
    :param place: how the state lies among the others, for machines that were not made of the group's tasks.
    :param within: the Map that the state is in, for the instances of a mapped task; each follows its iteration.
    :param mapped_over: whether other tasks are mapped over the output, so that Airflow has to know its length.
    :param early: whether Airflow may let the task go before the start task has ended (trigger rule ``always``).
    :param survives: whether others run on after a failure of the task, so that the execution is not to be stopped.
    :param execution_arn: the execution to follow, where it is another one than the start task told: a repair.
    :param follows: for a task that chooses: the tasks right after it that run, by the ids that its output may name.
    :param definition: the digest of the group's definition, where one that has changed is not redriven but repaired.
    """

    def __init__(
        self,
        state: str,
        start_task_id: str,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        push: bool = True,
        ends_on_worker: bool = False,
        place: dict[str, Any] | None = None,
        within: str | None = None,
        mapped_over: bool = False,
        early: bool = False,
        survives: bool = False,
        execution_arn: str | None = None,
        follows: dict[str, list[str]] | None = None,
        definition: str | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.state = state
        self.start_task_id = start_task_id
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.push = push
        self.ends_on_worker = ends_on_worker
        self.place = place
        self.within = within
        self.mapped_over = mapped_over
        self.follows = follows
        self.early = early
        self.survives = survives
        self.execution_arn = execution_arn
        self.definition = definition
        self._following: str | None = None
        self._waits = False
        self._told = {""}

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments that make this trigger again."""
        return "airflow_sfn_ml.triggers.state.StateTrigger", {name: getattr(self, name) for name in ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait until the state has ended, tell how, and end the task."""
        yield await self._ended()

    async def _ended(self) -> TriggerEvent:
        member = self._member
        await member.forget(RETURN_VALUE, *((CHOICE_KEY,) if self.follows is not None else ()))
        if self.early and not await member.is_started():
            self.log.info("%s started no execution, so there is nothing to follow", self.start_task_id)
            return TaskSkippedEvent()
        arn = await member.started_execution()
        if arn is None:
            self.log.error(
                "%s has told no execution, although it succeeded: was it marked a success by hand? Clear it to start "
                "one.",
                self.start_task_id,
            )
            return TaskFailedEvent()
        try:
            return await self._follow(arn)
        except SfnMlError as error:
            self.log.error("%s", forgotten_line(error, self._following, self.start_task_id) or error)
        except Exception as error:
            self.log.exception("Cannot follow %s any longer: %s", arn, error)
        return TaskFailedEvent()

    async def _follow(self, started: str) -> TriggerEvent:
        """Follow the execution *started* or the newest repair of it."""
        record = await self._member.earlier_record()
        self._following = arn = self.execution_arn or started
        if self.execution_arn is None and await self._may_be_repaired(record, arn):
            self._following = arn = await insist((await shared_hook(self._settings)).newest_repair, started)
        self.log.info("Following state %s of %s", self.state, arn)
        watcher = await shared_watcher(self._settings, arn)
        renewal = Renewal(self._subject(), record, self.place is not None, self.definition)
        for _ in range(REDRIVE_LOOKS):
            event = await self._ended_in(watcher, renewal)
            if event is not None:
                return event
            if watcher.view is None or not renewal.is_old(watcher.view, arn):
                raise SfnMlError(f"{arn} ended, but what became of state {self.state} is not known")
            again = await renewal.redrive(await shared_hook(self._settings), watcher, watcher.view, self._tell)
            if not again:
                self.log.info("A worker starts the repair of %s", arn)
                return TriggerEvent({"repair": arn})  # type: ignore[no-untyped-call]
            await self._tell_who_stays(again)
        raise SfnMlError(f"{arn} was redriven, but its history does not show it")

    async def _ended_in(self, watcher: Watcher, renewal: Renewal) -> TriggerEvent | None:
        """The event that ends the task, once the execution tells it; None if the execution ends without."""
        place = Place.of(self.place)
        async for view in watcher.snapshots():
            self._waits = renewal.is_old(view, watcher.arn)
            if self._waits:
                self._tell(f"Waiting for {watcher.arn} to end: it does not run this task again")
                continue
            seen = self._subject().seen(view)
            self._tell(request_line(seen, self.state), progress_line(seen, self.state))
            event = await self._decided(view, self._subject().verdict(view, place), watcher.arn)
            if event is not None:
                return event
        return None

    async def _may_be_repaired(self, record: Record | None, arn: str) -> bool:
        """Whether *arn* may have been repaired: this task was cleared, or its part of *arn* is over although it never
        ran, so that it waits for tasks that were."""
        if record is not None or self.place is not None:
            return record is not None
        watcher = await shared_watcher(self._settings, arn)
        async with aclosing(watcher.snapshots()) as views:
            view = await anext(views)
        return view.status != "RUNNING" and view.state(self.within or self.state).status is StateStatus.NOT_ENTERED

    def _tell(self, *lines: str) -> None:
        """Log what of *lines* is new."""
        for line in lines:
            if line not in self._told:
                self.log.info("%s", line)
                self._told.add(line)

    async def _tell_who_stays(self, again: list[str]) -> None:
        """Name the tasks whose states run *again* although nobody has cleared them: Airflow does not follow those."""
        stay = ", ".join(f"{task} ({state})" for task, state in (await self._member.finished(again)).items())
        if stay:
            self.log.warning("Not cleared, so these tasks keep their state whatever their work comes to: %s", stay)

    async def _decided(self, view: ExecutionView, decision: Verdict, arn: str) -> TriggerEvent | None:
        match decision:
            case Succeeded(output, note):
                if note:
                    self.log.warning("%s", note)
                return await self._succeed(output, arn, view.redrive_count)
            case Skipped(reason):
                self.log.info("%s", reason)
                return TaskSkippedEvent()
            case Failed(reason):
                await self._explain(view, reason, arn)
                await self._member.leave_record(arn, view.redrive_count, failed=True)
                await self._end_what_was_cut(view)
                return TaskFailedEvent()
            case Pending():
                return None

    async def _end_what_was_cut(self, view: ExecutionView) -> None:
        """Look after the jobs of a state that ran out of time or was stopped: AWS may have left them at work."""
        jobs = list(left_jobs(self._subject().seen(view), self.state))
        if jobs:
            for line in await end_jobs(await shared_hook(self._settings), jobs):
                self.log.warning("%s", line)

    async def _succeed(self, output: Any, arn: str, redrive_count: int) -> TriggerEvent:
        await self._member.leave_record(arn, redrive_count, failed=False)
        if self.ends_on_worker:
            if self.execution_arn is not None:
                await asyncio.sleep(SETTLED)
            return TriggerEvent({"state": self.state, "execution_arn": arn})  # type: ignore[no-untyped-call]
        if self.follows is not None:
            choice = chosen(self.follows, output)
            self.log.info("Chose %s", ", ".join(choice[FOLLOWED]) or "nothing")
            await self._member.push(CHOICE_KEY, choice)
        length = self._mapped_length(output)
        if self.push and output is not None:
            await self._member.push(RETURN_VALUE, output, length=length)
        return TaskSuccessEvent()

    def _mapped_length(self, output: Any) -> int | None:
        """How many instances a task that is mapped over *output* has; Airflow's scheduler needs it with the XCom.

        :raises SfnMlError: nothing can be mapped over *output*.
        """
        if not self.mapped_over:
            return None
        if not self.push or not isinstance(output, (list, dict)):
            raise SfnMlError(
                f"State {self.state} succeeded, but other tasks are mapped over its output, which is "
                + (f"{type(output).__name__}, not a list" if self.push else "not pushed (do_xcom_push)")
            )
        return len(output)

    def _subject(self) -> Subject:
        return Subject(self.state, self.within, self._member.map_index)

    async def _explain(self, view: ExecutionView, reason: str, arn: str) -> None:
        self.log.error("%s", reason)
        hook = await shared_hook(self._settings)
        for line in await in_thread(failure_lines, self._subject().seen(view), self.state, hook.log_tail):
            self.log.error("%s", line)
        self.log.error("Execution: %s", arn)

    async def on_kill(self) -> None:
        """Stop the work of this task if someone ended it in Airflow, and only then.

        Airflow 3.3.2 calls this also when the trigger moves to another triggerer, when the task is marked a success and
        when it is cleared. So nothing is stopped before Airflow was asked what became of task and Dag run.
        """
        await outlast(self._stop_what_is_meant())

    async def _stop_what_is_meant(self) -> None:
        member = self._member
        if await member.has_told():
            return  # another triggerer has ended the task
        task, run = await member.state(), await member.run_state()
        meant = order(task, run, survives=self.survives, waits=self._waits)
        arn = self._following or await member.started_execution()
        if meant.scope is Scope.NOTHING or arn is None:
            return
        hook, watcher = await shared_hook(self._settings), await shared_watcher(self._settings, arn)
        if GONE not in (task, run):
            count = watcher.view.redrive_count if watcher.view is not None else 0
            await member.leave_record(arn, count, failed=True)
        if meant.scope is Scope.JOB:
            self.log.warning("Stopping the job of this task, since %s; the execution goes on", meant.cause)
            lines = await halt_state(hook, watcher, self._subject())
        else:
            self.log.warning("Stopping %s, since %s", arn, meant.cause)
            lines = await halt_execution(hook, arn, meant, str(member))
        for line in lines:
            self.log.warning("%s", line)

    @property
    def _member(self) -> Member:
        return Member(self.task_instance, self.start_task_id)

    @property
    def _settings(self) -> Settings:
        return self.aws_conn_id, self.region_name, self.verify
