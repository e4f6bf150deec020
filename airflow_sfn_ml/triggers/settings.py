"""The [sfn_ml] section of Airflow's configuration, as far as watching reads it."""

from __future__ import annotations

from airflow_sfn_ml.triggers.budget import SHARE
from airflow_sfn_ml.triggers.poll import Pace


def pace() -> Pace:
    """How often executions are looked at, from ``[sfn_ml] poll_shortest`` and ``poll_longest`` (seconds)."""
    from airflow.sdk.configuration import conf

    default = Pace()
    shortest = conf.getfloat("sfn_ml", "poll_shortest", fallback=default.shortest)
    longest = conf.getfloat("sfn_ml", "poll_longest", fallback=default.longest)
    return Pace(shortest=shortest, longest=max(shortest, longest))


def quota_share() -> float:
    """The share of AWS's quotas that a triggerer may use, from ``[sfn_ml] quota_share``: above 0, at most 1."""
    from airflow.sdk.configuration import conf

    return min(1.0, max(0.01, float(conf.getfloat("sfn_ml", "quota_share", fallback=SHARE))))


def poll_with_events() -> float:
    """Seconds between two looks while events come, from ``[sfn_ml] poll_with_events``."""
    from airflow.sdk.configuration import conf

    return max(1.0, float(conf.getfloat("sfn_ml", "poll_with_events", fallback=300.0)))


def events_queue_url() -> str | None:
    """The queue that tells of events, from ``[sfn_ml] events_queue_url``; None if there is none."""
    from airflow.sdk.configuration import conf

    return (conf.get("sfn_ml", "events_queue_url", fallback="") or "").strip() or None


def stream_interval() -> float:
    """Seconds between two looks at a job's log, from ``[sfn_ml] stream_logs_interval``."""
    from airflow.sdk.configuration import conf

    return max(1.0, float(conf.getfloat("sfn_ml", "stream_logs_interval", fallback=15.0)))


def stream_lines() -> int:
    """How many lines one look at a job's log copies at most, from ``[sfn_ml] stream_logs_lines``."""
    from airflow.sdk.configuration import conf

    return max(1, int(conf.getint("sfn_ml", "stream_logs_lines", fallback=500)))


def log_lines() -> int:
    """How many of a failed job's last log lines go into the task's log, from ``[sfn_ml] failure_log_lines``."""
    from airflow.sdk.configuration import conf

    return int(conf.getint("sfn_ml", "failure_log_lines", fallback=40))
