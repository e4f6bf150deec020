"""What came of the runs: read from the evaluation reports in S3, told as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from demo.stack import AirflowStack

HEADINGS = ("date", "execution", "accuracy", "ROC AUC", "time", "status", "model")
LOG_TAIL = 30


@dataclass(frozen=True)
class Result:
    """One Dag run and its model; what a failed run did not get to is None."""

    date: str
    run_id: str
    status: str
    seconds: float
    execution: str | None
    accuracy: float | None
    roc_auc: float | None
    model: str | None

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (
            self.date,
            self.execution[-20:] if self.execution else "-",  # what differs; results.json has the whole name
            "-" if self.accuracy is None else f"{self.accuracy:.4f}",
            "-" if self.roc_auc is None else f"{self.roc_auc:.4f}",
            f"{self.seconds:.0f} s",
            self.status,
            self.model or "-",
        )


def read_result(stack: AirflowStack, dag_id: str, run: dict[str, Any]) -> Result:
    """The result of *run*: the model is in the training state's output, the scores are in the report in S3."""
    run_id = run["dag_run_id"]
    start = stack.xcom(dag_id, run_id, "training.start") or {}
    trained = (stack.xcom(dag_id, run_id, "training.train") or {}).get("Training", {})
    evaluated = (stack.xcom(dag_id, run_id, "training.evaluate") or {}).get("Processing")
    scores = _evaluation(stack.aws.client("s3"), evaluated) if evaluated else {}
    return Result(
        date=run["logical_date"][:10],
        run_id=run_id,
        status=run["state"],
        seconds=_seconds(run["start_date"], run["end_date"]),
        execution=start.get("execution_name"),
        accuracy=scores.get("accuracy"),
        roc_auc=scores.get("roc_auc"),
        model=trained.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
    )


def _evaluation(s3: Any, processing: dict[str, Any]) -> dict[str, Any]:
    outputs = {
        each["OutputName"]: each["S3Output"]["S3Uri"] for each in processing["ProcessingOutputConfig"]["Outputs"]
    }
    bucket, _, prefix = outputs["evaluation"].removeprefix("s3://").partition("/")
    return dict(json.loads(s3.get_object(Bucket=bucket, Key=f"{prefix}/evaluation.json")["Body"].read()))


def _seconds(start: str | None, end: str | None) -> float:
    if not start or not end:
        return 0.0
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def table(results: Sequence[Result]) -> str:
    """The results, in columns as wide as they need to be."""
    rows = [HEADINGS, *(result.cells() for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def save(results: Sequence[Result], path: Path) -> None:
    """Write the results as JSON."""
    path.write_text(json.dumps([asdict(result) for result in results], indent=2) + "\n")


def failures(stack: AirflowStack, dag_id: str, run_id: str) -> str:
    """The last lines of the log of each task that failed in a run."""
    told = []
    for task in stack.task_instances(dag_id, run_id):
        if task["state"] == "failed":
            tail = stack.task_log(dag_id, run_id, task["task_id"]).splitlines()[-LOG_TAIL:]
            told.append("\n".join([f"-- {task['task_id']} of {run_id}", *tail]))
    return "\n".join(told)
