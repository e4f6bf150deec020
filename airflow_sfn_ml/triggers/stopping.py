"""What is at work for one task, and how it is stopped. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from airflow_sfn_ml.deploy.stops import Stop, stop_of
from airflow_sfn_ml.history import Attempt, ExecutionView
from airflow_sfn_ml.history.jobs import document


def running_jobs(view: ExecutionView, state: str) -> Iterator[tuple[Attempt, Stop, dict[str, Any]]]:
    """The jobs that *state*, or a state within it, is waiting for, each with the call that stops it."""
    for name, seen in view.states.items():
        if not seen.status.is_open or not seen.attempts or not _is_within(view, name, state):
            continue
        attempt = seen.attempts[-1]
        stop = stop_of(f"{attempt.resource_type}:{attempt.resource}")
        if stop is not None and attempt.job:
            yield attempt, stop, stop.arguments(attempt.job, document(attempt.request_text))


def _is_within(view: ExecutionView, name: str | None, state: str) -> bool:
    while name is not None and name != state:
        name = view.state(name).parent
    return name == state
