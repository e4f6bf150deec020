"""Stop paid work, and look whether it stops.

StopExecution and time limits end the execution or the state at once; its jobs AWS tries to stop, without a promise (a
role that may not stop them is enough to let them run on). So whoever stops something looks at the jobs afterwards, by
the names that the history gives, and stops those that go on.

Everything here runs in the event loop, and every call of AWS beside it. What many tasks ask for at once, as when a Dag
run is marked failed, is done once.

Airflow 3.3.2 cancels a trigger again every second until it is gone, also while its ``on_kill`` runs. So what that has
begun runs in a task of its own (`outlast`).
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from airflow_sfn_ml.exceptions import AccessDenied, DeployError
from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.stopping import Job, Order, left_jobs, running_jobs
from airflow_sfn_ml.triggers.threads import insist
from airflow_sfn_ml.triggers.watch import Watcher

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two looks."""
ENDS = 8
"""How many looks a stopped execution may take until it says so: reads may lag behind."""
PATIENCE = 4
"""How many looks AWS gets to stop a job by itself."""
LOOKS = 12
"""How many looks in all; Airflow gives ``on_kill`` 30 seconds (``[triggerer] on_kill_timeout``)."""

_at_work: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Any, asyncio.Task[Any]]] = WeakKeyDictionary()


async def outlast(work: Coroutine[Any, Any, None]) -> None:
    """Do *work* to its end, however often whoever waits for it is cancelled meanwhile."""
    task = asyncio.get_running_loop().create_task(work)
    at_work()[task] = task
    task.add_done_callback(lambda _: at_work().pop(task, None))
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()


async def halt_execution(hook: StepFunctionsHook, arn: str, order: Order, member: str) -> list[str]:
    """Stop *arn* and whatever it was waiting for; what a person should know of it, line by line."""
    return await asyncio.shield(once(("execution", arn), lambda: _halt_execution(hook, arn, order, member)))


async def _halt_execution(hook: StepFunctionsHook, arn: str, order: Order, member: str) -> list[str]:
    before = (await insist(hook.describe, arn))["status"]
    if before == "RUNNING":
        await insist(hook.stop, arn, order.error, f"{order.cause} in Airflow ({member})")
    for _ in range(ENDS):
        if (await insist(hook.describe, arn))["status"] != "RUNNING":
            break
        await asyncio.sleep(PAUSE)
    view = reduce(await insist(hook.events, arn))
    told = [] if before == "RUNNING" else [f"{arn} had ended already ({before})"]
    return told + await end_jobs(hook, left_jobs(view))


async def halt_state(hook: StepFunctionsHook, watcher: Watcher, subject: Subject) -> list[str]:
    """Stop what runs for *subject*, and whatever its state machine tries in its place; the execution goes on."""
    async with contextlib.aclosing(watcher.snapshots()) as views:
        view = await anext(views)
    jobs = list(running_jobs(subject.seen(view), subject.state))
    for job in jobs:
        await insist(hook.stop_job, job.stop, job.stopping)
    if subject.is_open(view):
        once(("state", watcher.arn, subject), lambda: _keep_stopped(hook, watcher, subject, {job.name for job in jobs}))
    if not jobs:
        return ["Nothing of it runs that can be stopped by itself; the execution goes on"]
    return await end_jobs(hook, jobs, patience=LOOKS)


async def _keep_stopped(hook: StepFunctionsHook, watcher: Watcher, subject: Subject, known: set[str]) -> None:
    """Stop the retries of *subject*, for as long as its state is open: a state machine retries a job that was
    stopped."""
    async with contextlib.aclosing(watcher.snapshots()) as views:
        async for view in views:
            if not subject.is_open(view):
                return
            for job in running_jobs(subject.seen(view), subject.state):
                if job.name not in known:
                    known.add(job.name)
                    log.warning("Stopping job %s, a retry of a task that was stopped in Airflow", job.name)
                    await insist(hook.stop_job, job.stop, job.stopping)


async def end_jobs(hook: StepFunctionsHook, jobs: Iterable[Job], patience: int = PATIENCE) -> list[str]:
    """Look at *jobs* until none is at work, and stop those that go on; what a person should know, line by line.

    :param patience: how many looks to wait for the stop that was asked for already.
    """
    left = list(jobs)
    lines: list[str] = []
    for look in range(LOOKS):
        seen = [(job, await _is_at_work(hook, job, lines)) for job in left]
        lines += [f"Job {job.name} has stopped, or is stopping" for job, at_work in seen if not at_work]
        left = [job for job, at_work in seen if at_work]
        if not left:
            return lines
        if look >= patience:
            for job in left:
                lines += await _stop(hook, job)
        await asyncio.sleep(PAUSE)
    return [*lines, *(f"Job {job.name} is still at work. Stop it by hand: it costs money" for job in left)]


def _looked(hook: StepFunctionsHook, job: Job) -> bool:
    from airflow_sfn_ml.hooks.jobs import is_at_work  # which imports boto3: not in the event loop

    return is_at_work(hook, job.stop, job.looking)


async def _is_at_work(hook: StepFunctionsHook, job: Job, lines: list[str]) -> bool:
    try:
        return bool(await insist(_looked, hook, job))
    except AccessDenied as error:
        lines += [f"Cannot look whether job {job.name} is still at work: {error}", *await _stop(hook, job)]
    except DeployError:
        pass  # the service does not know it (any more)
    return False


async def _stop(hook: StepFunctionsHook, job: Job) -> Sequence[str]:
    try:
        await insist(hook.stop_job, job.stop, job.stopping)
    except DeployError as error:
        return [f"Job {job.name} cannot be stopped: {error}"]
    return [f"AWS has not stopped job {job.name}, so this task does"]


def once(key: Any, make: Callable[[], Coroutine[Any, Any, Any]]) -> asyncio.Task[Any]:
    """The task that does *key*: the one at work, or a new one. Its logs belong to no single trigger."""
    tasks = at_work()
    if key not in tasks:
        tasks[key] = asyncio.get_running_loop().create_task(make(), context=contextvars.Context())
        tasks[key].add_done_callback(lambda _: tasks.pop(key, None))
    return tasks[key]


def at_work() -> dict[Any, asyncio.Task[Any]]:
    """What is being done in this event loop, by what it is."""
    return _at_work.setdefault(asyncio.get_running_loop(), {})
