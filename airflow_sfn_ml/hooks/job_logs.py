"""What a job writes to CloudWatch Logs, read on from where the last look ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

PAGE = 50
"""How many streams one call tells; a job has one per instance."""


@dataclass(frozen=True)
class Lines:
    """What a stream had to tell.

    :param position: where to read on.
    :param is_end: whether there was no more for now.
    """

    told: tuple[str, ...]
    position: str | None
    is_end: bool


def streams(hook: StepFunctionsHook, group: str, prefix: str) -> list[str]:
    """The names of the streams of *group* that begin with *prefix*; none before the job has written anything.

    :raises ClientError: the log may not be read.
    """
    try:
        found = hook.client_of("logs").describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix, limit=PAGE)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ResourceNotFoundException":
            return []
        raise
    return sorted(str(stream["logStreamName"]) for stream in found["logStreams"])


def lines_after(hook: StepFunctionsHook, group: str, stream: str, position: str | None, limit: int) -> Lines:
    """At most *limit* lines of *stream* after *position*, or from its beginning."""
    where: dict[str, Any] = {"nextToken": position} if position else {}
    answer = hook.client_of("logs").get_log_events(
        logGroupName=group, logStreamName=stream, limit=max(1, limit), startFromHead=True, **where
    )
    told = tuple(str(event["message"]) for event in answer["events"])
    return Lines(told, answer.get("nextForwardToken"), len(told) < limit)
