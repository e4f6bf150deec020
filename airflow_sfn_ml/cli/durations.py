"""`durations`: how long the tasks of groups took, for ``expected_durations``.

What Airflow knows of a task is from when it was let go to when its state had ended, so time in a queue of AWS counts
too: that is what the structure of a group has to weigh.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK
from airflow_sfn_ml.cli.writing import write_json, write_rows


def durations(arguments: Any) -> int:
    """Write the median of the last runs, as a table or as the mapping that a group takes."""
    bag = read(arguments)
    found = [(target, of_group(target, arguments.runs)) for target in bag.targets]
    if arguments.output == "json":
        told = {target.label: {task: took for task, (took, _) in tasks.items()} for target, tasks in found}
        write_json(next(iter(told.values())) if len(told) == 1 else told)
    else:
        rows = [
            {"group": target.label, "task": task, "seconds": took, "runs": runs}
            for target, tasks in found
            for task, (took, runs) in tasks.items()
        ]
        write_rows(rows, arguments.output, "no task of a group has succeeded yet")
    return FAILED if tell_errors(bag) else OK


def of_group(target: Target, runs: int) -> dict[str, tuple[float, int]]:
    """How many seconds each task of *target* took in its last *runs* successes, and in how many there are."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    group = target.group
    assert group is not None
    names = {operator.task_id: operator.task_id.removeprefix(f"{group.group_id}.") for operator, _ in group.members()}
    query = (
        select(TaskInstance.task_id, TaskInstance.duration)
        .where(
            TaskInstance.dag_id == target.dag_id,
            TaskInstance.task_id.in_(names),
            TaskInstance.state == "success",
            TaskInstance.duration >= 0,  # Airflow 3.3.2 keeps the end of an earlier try when a trigger ends a later one
        )
        .order_by(TaskInstance.end_date.desc())
    )
    with create_session(scoped=False) as session:
        rows = [(names[task_id], float(took or 0)) for task_id, took in session.execute(query)]
    return medians(rows, list(names.values()), runs)


def medians(rows: Iterable[tuple[str, float]], tasks: list[str], runs: int) -> dict[str, tuple[float, int]]:
    """The median of the first *runs* durations of each task in *rows*, in the order of *tasks*."""
    took: Mapping[str, list[float]] = {task: [] for task in tasks}
    for task, seconds in rows:
        if len(took[task]) < runs:
            took[task].append(seconds)
    return {task: (round(median(times), 1), len(times)) for task, times in took.items() if times}
