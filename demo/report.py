"""What came of the runs: read from the evaluation reports in S3, told as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.history import reduce

if TYPE_CHECKING:
    from demo.stack import AirflowStack

HEADINGS = ("date", "execution", "redriven", "jobs", "accuracy", "ROC AUC", "time", "status", "model")
STEPS = ("preprocess", "train", "evaluate")
LOG_TAIL = 30


@dataclass(frozen=True)
class Result:
    """One Dag run and its model; what a failed run did not get to is None.

    :param redriven: how often the execution was redriven.
    :param jobs: how many SageMaker jobs each step of the execution has run.
    """

    date: str
    run_id: str
    status: str
    seconds: float
    execution_arn: str | None
    redriven: int
    jobs: tuple[int, ...]
    accuracy: float | None
    roc_auc: float | None
    model: str | None

    def cells(self) -> tuple[str, ...]:
        """The row of the table."""
        return (
            self.date,
            self.execution_arn[-20:] if self.execution_arn else "-",  # what differs; results.json has all of it
            f"{self.redriven} x" if self.redriven else "-",
            " + ".join(map(str, self.jobs)),
            "-" if self.accuracy is None else f"{self.accuracy:.4f}",
            "-" if self.roc_auc is None else f"{self.roc_auc:.4f}",
            f"{self.seconds:.0f} s",
            self.status,
            self.model.split("/", 3)[-1] if self.model else "-",
        )


def read_result(stack: AirflowStack, dag_id: str, run: dict[str, Any]) -> Result:
    """The result of *run*: the model is in the training state's output, the scores are in the report in S3."""
    run_id = run["dag_run_id"]
    start = stack.xcom(dag_id, run_id, "training.start") or {}
    trained = (stack.xcom(dag_id, run_id, "training.train") or {}).get("Training", {})
    evaluated = (stack.xcom(dag_id, run_id, "training.evaluate") or {}).get("Processing")
    scores = _evaluation(stack.aws.client("s3"), evaluated) if evaluated else {}
    arn = start.get("execution_arn")
    states = stack.aws.client("stepfunctions")
    return Result(
        date=run["logical_date"][:10],
        run_id=run_id,
        status=run["state"],
        seconds=_seconds(run["start_date"], run["end_date"]),
        execution_arn=arn,
        redriven=states.describe_execution(executionArn=arn)["redriveCount"] if arn else 0,
        jobs=_jobs(states, arn) if arn else (0,) * len(STEPS),
        accuracy=scores.get("accuracy"),
        roc_auc=scores.get("roc_auc"),
        model=trained.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
    )


def _jobs(states: Any, arn: str) -> tuple[int, ...]:
    """How many jobs each step has started, by the execution's own history."""
    view = reduce(
        event
        for page in states.get_paginator("get_execution_history").paginate(executionArn=arn)
        for event in page["events"]
    )
    return tuple(len({attempt.job for attempt in view.state(step).attempts if attempt.job}) for step in STEPS)


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
