"""What watching reads, one call of AWS each, so that each can be paid for from a budget."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow_sfn_ml.deploy.errors import translated

NEWEST = 40
"""How many events are asked for first where most are known already; there are seldom more that are new."""
PAGE = 400
"""The most events of one call: their inputs and outputs may be long, and parsing holds up the event loop's thread."""
LISTED = 1000
"""The most executions of one call."""

More = tuple[int, str | None]
"""Where a history goes on: the size of the page and AWS's token. AWS wants the size to stay the same with a token."""


class Reads:
    """The calls of one client of Step Functions."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def history(self, arn: str, after: int, more: More | None) -> tuple[list[dict[str, Any]], More | None]:
        """Events of *arn* with an id above *after*, and where to go on; None at the end.

        From the beginning they come oldest first. Otherwise a few of the newest are read, and if all of them are new,
        more from the newest on: some come twice.
        """
        size, token = more or (NEWEST if after else PAGE, None)
        wanted: dict[str, Any] = {"executionArn": arn, "maxResults": size, "includeExecutionData": True}
        wanted |= {"reverseOrder": True} if after else {}
        wanted |= {"nextToken": token} if token else {}
        with translated(self._client, "states:GetExecutionHistory", arn):
            page = self._client.get_execution_history(**wanted)
        events = [_in_utc(event) for event in page["events"] if event["id"] > after]
        if len(events) < len(page["events"]) or "nextToken" not in page:
            return events, None
        return events, (PAGE, page["nextToken"] if size == PAGE else None)

    def summary(self, arn: str) -> dict[str, Any]:
        """What DescribeExecution says of *arn*, without input and output."""
        with translated(self._client, "states:DescribeExecution", arn):
            told = self._client.describe_execution(executionArn=arn, includedData="METADATA_ONLY")
        return _without_answer(told)

    def executions(self, machine_arn: str, token: str | None) -> tuple[list[dict[str, Any]], str | None]:
        """The newest executions of a machine or those from *token* on, and where to go on; None at the end."""
        more = {"nextToken": token} if token else {}
        with translated(self._client, "states:ListExecutions", machine_arn):
            page = self._client.list_executions(stateMachineArn=machine_arn, maxResults=LISTED, **more)
        return [_in_utc(item) for item in page["executions"]], page.get("nextToken")


def _without_answer(told: Mapping[str, Any]) -> dict[str, Any]:
    left = ("ResponseMetadata", "input", "output", "inputDetails", "outputDetails")
    return _in_utc({key: value for key, value in told.items() if key not in left})


def _in_utc(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same with its times in UTC: boto3 gives every single one a time zone of its own, which takes room."""
    return {key: value.astimezone(UTC) if isinstance(value, datetime) else value for key, value in told.items()}
