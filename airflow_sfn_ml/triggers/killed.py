"""What a task does when Airflow cancels its trigger.

Airflow 3.3.2 calls ``on_kill`` also when the trigger moves to another triggerer, when the task is marked a success and
when it is cleared. So nothing is stopped before Airflow was asked what became of task and Dag run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sfn_ml.triggers.guard import release
from airflow_sfn_ml.triggers.halt import halt_execution, halt_state
from airflow_sfn_ml.triggers.sharing import shared_hook, shared_watcher
from airflow_sfn_ml.triggers.stopping import GONE, Scope, order

if TYPE_CHECKING:
    from airflow_sfn_ml.triggers.state import StateTrigger


async def stop_what_is_meant(trigger: StateTrigger) -> None:
    """Stop the work of the task of *trigger*, or all of its execution, if someone ended it in Airflow."""
    member = trigger.member
    if await member.has_told():
        return  # another triggerer has ended the task
    task, run = await member.state(), await member.run_state()
    meant = order(task, run, survives=trigger.survives, waits=trigger.waits)
    arn = trigger.following or await member.started_execution()
    if arn is None:
        return
    if meant.scope is Scope.NOTHING:
        if task in ("success", "skipped"):
            release(arn)
        return
    hook, watcher = await shared_hook(trigger.settings), await shared_watcher(trigger.settings, arn)
    if GONE not in (task, run):
        count = watcher.view.redrive_count if watcher.view is not None else 0
        await member.leave_record(arn, count, failed=True)
    if meant.scope is Scope.JOB:
        trigger.log.warning("Stopping the job of this task, since %s; the execution goes on", meant.cause)
        lines = await halt_state(hook, watcher, trigger.subject)
    else:
        trigger.log.warning("Stopping %s, since %s", arn, meant.cause)
        lines = await halt_execution(hook, arn, meant, str(member))
    for line in lines:
        trigger.log.warning("%s", line)
