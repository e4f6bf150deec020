"""Airflow's retries and time limits as the state machine's."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from airflow_sfn_ml.asl import Retry

LONGEST = 31_622_400
"""AWS's limit for MaxDelaySeconds, in seconds."""


def retry_of(retries: int | None, delay: Any, backoff: float | bool, longest: Any) -> Retry | None:
    """The retrier that does what *retries* and the delays say, or None where there are no retries.

    Airflow's retries cover every failure, time-outs too, so the retrier does.
    """
    if not retries:
        return None
    interval = max(1, math.ceil(_seconds(delay)))
    multiplier = 2.0 if backoff is True else float(backoff or 1)
    limit = math.ceil(_seconds(longest)) if longest else None
    if limit is not None and limit <= interval:
        interval, limit = max(1, limit), None
        multiplier = 1.0
    return Retry(
        error_equals=("States.ALL",),
        interval_seconds=interval,
        max_attempts=retries,
        backoff_rate=int(multiplier) if multiplier.is_integer() else multiplier,
        max_delay_seconds=min(limit, LONGEST - 1) if limit is not None and multiplier > 1 else None,
    )


def timeout_of(*limits: Any) -> int | None:
    """The shortest of *limits*, in whole seconds."""
    seconds = [max(1, math.ceil(_seconds(limit))) for limit in limits if limit]
    return min(seconds, default=None)


def _seconds(value: Any) -> float:
    return value.total_seconds() if isinstance(value, timedelta) else float(value)
