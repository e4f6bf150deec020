"""Waiting, time-outs and heartbeats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from airflow_sfn_ml.asl.validation.model import JSONATA, State
from airflow_sfn_ml.asl.validation.rules import Finding, state_rule

_TIMESTAMP = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)")
WAITS = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")


def is_timestamp(value: Any) -> bool:
    """Whether *value* is a moment in the profile of RFC 3339 that the language asks for: capital T and Z."""
    match = _TIMESTAMP.fullmatch(value) if isinstance(value, str) else None
    if not match:
        return False
    try:
        datetime.fromisoformat(match.group(1))
    except ValueError:
        return False
    return int(match.group(2)) <= 60


@state_rule("wait-for-what", "Wait")
def wait_for_what(state: State) -> Iterator[Finding]:
    found = [key for key in WAITS if key in state.body]
    if len(found) != 1:
        yield state.path, f"a Wait needs one of {', '.join(WAITS)}; it has {' and '.join(found) or 'none'}"


@state_rule("bad-timestamp", "Wait")
def bad_timestamp(state: State) -> Iterator[Finding]:
    value = state.body.get("Timestamp")
    if isinstance(value, str) and not is_timestamp(value):
        if state.language == JSONATA and value.startswith("{%"):
            return
        yield f"{state.path}/Timestamp", f"{value!r} is no timestamp; write it as 2030-01-01T00:00:00Z"


@state_rule("heartbeat-not-below-timeout", "Task")
def heartbeat(state: State) -> Iterator[Finding]:
    beat, limit = state.body.get("HeartbeatSeconds"), state.body.get("TimeoutSeconds")
    if isinstance(beat, int) and isinstance(limit, int) and beat >= limit:
        yield f"{state.path}/HeartbeatSeconds", f"HeartbeatSeconds is {beat}; it must be below TimeoutSeconds, {limit}"
