"""Branches of a Parallel and items of a Map: the first failure stops the others, and they end before the state does.

moto lets the items of a failed Map run on, and loses the error of a branch or an item when its name begins with
"States.".
"""

from __future__ import annotations

import datetime
import logging
import threading
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError, inherit

log = logging.getLogger(__name__)

patches = Patches("moto.stepfunctions.parser.asl.component.state.exec")
names = Patches("moto.stepfunctions.parser.asl.component.common.error_name")

_PARTING_SECONDS = 5


@patches.replaces("state_parallel.branches_decl", "BranchesDecl._eval_body", "self", "env")
def run_branches(self: Any, env: Any) -> None:
    """Run all branches at the same time; the result is the list of their outputs."""
    state_input = env.stack.pop()
    frames = [inherit(env.open_inner_frame(), env) for _ in self.programs]
    over = _Over(len(frames))
    threads = []
    for program, frame in zip(self.programs, frames, strict=True):
        frame.states.reset(input_value=state_input)
        threads.append(threading.Thread(target=over.run, args=(program, frame), daemon=True))
    for thread in threads:
        thread.start()
    over.event.wait()
    if over.error is not None:
        for frame in frames:
            frame.set_stop(stop_date=datetime.datetime.now(datetime.UTC), cause=None, error=None)
    for thread in threads:
        thread.join(_PARTING_SECONDS)
    for frame in frames:
        env.close_frame(frame)
    if not env.is_running():
        raise InterruptedWaitError
    if over.error is not None:
        raise _failure(env, over.error)
    env.stack.append([frame.states.get_input() for frame in frames])


class _Over:
    """Knows when all branches have ended, or one has failed."""

    def __init__(self, count: int) -> None:
        self.event = threading.Event()
        self.error: dict[str, Any] | None = None
        self._left = count
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
                self.event.set()
            if self._left == 0:
                self.event.set()


@patches.replaces(
    "state_map.iteration.inline_iteration_component", "InlineIterationComponent._eval_body", "self", "env"
)
def run_items(self: Any, env: Any) -> None:
    """Run the items of an inline Map, so many at a time; the result is the list of their outputs."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool

    settings = env.stack.pop()
    count = len(settings.input_items)
    pool = JobPool(job_program=self._get_iteration_program(), job_inputs=settings.input_items)
    threads = []
    for _ in range(min(settings.max_concurrency or count, count)):
        worker = self._create_worker(env=env, eval_input=settings, job_pool=pool)
        threads.append(threading.Thread(target=worker.eval, daemon=True))
    for thread in threads:
        thread.start()
    pool.await_jobs()
    error = pool.get_worker_exception()
    if error is not None:
        for frame in list(env._frames):
            frame.set_stop(stop_date=datetime.datetime.now(datetime.UTC), cause=None, error=None)
    for thread in threads:
        thread.join(_PARTING_SECONDS)
    if not env.is_running():
        raise InterruptedWaitError
    if error is not None:
        raise error
    env.stack.append([closed.job_output for closed in pool.get_closed_jobs()])


def _failure(env: Any, error: dict[str, Any]) -> Exception:
    from moto.stepfunctions.parser.asl.component.common.error_name import custom_error_name, failure_event

    details = {key: error[key] for key in ("error", "cause") if error.get(key) is not None}
    failure: Exception = failure_event.FailureEventException(
        failure_event=failure_event.FailureEvent(
            env=env,
            error_name=custom_error_name.CustomErrorName(error_name=error.get("error")),
            event_type="ExecutionFailed",
            event_details={"executionFailedEventDetails": details},
        )
    )
    return failure


@names.replaces("custom_error_name", "CustomErrorName.__init__", "self", "error_name")
def name_error(self: Any, error_name: str | None) -> None:
    """Any name: the errors of branches and items keep theirs on the way up."""
    from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName

    ErrorName.__init__(self, error_name=error_name)
