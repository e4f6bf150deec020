"""Reading what is new of one history, page by page, in threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.triggers.coverage import is_covered, names_of_jobs


class Histories(Protocol):
    """Where histories are read; `airflow_sfn_ml.hooks.reads.Reads` is one."""

    def history(self, arn: str, after: int, more: Any) -> tuple[list[dict[str, Any]], Any]: ...


@dataclass
class Read:
    """One reading, which goes on from *view*.

    The view changes only with the last page: newer events may come before older ones.
    """

    view: ExecutionView | None
    last_event: datetime | None = None
    jobs: frozenset[str] = frozenset()
    is_covered: bool = False
    _events: list[dict[str, Any]] = field(default_factory=list)
    _before: ExecutionView | None = None

    def page(self, source: Histories, arn: str, more: Any) -> Any:
        """Read a page; where the next one begins, None after the last."""
        after = self.view.last_event_id if self.view is not None else 0
        events, more = source.history(arn, after, more)
        self._events += events
        if not after:  # from the first event on: each page is folded when it comes, since there may be thousands
            self._before, self._events = reduce(self._events, self._before), self._events[-1:]
        if more is None and (self._events or self.view is None):
            self._end()
        return more

    def _end(self) -> None:
        before = self.view if self.view is not None else self._before
        view = self.view = reduce(self._events, before)
        self.last_event = max((event["timestamp"] for event in self._events), default=None)
        self.jobs, self.is_covered = names_of_jobs(view), is_covered(view)
