"""Lists in S3: pages of a thousand objects, of which each is a turn of a loop.

What a machine carries from state to state may have 256 KiB, so a list of some thousand keys is the most that an XCom
can hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl import Choice, Fail, State, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.sensing import code, when
from airflow_sfn_ml.translators.table import Call, finished

NEXT = {"p_next": "$states.result.IsTruncated ? $states.result.NextContinuationToken : null"}
"""What a page leaves to the next."""


def translation(operator: Any, states: list[State], output: Any = None) -> Translation:
    """The task that *states* are; *output* is JSONata."""
    return Translation(finished(operator, states, output))


def page(name: str, request: Mapping[str, Any], keep: Mapping[str, Any]) -> Call:
    """Ask for a page of a list."""
    return Call(
        "aws-sdk:s3:listObjectsV2", {k: v for k, v in request.items() if v not in ("", None)}, name=name, keep=keep
    )


def deletion(bucket: Any, keys: str, following: str) -> list[State]:
    """Delete up to a thousand objects, whose *keys* are given in JSONata; fail if one could not be deleted."""
    request = {
        "Bucket": bucket,
        "Delete": {"Objects": Code((f"[{keys}.{{'Key': $}}]",))},
    }
    errors = "$string($p_errors.Key)"
    return [
        Task(
            "deleteObjects",
            resource="aws-sdk:s3:deleteObjects",
            arguments=request,
            assign={"p_errors": code("[$states.result.Errors]")},
            next="deleted?",
        ),
        Choice("deleted?", choices=(when(("$count($p_errors) > 0",), "not deleted"),), default=following),
        Fail("not deleted", error="JobFailed", cause=code(f"'errors when deleting: ' & {errors}")),
    ]
