"""What becomes of an execution when a person starts the group anew while it runs.

Airflow ends a running task that is cleared. So the execution of an earlier generation is stopped, unless a task still
follows it: then the start task was cleared alone, and the others were meant to go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

log = logging.getLogger(__name__)

AT_WORK = frozenset({"deferred", "queued", "restarting", "running", "scheduled", "up_for_reschedule", "up_for_retry"})


def stop_superseded(group: Any, hook: Any, ti: Any, arn: str) -> None:
    """Stop the execution *arn* of an earlier generation, or the repair of it that runs, if nobody follows it."""
    from airflow_sfn_ml.triggers.halt import halt_execution
    from airflow_sfn_ml.triggers.stopping import Order, Scope

    running = next((each for each in (hook.newest_repair(arn), arn) if _is_running(hook, each)), None)
    if running is None:
        return
    followers = _followers(group, ti)
    if followers:
        log.warning("%s goes on: %s still follow it", running, ", ".join(followers))
        return
    order = Order(Scope.EXECUTION, "Airflow.Cleared", f"{ti.task_id} was cleared and nothing follows it any more")
    for line in asyncio.run(halt_execution(hook, running, order, f"Dag run {ti.dag_id} {ti.run_id}")):
        log.warning("%s", line)


def _is_running(hook: Any, arn: str) -> bool:
    found = hook.find(arn)
    return found is not None and found["status"] == "RUNNING"


def _followers(group: Any, ti: Any) -> list[str]:
    """The tasks of the group that are at work, but for those that Airflow lets go before the start task has ended."""
    told: Mapping[str, Any] = ti.get_task_states(
        dag_id=ti.dag_id, task_group_id=str(group.group_id), run_ids=[ti.run_id]
    ).get(ti.run_id, {})
    index = -1 if ti.map_index is None else ti.map_index
    at_work = {name for name, state in told.items() if str(state) in AT_WORK}
    return sorted(
        operator.task_id
        for operator, _ in group.members()
        if str(getattr(operator.trigger_rule, "value", operator.trigger_rule)) != "always"
        and any(_is_of(name, operator.task_id, index) for name in at_work)
    )


def _is_of(name: str, task_id: str, map_index: int) -> bool:
    """Whether Airflow's *name* of a task instance is one of *task_id* in the group's own instance."""
    if map_index >= 0:
        return name == f"{task_id}_{map_index}"
    return name == task_id or (name.startswith(f"{task_id}_") and name.removeprefix(f"{task_id}_").isdigit())
