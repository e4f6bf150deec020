"""Why a try of a task failed, by its logs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

OURS = ("AirflowFailException", "SfnMlError", "Cannot follow")
"""What stands in a log where this package has failed a task, or could not follow it."""


def errors(home: Path, dag_id: str, run_id: str, task_id: str, number: int) -> Iterator[str]:
    """The errors in the logs of a try, on a worker and in triggerers, with what was raised."""
    folder = home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
    for path in sorted(folder.glob(f"attempt={number}.log*")):
        for line in path.read_text(errors="replace").splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict) and told.get("level") in ("error", "critical"):
                raised = [f"{each.get('exc_type')}: {each.get('exc_value')}" for each in told.get("error_detail") or ()]
                yield " ".join([str(told.get("event")), *raised])


def blame(home: Path, dag_id: str, run_id: str, task_id: str, number: int) -> str | None:
    """What this package has done to a try that failed by no plan; None if a worker of it was killed or cut off."""
    told = list(errors(home, dag_id, run_id, task_id, number))
    for line in told:
        if any(word in line for word in OURS):
            return line
    folder = home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
    if (folder / f"attempt={number}.log").exists():
        return None
    return "; ".join(told) or "failed without a word"
