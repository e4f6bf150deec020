"""Of which changes of an execution AWS tells by an event. Pure.

EventBridge has events for executions that end and for SageMaker jobs that end, and for nothing else that happens in an
execution. So while all that runs are such jobs, looking without an event is hardly worth a call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus

CONTAINERS = ("Map", "Parallel")
TELLING = re.compile(r"create(Training|Processing|Transform|HyperParameterTuning)Job\.sync.*")
SUFFIX = re.compile(r"-([0-9a-f]{10})-\d+-\d+$")
"""What the names of our jobs end with: a hash of the execution and the state, and which redrive and retry it is."""


def is_covered(view: ExecutionView) -> bool:
    """Whether the next change of *view* will be told by an event."""
    at_work = [state for state in view.states.values() if state.status.is_open and state.type not in CONTAINERS]
    return bool(at_work) and all(
        state.status is StateStatus.RUNNING and bool(state.attempts) and _tells(state.attempts[-1]) for state in at_work
    )


def names_of_jobs(view: ExecutionView) -> frozenset[str]:
    """By which the events of the jobs at work in *view* can be told: their names and ARNs, and what the names of later
    tries will have in common with them."""
    return frozenset(name for attempt in _at_work(view) for name in _names(attempt))


def family(job: str) -> str | None:
    """What the names of all tries of the job *job* have in common, if it is one of ours."""
    suffix = SUFFIX.search(job)
    return suffix.group(1) if suffix else None


def _at_work(view: ExecutionView) -> Iterator[Attempt]:
    for state in view.states.values():
        if state.status.is_open and state.attempts:
            yield state.attempts[-1]


def _names(attempt: Attempt) -> Iterator[str]:
    for name in (attempt.job, attempt.job_arn, family(attempt.job or "")):
        if name:
            yield name


def _tells(attempt: Attempt) -> bool:
    return (
        attempt.status is StateStatus.RUNNING
        and attempt.resource_type == "sagemaker"
        and attempt.job is not None
        and TELLING.fullmatch(attempt.resource or "") is not None
    )
