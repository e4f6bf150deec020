"""End a task when its state does: what every member of a group runs instead of itself.

The module imports little, since the triggerer imports it in its event loop; boto3 comes in a thread, with the first
client.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TriggerEvent

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import ExecutionView, StateStatus, failure
from airflow_sfn_ml.triggers.choosing import KEY as CHOICE_KEY
from airflow_sfn_ml.triggers.explain import forgotten_line, progress_line, request_line
from airflow_sfn_ml.triggers.guard import guard
from airflow_sfn_ml.triggers.halt import outlast
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.job_log import JobLog
from airflow_sfn_ml.triggers.killed import stop_what_is_meant
from airflow_sfn_ml.triggers.member import RETURN_VALUE, Member
from airflow_sfn_ml.triggers.outcome import outcome
from airflow_sfn_ml.triggers.redrive import Record
from airflow_sfn_ml.triggers.renewal import NeedsRepair, Redriven, Renewal
from airflow_sfn_ml.triggers.sharing import Settings, shared_hook, shared_watcher
from airflow_sfn_ml.triggers.threads import insist
from airflow_sfn_ml.triggers.verdict import Pending, Place, Verdict
from airflow_sfn_ml.triggers.watch import Watcher

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
    "stream_logs",
)
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
    :param stream_logs: whether what the state's job writes to its log is copied into the task's log while it runs.
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
        stream_logs: bool = False,
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
        self.stream_logs = stream_logs
        self.following: str | None = None
        self.waits = False
        self._told = {""}
        self._job_log: JobLog | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments that make this trigger again."""
        return "airflow_sfn_ml.triggers.state.StateTrigger", {name: getattr(self, name) for name in ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait until the state has ended, tell how, and end the task."""
        self._job_log = JobLog(self.settings, self.log) if self.stream_logs else None
        try:
            yield await self._ended()
        finally:
            if self._job_log is not None:
                self._job_log.stop()

    async def _ended(self) -> TriggerEvent:
        member = self.member
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
            self.log.error("%s", forgotten_line(error, self.following, self.start_task_id) or error)
        except Exception as error:
            self.log.exception("Cannot follow %s any longer: %s", arn, error)
        return TaskFailedEvent()

    async def _follow(self, started: str) -> TriggerEvent:
        """Follow the execution *started* or the newest repair of it."""
        record = await self.member.earlier_record()
        renewal = Renewal(self.subject, record, self.place is not None, self.definition)
        self.following = arn = self.execution_arn or started
        if self.execution_arn is None and await self._may_be_repaired(record, arn):
            self.following = arn = await self._newest(started, renewal)
        self.log.info("Following state %s of %s", self.state, arn)
        watcher = await shared_watcher(self.settings, arn)
        for _ in range(REDRIVE_LOOKS):
            event = await self._ended_in(watcher, renewal)
            if event is not None:
                return event
            if watcher.view is None or not renewal.is_old(watcher.view, arn):
                raise SfnMlError(f"{arn} ended, but what became of state {self.state} is not known")
            match await renewal.redrive(await shared_hook(self.settings), watcher, watcher.view, self._tell):
                case NeedsRepair(reason):
                    self.log.info("A worker starts the repair of %s: %s", arn, reason)
                    return TriggerEvent({"repair": arn, "reason": reason})  # type: ignore[no-untyped-call]
                case Redriven(states):
                    await self._tell_who_stays(states)
        raise SfnMlError(f"{arn} was redriven, but its history does not show it")

    async def _newest(self, started: str, renewal: Renewal) -> str:
        """The newest repair of *started* that has something new to tell; if none has, the newest of all.

        Another task that was cleared may have begun a repair that passes over this one, which a redrive has run since.
        """
        newest = await insist((await shared_hook(self.settings)).newest_repair, started)
        for arn in renewal.candidates(started, newest):
            if not renewal.is_old(await self._glance(arn), arn):
                return arn
        return str(newest)

    async def _glance(self, arn: str) -> ExecutionView:
        watcher = await shared_watcher(self.settings, arn)
        async with aclosing(watcher.snapshots()) as views:
            return await anext(views)

    async def _ended_in(self, watcher: Watcher, renewal: Renewal) -> TriggerEvent | None:
        """The event that ends the task, once the execution tells it; None if the execution ends without."""
        place = Place.of(self.place)
        async with aclosing(watcher.snapshots()) as views:
            async for view in views:
                self.waits = renewal.is_old(view, watcher.arn)
                if self.waits:
                    self._tell(f"Waiting for {watcher.arn} to end: it does not run this task again")
                    continue
                seen = self.subject.seen(view)
                self._tell(request_line(seen, self.state), progress_line(seen, self.state))
                if self._job_log is not None:
                    self._job_log.follow(failure(seen, self.state))
                decision = self.subject.verdict(view, place)
                if not isinstance(decision, Pending):
                    return await self._told_all(view, decision, watcher.arn)
        return None

    async def _told_all(self, view: ExecutionView, decision: Verdict, arn: str) -> TriggerEvent | None:
        if self._job_log is not None:
            await self._job_log.finish()
        if view.status == "RUNNING":
            guard(self, arn)
        return await outcome(self, view, decision, arn)

    async def _may_be_repaired(self, record: Record | None, arn: str) -> bool:
        """Whether *arn* may have been repaired: this task was cleared, or its part of *arn* is over although it never
        ran, so that it waits for tasks that were."""
        if record is not None or self.place is not None:
            return record is not None
        view = await self._glance(arn)
        return view.status != "RUNNING" and view.state(self.within or self.state).status is StateStatus.NOT_ENTERED

    def _tell(self, *lines: str) -> None:
        """Log what of *lines* is new."""
        for line in lines:
            if line not in self._told:
                self.log.info("%s", line)
                self._told.add(line)

    async def _tell_who_stays(self, again: Sequence[str]) -> None:
        """Name the tasks whose states run *again* although nobody has cleared them: Airflow does not follow those."""
        stay = ", ".join(f"{task} ({state})" for task, state in (await self.member.finished(again)).items())
        if stay:
            self.log.warning("Not cleared, so these tasks keep their state whatever their work comes to: %s", stay)

    @property
    def subject(self) -> Subject:
        """What this task follows."""
        return Subject(self.state, self.within, self.member.map_index)

    async def on_kill(self) -> None:
        """Stop the work of this task if someone ended it in Airflow, and only then."""
        await outlast(stop_what_is_meant(self))

    @property
    def member(self) -> Member:
        """The task instance."""
        return Member(self.task_instance, self.start_task_id)

    @property
    def settings(self) -> Settings:
        """What the connection to AWS is made of."""
        return self.aws_conn_id, self.region_name, self.verify
