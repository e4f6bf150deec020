"""What a task tells Airflow, and its log, when what became of its state is known."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent, TriggerEvent

from airflow_sfn_ml.exceptions import SfnMlError
from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.triggers.choosing import FOLLOWED, chosen
from airflow_sfn_ml.triggers.choosing import KEY as CHOICE_KEY
from airflow_sfn_ml.triggers.explain import failure_lines
from airflow_sfn_ml.triggers.halt import end_jobs
from airflow_sfn_ml.triggers.member import RETURN_VALUE
from airflow_sfn_ml.triggers.sharing import shared_hook
from airflow_sfn_ml.triggers.stopping import left_jobs
from airflow_sfn_ml.triggers.threads import in_thread
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Skipped, Succeeded, Verdict

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.state import StateTrigger

SETTLED = 10.0
"""How long a task that a worker has handed over may not go back to one, in seconds: Airflow 3.3.2 may take the end of
the worker's process for that of the task."""


async def outcome(trigger: StateTrigger, view: ExecutionView, decision: Verdict, arn: str) -> TriggerEvent | None:
    """The event that ends the task of *trigger* in Airflow; None if nothing is decided yet."""
    match decision:
        case Succeeded(output, note):
            if note:
                trigger.log.warning("%s", note)
            return await _succeed(trigger, output, arn, view.redrive_count)
        case Skipped(reason):
            trigger.log.info("%s", reason)
            return TaskSkippedEvent()
        case Failed(reason):
            await _explain(trigger, view, reason, arn)
            await trigger.member.leave_record(arn, view.redrive_count, failed=True)
            await _end_what_was_cut(trigger, view)
            return TaskFailedEvent()
        case Pending():
            return None


async def _succeed(trigger: StateTrigger, output: Any, arn: str, redrive_count: int) -> TriggerEvent:
    member = trigger.member
    await member.leave_record(arn, redrive_count, failed=False)
    if trigger.ends_on_worker:
        if trigger.execution_arn is not None:
            await asyncio.sleep(SETTLED)
        return TriggerEvent({"state": trigger.state, "execution_arn": arn})  # type: ignore[no-untyped-call]
    if trigger.follows is not None:
        choice = chosen(trigger.follows, output)
        trigger.log.info("Chose %s", ", ".join(choice[FOLLOWED]) or "nothing")
        await member.push(CHOICE_KEY, choice)
    length = mapped_length(trigger, output)
    if trigger.push and output is not None:
        await member.push(RETURN_VALUE, output, length=length)
    return TaskSuccessEvent()


def mapped_length(trigger: StateTrigger, output: Any) -> int | None:
    """How many instances a task that is mapped over *output* has; Airflow's scheduler needs it with the XCom.

    :raises SfnMlError: nothing can be mapped over *output*.
    """
    if not trigger.mapped_over:
        return None
    if not trigger.push or not isinstance(output, (list, dict)):
        raise SfnMlError(
            f"State {trigger.state} succeeded, but other tasks are mapped over its output, which is "
            + (f"{type(output).__name__}, not a list" if trigger.push else "not pushed (do_xcom_push)")
        )
    return len(output)


async def _explain(trigger: StateTrigger, view: ExecutionView, reason: str, arn: str) -> None:
    trigger.log.error("%s", reason)
    hook = await shared_hook(trigger.settings)
    console = Console(arn, hook.conn.meta.endpoint_url)
    for line in await in_thread(failure_lines, trigger.subject.seen(view), trigger.state, hook.log_tail, console):
        trigger.log.error("%s", line)
    trigger.log.error("Execution: %s", console.execution(arn) or arn)


async def _end_what_was_cut(trigger: StateTrigger, view: ExecutionView) -> None:
    """Look after the jobs of a state that ran out of time or was stopped: AWS may have left them at work."""
    jobs = list(left_jobs(trigger.subject.seen(view), trigger.state))
    if jobs:
        for line in await end_jobs(await shared_hook(trigger.settings), jobs):
            trigger.log.warning("%s", line)
