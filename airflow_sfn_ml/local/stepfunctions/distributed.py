"""The children of a distributed Map: when too many fail, the Map fails, and a redrive runs only those again.

moto gives null for a child that failed, and the Map succeeds. AWS fails it, and stops the other children, as soon as
more failed than `ToleratedFailureCount` and `ToleratedFailurePercentage` allow
(https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html). A child that failed and is tolerated
gives null here, too: AWS does not document what it leaves in the result.
"""

from __future__ import annotations

import threading
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.branches import failure_of, pool_of, run_together
from airflow_sfn_ml.local.stepfunctions.progress import give, progress_of
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError

patches = Patches("moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration")

_TOO_MANY = {
    "error": "States.ExceedToleratedFailureThreshold",
    "cause": "The specified tolerated failure threshold was exceeded",
}


@patches.replaces(
    "distributed_iteration_component", "DistributedIterationComponent._map_run", "self", "env", "eval_input"
)
def run_children(self: Any, env: Any, eval_input: Any) -> None:
    """Run all children, so many at a time, but none that ended before a redrive; the result is their outputs."""
    items = env.stack.pop()
    record = eval_input.map_run_record
    pool = pool_of(self._get_iteration_program(), items, progress_of(env))
    count = len(pool._open_jobs)
    _count(record, "succeeded", len(items) - count)
    _count(record, "total", len(items) - count)
    worker = self._create_worker(env=env, eval_input=eval_input, job_pool=pool)
    threads = [
        threading.Thread(target=_work, args=(env, worker, pool, record, len(items)), daemon=True)
        for _ in range(min(record.max_concurrency or count, count))
    ]
    run_together(env, pool, threads)


def _work(env: Any, worker: Any, pool: Any, record: Any, total: int) -> None:
    """Run children until there are no more."""
    while (job := pool.next_job()) is not None:
        frame = env.open_inner_frame()
        _run_child(env, frame, worker, job, record, total)
        env.close_frame(frame)
        pool.close_job(job)


def _run_child(env: Any, frame: Any, worker: Any, job: Any, record: Any, total: int) -> None:
    """Run one child; its output, or what ends the Map, becomes the job's."""
    _count(record, "total")
    _count(record, "running")
    try:
        job.job_output = _output(env, frame, worker, job)
        _count(record, "succeeded")
    except InterruptedWaitError as interrupted:
        job.job_output = interrupted
        _count(record, "aborted")
    except Exception:
        _count(record, "failed")
        failed = record.item_counter.failed.get()
        too_many = exceeds(failed, total, record.tolerated_failure_count, record.tolerated_failure_percentage)
        job.job_output = failure_of(env, _TOO_MANY, "MapRunFailed") if too_many else None
    _count(record, "running", -1)


def _output(env: Any, frame: Any, worker: Any, job: Any) -> Any:
    from moto.stepfunctions.parser.asl.eval.states import ItemData, MapData

    part = progress_of(env).part(job.job_index)
    give(frame, part)
    item = MapData(Item=ItemData(Index=job.job_index, Value=job.job_input))
    frame.states.context_object.context_object_data["Map"] = item
    frame.states.reset(job.job_input)
    if part.state is None:
        frame.stack.append(frame.states.get_input())
        worker._eval_input(env_frame=frame)
    job.job_program.eval(frame)
    state = frame.program_state()
    if type(state).__name__ == "ProgramError":
        raise failure_of(frame, state.error or {}, "MapRunFailed")
    if not part.ended:
        raise InterruptedWaitError
    return frame.states.get_input()


def exceeds(failed: int, total: int, count: int, percentage: float) -> bool:
    """Whether more children failed than are tolerated; without a limit that is any."""
    if not count and not percentage:
        return failed > 0
    return bool((count and failed > count) or (percentage and failed * 100 > percentage * total))


def _count(record: Any, name: str, number: int = 1) -> None:
    for counter in (record.item_counter, record.execution_counter):
        getattr(counter, name).count(number)
