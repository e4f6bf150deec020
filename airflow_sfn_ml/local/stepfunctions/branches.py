"""Branches of a Parallel and items of a Map: the first failure stops the others, and they end before the state does.

moto lets the items of a failed Map run on, and loses the error of a branch or an item when its name begins with
"States.".
"""

from __future__ import annotations

import copy
import datetime
import logging
import threading
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.progress import Progress, give, progress_of
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError, inherit

log = logging.getLogger(__name__)

patches = Patches("moto.stepfunctions.parser.asl.component.state.exec")
names = Patches("moto.stepfunctions.parser.asl.component.common.error_name")

PARTING_SECONDS = 5


@patches.replaces("state_parallel.branches_decl", "BranchesDecl._eval_body", "self", "env")
def run_branches(self: Any, env: Any) -> None:
    """Run all branches at the same time, but none that ended before a redrive; the result is their outputs."""
    state_input = env.stack.pop()
    parts = [progress_of(env).part(index) for index in range(len(self.programs))]
    todo = [(program, part) for program, part in zip(self.programs, parts, strict=True) if not part.ended]
    frames = [give(inherit(env.open_inner_frame(), env), part) for _, part in todo]
    over = _Over(len(frames))
    threads = []
    for (program, _), frame in zip(todo, frames, strict=True):
        frame.states.reset(input_value=state_input)
        threads.append(threading.Thread(target=over.run, args=(program, frame), daemon=True))
    for thread in threads:
        thread.start()
    over.event.wait()
    if over.error is not None:
        for frame in frames:
            frame.set_stop(stop_date=datetime.datetime.now(datetime.UTC), cause=None, error=None)
    for thread in threads:
        thread.join(PARTING_SECONDS)
    for frame in frames:
        env.close_frame(frame)
    if not env.is_running():
        raise InterruptedWaitError
    if over.error is not None:
        # What follows comes from the failure, not from the stops that it led to, which have later numbers.
        env.event_history_context.source_event_id = over.last_event
        raise failure_of(env, over.error, "ExecutionFailed")
    env.stack.append([copy.deepcopy(part.output) for part in parts])


class _Over:
    """Knows when all branches have ended, or one has failed."""

    def __init__(self, count: int) -> None:
        self.event = threading.Event()
        self.error: dict[str, Any] | None = None
        self.last_event = 0
        self._left = count
        if count == 0:
            self.event.set()
        self._lock = threading.Lock()

    def run(self, program: Any, frame: Any) -> None:
        """Run one branch to its end."""
        try:
            program.eval(frame)
            state = frame.program_state()
            failed = type(state).__name__ == "ProgramError"
            error = dict(state.error or {}) if failed else {}
        except Exception as unexpected:
            log.exception("branch")
            failed, error = True, {"error": "States.Runtime", "cause": repr(unexpected)}
        with self._lock:
            self._left -= 1
            if failed and self.error is None:
                self.error = error
                self.last_event = frame.event_history_context.source_event_id
                self.event.set()
            if self._left == 0:
                self.event.set()


@patches.replaces(
    "state_map.iteration.inline_iteration_component", "InlineIterationComponent._eval_body", "self", "env"
)
def run_items(self: Any, env: Any) -> None:
    """Run the items of an inline Map, so many at a time; the result is the list of their outputs."""
    settings = env.stack.pop()
    pool = pool_of(self._get_iteration_program(), settings.input_items, progress_of(env))
    count = len(pool._open_jobs)
    threads = []
    for _ in range(min(settings.max_concurrency or count, count)):
        worker = self._create_worker(env=env, eval_input=settings, job_pool=pool)
        threads.append(threading.Thread(target=worker.eval, daemon=True))
    run_together(env, pool, threads)


def run_together(env: Any, pool: Any, threads: list[threading.Thread]) -> None:
    """Let *threads* work off *pool*, and stop all when one fails; the result is the list of the outputs."""
    for thread in threads:
        thread.start()
    pool.await_jobs()
    error = pool.get_worker_exception()
    if error is not None:
        for frame in list(env._frames):
            frame.set_stop(stop_date=datetime.datetime.now(datetime.UTC), cause=None, error=None)
    for thread in threads:
        thread.join(PARTING_SECONDS)
    if not env.is_running():
        raise InterruptedWaitError
    if error is not None:
        raise error
    env.stack.append([closed.job_output for closed in pool.get_closed_jobs()])


def pool_of(program: Any, items: list[Any], progress: Progress) -> Any:
    """The items to run; those that ended before a redrive count as run."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobClosed, JobPool

    pool: Any = JobPool(job_program=program, job_inputs=items)
    for job in list(pool._open_jobs):
        part = progress.part(job.job_index)
        if part.ended:
            pool._open_jobs.remove(job)
            pool._closed_jobs.add(JobClosed(job_index=job.job_index, job_output=copy.deepcopy(part.output)))
    return pool


@patches.replaces("state_map.iteration.iteration_worker", "IterationWorker._eval_job", "self", "env", "job")
def run_item(self: Any, env: Any, job: Any) -> None:
    """Run one item of an inline Map; its output, or why it has none, becomes the job's."""
    part = progress_of(self._env).part(job.job_index)

    def happened(how: str, **settings: Any) -> None:
        env.event_manager.add_event(
            context=env.event_history_context,
            event_type=f"MapIteration{how}",
            event_details={f"mapIteration{how}EventDetails": {"name": self._work_name, "index": job.job_index}},
            **settings,
        )

    if part.state is None:
        happened("Started")
    try:
        job.job_output = _item_output(self, give(env, part), job)
        how = "Succeeded"
    except InterruptedWaitError as interrupted:
        job.job_output, how = interrupted, "Aborted"
    except Exception as error:
        job.job_output, how = error, "Failed"
    happened(how, update_source_event_id=False)


def _item_output(self: Any, env: Any, job: Any) -> Any:
    from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

    item = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
    env.states.context_object.context_object_data["Map"] = item
    env.states.reset(input_value=job.job_input)
    if progress_of(env).state is None:
        self._eval_input(env_frame=env)
    job.job_program.eval(env)
    state = env.program_state()
    if type(state).__name__ == "ProgramError":
        raise failure_of(env, state.error or {}, "MapIterationFailed")
    if not progress_of(env).ended:
        raise InterruptedWaitError
    return env.states.get_input()


def failure_of(env: Any, error: dict[str, Any], event: str) -> Exception:
    """The exception that carries the `error` of what ran inside of a state, with its event."""
    from moto.stepfunctions.parser.asl.component.common.error_name import custom_error_name, failure_event

    details = {key: error[key] for key in ("error", "cause") if error.get(key) is not None}
    failure: Exception = failure_event.FailureEventException(
        failure_event=failure_event.FailureEvent(
            env=env,
            error_name=custom_error_name.CustomErrorName(error_name=error.get("error")),
            event_type=event,
            event_details={"executionFailedEventDetails": details},
        )
    )
    return failure


@names.replaces("custom_error_name", "CustomErrorName.__init__", "self", "error_name")
def name_error(self: Any, error_name: str | None) -> None:
    """Any name: the errors of branches and items keep theirs on the way up."""
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName

    ErrorName.__init__(self, error_name=error_name)
