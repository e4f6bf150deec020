"""One execution: look at it, wait for it, stop it, redrive it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.exceptions import (
    ExecutionAborted,
    ExecutionError,
    ExecutionFailed,
    ExecutionTimedOut,
)
from airflow_sfn_ml.workflow.lists import EventsList, Html
from airflow_sfn_ml.workflow.progress import Progress

if TYPE_CHECKING:
    from airflow_sfn_ml.history import ExecutionView
    from airflow_sfn_ml.workflow.workflow import Workflow


class ExecutionStatus(StrEnum):
    """The status of an execution, as AWS writes it."""

    Running = "RUNNING"
    Succeeded = "SUCCEEDED"
    Failed = "FAILED"
    TimedOut = "TIMED_OUT"
    Aborted = "ABORTED"
    PendingRedrive = "PENDING_REDRIVE"


OPEN = (ExecutionStatus.Running, ExecutionStatus.PendingRedrive)
_ERRORS: dict[str, type[ExecutionError]] = {
    "FAILED": ExecutionFailed,
    "TIMED_OUT": ExecutionTimedOut,
    "ABORTED": ExecutionAborted,
}
FIRST_LOOK, LAST_LOOK = 1.0, 15.0
"""Seconds between two looks at an execution: at first, and at most. DescribeExecution has 10 to 15 calls a second for
the whole account."""


class Execution:
    """An execution of a workflow.

    :param status: what it was when this object was made; `describe` has what it is now.
    """

    def __init__(
        self,
        workflow: Workflow,
        execution_arn: str,
        start_date: Any,
        status: Any,
        client: Any = None,
        name: str | None = None,
        stop_date: Any = None,
    ) -> None:
        self.workflow = workflow
        self.execution_arn = execution_arn
        self.start_date = start_date
        self.stop_date = stop_date
        self.status = ExecutionStatus(getattr(status, "value", status))
        self.client = client or workflow.client
        self.name = name or execution_arn.rpartition(":")[2]

    def describe(self) -> dict[str, Any]:
        """What DescribeExecution says now."""
        described: dict[str, Any] = self.client.describe_execution(executionArn=self.execution_arn)
        self.status = ExecutionStatus(described["status"])
        self.stop_date = described.get("stopDate")
        return described

    def get_input(self) -> Any:
        """The input of the execution."""
        return _read(self.describe().get("input"))

    def get_output(self, wait: bool = False) -> Any:
        """The output of the execution; None while there is none, and if it did not succeed.

        :param wait: wait until it has ended. `wait` raises what went wrong instead.
        """
        described = self.describe()
        if wait:
            described = self._await(None, lambda view: None, watch=False)
        return _read(described.get("output"))

    def wait(self, timeout: float | None = None, *, progress: bool | Callable[[ExecutionView], None] = False) -> Any:
        """Wait until the execution has ended, and give its output.

        :param timeout: seconds; without it, as long as it takes.
        :param progress: True prints each state as it begins and ends; a function gets a view of the execution each time
            that something happened.
        :raises ExecutionFailed: it failed; also `ExecutionTimedOut` and `ExecutionAborted`, with the error and its
            cause.
        :raises TimeoutError: it is still running after *timeout*.
        """
        report = Progress().print if progress is True else progress or None
        described = self._await(timeout, report or (lambda view: None), watch=report is not None)
        if described["status"] == ExecutionStatus.Succeeded:
            return _read(described.get("output"))
        error, cause = described.get("error") or described["status"], described.get("cause")
        raise _ERRORS[described["status"]](f"{self.name}: {error}" + (f": {cause}" if cause else ""))

    def _await(self, timeout: float | None, report: Callable[[ExecutionView], None], watch: bool) -> dict[str, Any]:
        until = None if timeout is None else time.monotonic() + timeout
        pause = FIRST_LOOK
        view: ExecutionView | None = None
        while True:
            described = self.describe()
            if watch:
                seen = view
                view = self.view(view)
                if seen is None or view.last_event_id != seen.last_event_id:
                    report(view)
                    pause = FIRST_LOOK
            if self.status not in OPEN:
                return described
            if until is not None and time.monotonic() >= until:
                raise TimeoutError(f"{self.name} is still running after {timeout} s")
            time.sleep(pause if until is None else max(0.0, min(pause, until - time.monotonic())))
            pause = min(pause * 1.5, LAST_LOOK)

    def view(self, previous: ExecutionView | None = None) -> ExecutionView:
        """The execution's states, folded from its events.

        :param previous: a view that was made earlier: only what happened since is read.
        """
        from airflow_sfn_ml.history import reduce

        known = 0 if previous is None else previous.last_event_id
        fresh: list[dict[str, Any]] = []
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=self.execution_arn, reverseOrder=True, PaginationConfig={"PageSize": 1000}
        )
        for page in pages:
            new = [event for event in page["events"] if event["id"] > known]
            fresh += new
            if len(new) < len(page["events"]):
                break
        return reduce(reversed(fresh), previous)

    def list_events(self, max_items: int = 100, reverse_order: bool = False, html: bool = False) -> Any:
        """The events of the execution.

        :param html: as a table for a notebook.
        """
        pages = self.client.get_paginator("get_execution_history").paginate(
            executionArn=self.execution_arn,
            reverseOrder=reverse_order,
            PaginationConfig={"MaxItems": max_items, "PageSize": min(max_items, 1000)},
        )
        events = EventsList(event for page in pages for event in page["events"])
        return events.to_html() if html else events

    def render_progress(self, portrait: bool = False, max_events: int = 25000) -> Html:
        """A picture of the workflow with what became of each state."""
        from airflow_sfn_ml.pictures import to_html

        return Html(to_html(self.workflow.definition.to_dict(), self.view()))

    def stop(self, cause: str | None = None, error: str | None = None) -> dict[str, Any]:
        """Stop the execution; what it waits for is stopped as well, as far as AWS can."""
        given = {name: text for name, text in (("cause", cause), ("error", error)) if text is not None}
        answer: dict[str, Any] = self.client.stop_execution(executionArn=self.execution_arn, **given)
        return answer

    def redrive(self, client_token: str | None = None) -> Execution:
        """Run again what failed, with the same definition and input; what succeeded stays.

        :param client_token: the same token within a quarter of an hour redrives once.
        """
        token = {} if client_token is None else {"clientToken": client_token}
        self.client.redrive_execution(executionArn=self.execution_arn, **token)
        self.status = ExecutionStatus.Running
        return self

    def __repr__(self) -> str:
        return (
            f"Execution(execution_arn={self.execution_arn!r}, name={self.name!r}, status={self.status.value!r}, "
            f"start_date={self.start_date!r})"
        )

    def _repr_html_(self) -> str:
        region = self.execution_arn.split(":")[3]
        url = f"https://{region}.console.aws.amazon.com/states/home?region={region}#/v2/executions/details/"
        return f'Execution: <a target="_blank" href="{url}{self.execution_arn}">{self.execution_arn}</a>'


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)
