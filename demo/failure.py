"""The failure that the demo plans: a mistyped setting of one day, found in the task's log, corrected, and cleared."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demo.stack import AirflowStack

BUCKET = "census-income"
FAILED = "training.train"
MISTYPED = {"class_weight": "balancd", "C": 1.0}
CORRECT = {"class_weight": "balanced", "C": 1.0}
TOLD = 6
"""How many lines of the failed task's log are shown."""


def mistype(stack: AirflowStack, day: str) -> None:
    """Put settings for *day* into S3 that scikit-learn refuses."""
    _put(stack, day, MISTYPED)


def correct(stack: AirflowStack, day: str) -> None:
    """Put the settings for *day* right."""
    _put(stack, day, CORRECT)


def _put(stack: AirflowStack, day: str, settings: dict[str, Any]) -> None:
    key = f"{day}/settings/settings.json"
    stack.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=json.dumps(settings).encode())


def has_failed_as_planned(stack: AirflowStack, dag_id: str, run: dict[str, Any]) -> bool:
    """Whether exactly the training failed."""
    states = {task["task_id"]: task["state"] for task in stack.task_instances(dag_id, run["dag_run_id"])}
    return [task for task, state in states.items() if state == "failed"] == [FAILED]


def why(stack: AirflowStack, dag_id: str, run: dict[str, Any]) -> Sequence[str]:
    """What the failed task's log says of the cause."""
    lines = [line.strip() for line in stack.task_log(dag_id, run["dag_run_id"], FAILED).splitlines() if line.strip()]
    begin = next((index for index, line in enumerate(lines) if line.startswith("State train failed")), 0)
    wanted = ("State train", "Job:", "Reason:", "Attempt", "Exit", "sklearn.")
    return [line for line in dict.fromkeys(lines[begin:]) if line.startswith(wanted)][:TOLD]


def clear(stack: AirflowStack, dag_id: str, run: dict[str, Any]) -> None:
    """Clear the training and what comes after it, as one does in Airflow's UI."""
    stack.clear(dag_id, run["dag_run_id"], [FAILED], include_downstream=True)
