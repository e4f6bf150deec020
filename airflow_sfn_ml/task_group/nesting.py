"""Which mapped groups of tasks lie in a group, and which tasks are in them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow.sdk.definitions.taskgroup import MappedTaskGroup

from airflow_sfn_ml.compiler.names import state_name


def mapped_groups(group: Any, named: Sequence[tuple[Any, str]]) -> dict[str, tuple[Any, list[str]]]:
    """The mapped groups inside of *group* by the names of their Maps, each with the states of its tasks."""
    found: dict[str, tuple[Any, list[str]]] = {}
    for operator, name in named:
        mapped = mapped_group_of(group, operator)
        if mapped is not None:
            found.setdefault(map_name(group, mapped), (mapped, []))[1].append(name)
    return found


def mapped_group_of(group: Any, operator: Any) -> Any:
    """The mapped group within *group* that *operator* is in, if any."""
    around = operator.task_group
    while around is not None and around.group_id != group.group_id:
        if isinstance(around, MappedTaskGroup):
            return around
        around = around.parent_group
    return None


def map_name(group: Any, mapped: Any) -> str:
    """The name of the Map of the group *mapped*, which is in *group*."""
    return state_name(str(mapped.group_id).removeprefix(f"{group.group_id}."))
