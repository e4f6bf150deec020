"""Reads that are not up to date, as AWS documents them for Step Functions.

DescribeExecution, ListExecutions and DescribeStateMachine are "eventually consistent. The results are best effort and
may not reflect very recent updates and changes". Executions and machines keep a journal of copies, one for each change;
a read that looks back takes the copy of its moment, and does not find what was made later. Nothing is promised about
two reads in a row: the second may be older than the first.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_MOMENT: ContextVar[datetime | None] = ContextVar("moment", default=None)


@contextlib.contextmanager
def looking_back(moment: datetime | None) -> Iterator[None]:
    """Let reads of this thread show what was at *moment*; None means now."""
    token = _MOMENT.set(moment)
    try:
        yield
    finally:
        _MOMENT.reset(token)


def note(thing: Any) -> None:
    """Put *thing* as it is now into its journal; call it after every change."""
    thing.__dict__.setdefault("journal", []).append((datetime.now(UTC), copy.copy(thing)))


def seen(thing: Any) -> Any | None:
    """*thing* as a read finds it; None when it was not there yet."""
    moment = _MOMENT.get()
    if moment is None:
        return thing
    return next((then for date, then in reversed(thing.__dict__.get("journal", [])) if date <= moment), None)


def known(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the ascending events of a history that a read finds."""
    moment = _MOMENT.get()
    if moment is None:
        return events
    last = moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    return [event for event in events if event["timestamp"] <= last]
