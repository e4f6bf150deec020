"""Which tasks run when a branch operator names some: as Airflow's ``skip_all_except`` and its groups have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def let_run(operator: Any, chosen: Iterable[str]) -> tuple[str, ...]:
    """The ids of the tasks right after *operator* that run when it names *chosen*, tasks or groups.

    A task that comes after something that was named runs as well, though it was not named itself.
    """
    dag = operator.dag
    running: set[str] = set()
    for task_id in {task_id for name in chosen for task_id in first_tasks(operator, name)}:
        running |= {task_id} | dag.get_task(task_id).get_flat_relative_ids(upstream=False)
    return tuple(sorted(running & set(operator.downstream_task_ids)))


def first_tasks(operator: Any, name: str) -> list[str]:
    """The ids of the tasks that *name* stands for: itself, or the first ones of a group; none if there is no such."""
    dag = operator.dag
    group = dag.task_group.get_task_group_dict().get(name)
    if group is not None:
        return sorted(root.task_id for root in group.get_roots())
    return [name] if dag.has_task(name) else []


def edge_labels(operator: Any, task_ids: Sequence[str]) -> str:
    """The labels of the edges from *operator* to *task_ids*."""
    labels = (operator.dag.get_edge_info(operator.task_id, task_id).get("label") for task_id in task_ids)
    return ", ".join(dict.fromkeys(label for label in labels if label))
