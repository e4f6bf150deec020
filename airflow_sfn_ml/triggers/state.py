"""End a task when its state does: what every member of a group runs instead of itself.

The module imports little, since the triggerer imports it in its event loop; boto3 comes in a thread, with the first
client.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseHook
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.execution_time.comms import DeleteXCom, GetTaskStates, TaskStatesResult
from airflow.sdk.execution_time.xcom import XCom
from airflow.triggers.base import BaseTrigger, TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_sfn_ml.exceptions import ExecutionError, SfnMlError
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.triggers.choosing import FOLLOWED, chosen
from airflow_sfn_ml.triggers.choosing import KEY as CHOICE_KEY
from airflow_sfn_ml.triggers.explain import failure_lines, progress_line, request_line
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.redrive import KEY as REDRIVE_KEY
from airflow_sfn_ml.triggers.redrive import Record, is_passed_over
from airflow_sfn_ml.triggers.settings import pace
from airflow_sfn_ml.triggers.stopping import running_jobs
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Place, Skipped, Succeeded, Verdict
from airflow_sfn_ml.triggers.watch import Watcher, in_thread, watchers

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

RETURN_VALUE = BaseXCom.XCOM_RETURN_KEY
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
)
RUNS_AGAIN = (StateStatus.FAILED, StateStatus.ABORTED, StateStatus.TIMED_OUT)
ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
STARTED_PAUSE = 3.0
"""How long to wait between two looks at the start task, in seconds."""
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
        self._following: str | None = None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The class and the arguments that make this trigger again."""
        return "airflow_sfn_ml.triggers.state.StateTrigger", {name: getattr(self, name) for name in ARGUMENTS}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait until the state has ended, tell how, and end the task."""
        yield await self._ended()

    async def _ended(self) -> TriggerEvent:
        await self._forget_earlier_try()
        if self.early and not await self._is_started():
            self.log.info("%s started no execution, so there is nothing to follow", self.start_task_id)
            return TaskSkippedEvent()
        arn = await self._execution_arn()
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
            self.log.error("%s", error)
        except Exception as error:
            self.log.exception("Cannot follow %s any longer: %s", arn, error)
        return TaskFailedEvent()

    async def _follow(self, started: str) -> TriggerEvent:
        """Follow the execution *started* or the newest repair of it."""
        left = await XCom.aget_one(key=REDRIVE_KEY, **self._identity())
        record = Record.of_earlier_try(left, self._try_number())
        arn = self.execution_arn or started
        if self.execution_arn is None and await self._may_be_repaired(record, arn):
            arn = await in_thread((await self._hook()).newest_repair, started)
        self._following = arn
        self.log.info("Following state %s of %s", self.state, arn)
        watcher = await self._watcher(arn)
        told, place = {""}, Place.of(self.place)
        for _ in range(REDRIVE_LOOKS):
            async for view in watcher.snapshots():
                if self._is_old(record, view, arn):
                    self._tell(told, [f"Waiting for {arn} to end: it does not run this task again"])
                    continue
                seen = self._subject().seen(view)
                self._tell(told, [request_line(seen, self.state), progress_line(seen, self.state)])
                event = await self._decided(view, self._subject().verdict(view, place), arn)
                if event is not None:
                    return event
            if watcher.view is None or not self._is_old(record, watcher.view, arn):
                raise SfnMlError(f"{arn} ended, but what became of state {self.state} is not known")
            if not await self._redrive(watcher, watcher.view, record, told):
                self.log.info("%s cannot be redriven; a worker starts its repair", arn)
                return TriggerEvent({"repair": arn})  # type: ignore[no-untyped-call]
        raise SfnMlError(f"{arn} was redriven, but its history does not show it")

    async def _may_be_repaired(self, record: Record | None, arn: str) -> bool:
        """Whether *arn* may have been repaired: this task was cleared, or its part of *arn* is over although it never
        ran, so that it waits for tasks that were."""
        if record is not None or self.place is not None:
            return record is not None
        async for view in (await self._watcher(arn)).snapshots():
            return view.status != "RUNNING" and view.state(self.within or self.state).status is StateStatus.NOT_ENTERED
        return False

    def _is_old(self, record: Record | None, view: ExecutionView, arn: str) -> bool:
        """Whether *view* has nothing new to tell: an earlier try has told it, or the execution passes over the task."""
        if self.place is None:
            if is_passed_over(view, self.within or self.state, self._subject().index if self.within else -1):
                return True
        elif view.status == "SUCCEEDED":
            return False  # a machine that was written as a whole has no repair
        return record is not None and record.is_told_by(view, arn)

    def _tell(self, told: set[str], lines: list[str]) -> None:
        """Log what of *lines* is new."""
        for line in lines:
            if line not in told:
                self.log.info("%s", line)
                told.add(line)

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
                await self._leave(arn, view.redrive_count)
                return TaskFailedEvent()
            case Pending():
                return None

    async def _redrive(self, watcher: Watcher, view: ExecutionView, record: Record | None, told: set[str]) -> bool:
        """Ask for the redrive, then wait until the history shows it: reads may lag behind.

        :returns: whether there is one; False if a repair has to do it.
        """
        written_as_a_whole = self.place is not None
        if record is None or not record.is_told_by(view, watcher.arn):
            return False  # it was started without this task
        if not written_as_a_whole and not record.may_redrive(view):
            return False
        hook = await self._hook()
        try:
            await in_thread(hook.redrive, record.execution_arn, record.token)
        except ExecutionError as error:
            if written_as_a_whole:
                raise
            self.log.warning("%s", error)
            return False
        again = ", ".join(name for name, state in view.states.items() if state.status in RUNS_AGAIN)
        self._tell(
            told,
            [f"Redriving {record.execution_arn}: runs again what failed or was stopped ({again}), and nothing else"],
        )
        await asyncio.sleep(watcher.pace.shortest)
        watcher.doubt()
        return True

    async def _leave(self, arn: str, redrive_count: int, *, failed: bool = True) -> None:
        """Leave the record of this try to the next one."""
        record = Record(arn, redrive_count, self._try_number(), failed)
        await XCom.aset(REDRIVE_KEY, record.as_json(), **self._identity())

    async def _succeed(self, output: Any, arn: str, redrive_count: int) -> TriggerEvent:
        await self._leave(arn, redrive_count, failed=False)
        if self.ends_on_worker:
            if self.execution_arn is not None:
                await asyncio.sleep(SETTLED)
            return TriggerEvent({"state": self.state, "execution_arn": arn})  # type: ignore[no-untyped-call]
        if self.follows is not None:
            choice = chosen(self.follows, output)
            self.log.info("Chose %s", ", ".join(choice[FOLLOWED]) or "nothing")
            await XCom.aset(CHOICE_KEY, choice, **self._identity())
        length = self._mapped_length(output)
        if self.push and output is not None:
            await XCom.aset(RETURN_VALUE, output, **self._identity(), _mapped_length=length)
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
        return Subject(self.state, self.within, self._identity()["map_index"])

    async def _explain(self, view: ExecutionView, reason: str, arn: str) -> None:
        self.log.error("%s", reason)
        hook = await self._hook()
        for line in await in_thread(failure_lines, self._subject().seen(view), self.state, hook.log_tail):
            self.log.error("%s", line)
        self.log.error("Execution: %s", arn)

    async def _watcher(self, arn: str) -> Watcher:
        from airflow_sfn_ml.hooks.errors import is_passing

        found = watchers()
        key = (self.aws_conn_id, self.region_name, self.verify, arn)
        hook = await self._hook()
        return found.get(key, lambda: Watcher(arn, hook, is_passing, pace()))

    async def _hook(self) -> StepFunctionsHook:
        """The hook of this connection, shared by all triggers that have the same."""
        key = (self.aws_conn_id, self.region_name, self.verify)
        hooks = watchers().hooks
        if key not in hooks:
            hooks[key] = await in_thread(_make_hook, *key, await _connection(self.aws_conn_id))
        hook: StepFunctionsHook = hooks[key]
        return hook

    async def _execution_arn(self) -> str | None:
        identity = self._identity()
        for map_index in dict.fromkeys((identity["map_index"], -1)):
            told = await XCom.aget_one(
                key=RETURN_VALUE, **{**identity, "task_id": self.start_task_id, "map_index": map_index}
            )
            if isinstance(told, dict) and "execution_arn" in told:
                return str(told["execution_arn"])
        return None

    async def _forget_earlier_try(self) -> None:
        """Delete the XCom of an earlier try: starting from a trigger does not do what a worker's start does."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        identity = self._identity()
        for key in (RETURN_VALUE, *((CHOICE_KEY,) if self.follows is not None else ())):
            await SUPERVISOR_COMMS.asend(DeleteXCom(key=key, **identity))

    async def on_kill(self) -> None:
        """Stop the work of this task if a person marked it failed, and only then.

        Airflow 3.3.2 calls this also when the trigger moves to another triggerer, when the task is marked a success and
        when it is cleared, so the task's state is looked at first. Where others run on after a failure, only the job of
        this task is stopped, else the execution.
        """
        if await self._task_state() != "failed":
            return
        arn = self._following or await self._execution_arn()
        if arn is None:
            return
        hook = await self._hook()
        view = (await self._watcher(arn)).view
        if self.survives and view is not None and view.status == "RUNNING":
            await self._stop_jobs(hook, view)
        else:
            identity = self._identity()
            run = f"{identity['dag_id']} {identity['run_id']}"
            cause = f"Task {identity['task_id']} of Dag run {run} was marked failed in Airflow"
            await in_thread(hook.stop, arn, "Airflow.TaskMarkedFailed", cause)
            self.log.warning("Stopped %s, since this task was marked failed", arn)
        await self._leave(arn, view.redrive_count if view is not None else 0)

    async def _stop_jobs(self, hook: StepFunctionsHook, view: ExecutionView) -> None:
        """Stop what is running for this task; the rest of the execution goes on."""
        jobs = list(running_jobs(self._subject().seen(view), self.state))
        for attempt, stop, arguments in jobs:
            await in_thread(hook.stop_job, stop, arguments)
            self.log.warning("Stopped job %s, since this task was marked failed; the execution goes on", attempt.job)
        if not jobs:
            self.log.warning("This task was marked failed; nothing of it runs that can be stopped by itself")

    async def _is_started(self) -> bool:
        """Wait until the start task has ended; whether it succeeded."""
        while (state := await self._task_state(self.start_task_id)) not in ENDED:
            await asyncio.sleep(STARTED_PAUSE)
        return state == "success"

    async def _task_state(self, task_id: str | None = None) -> str | None:
        """The state of the task *task_id* in Airflow; of this task by default."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        identity = self._identity()
        mapped = identity["map_index"] >= 0 and task_id is None
        answer = await SUPERVISOR_COMMS.asend(
            GetTaskStates(
                dag_id=identity["dag_id"],
                run_ids=[identity["run_id"]],
                task_ids=[task_id or identity["task_id"]],
                map_index=identity["map_index"] if mapped else None,
            )
        )
        states = answer.task_states if isinstance(answer, TaskStatesResult) else {}
        return next(iter(states.get(identity["run_id"], {}).values()), None)

    def _try_number(self) -> int:
        ti: Any = self.task_instance
        return int(ti.try_number)

    def _identity(self) -> dict[str, Any]:
        ti: Any = self.task_instance
        return {
            "dag_id": ti.dag_id,
            "task_id": ti.task_id,
            "run_id": ti.run_id,
            "map_index": -1 if ti.map_index is None else ti.map_index,
        }


async def _connection(conn_id: str | None) -> Any:
    if not conn_id:
        return None
    try:
        return await BaseHook.aget_connection(conn_id)
    except AirflowNotFoundException:
        return None  # the Amazon provider then uses boto3's own way to find credentials


def _make_hook(conn_id: str | None, region: str | None, verify: Any, connection: Any) -> StepFunctionsHook:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    hook = StepFunctionsHook(
        conn_id if connection is not None else None, region_name=region, verify=verify, connection=connection
    )
    _ = hook.conn  # made here, in a thread: creating a client takes tens of milliseconds
    return hook
