"""What Airflow's database knows of a Dag run: its groups, the executions they started, the tasks of their states.

A group is recognised by what its members hand to the triggerer; nothing else of it survives the serialisation of a Dag,
and nothing else is needed: which state a task follows, which task starts the execution, and the connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

TRIGGER = "airflow_sfn_ml.triggers.state.StateTrigger"


@dataclass(frozen=True, slots=True)
class Group:
    """The tasks of a Dag that follow the states of one execution.

    :param id: its id in the Dag; empty for a group without one.
    :param tasks: the task of every state that has one.
    """

    id: str
    start_task_id: str
    tasks: Mapping[str, str]
    aws_conn_id: str | None = "aws_default"
    region_name: str | None = None
    verify: bool | str | None = None

    def has(self, task_id: str) -> bool:
        """Whether *task_id* is one of the group's tasks."""
        return task_id == self.start_task_id or task_id in self.tasks.values()


@dataclass(frozen=True, slots=True)
class Instance:
    """A group in a Dag run: one execution, or one that has not been started yet.

    :param told: what the start task said: ``execution_arn``, ``generation`` and more; empty if it said nothing.
    :param start_state: the state of the start task in Airflow; None if Airflow has not come to it.
    :param task_states: the states of its tasks in Airflow, by task id.
    """

    group: Group
    map_index: int = -1
    told: Mapping[str, Any] = field(default_factory=dict)
    start_state: str | None = None
    task_states: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells it from the other groups of the run."""
        return f"{self.group.start_task_id}/{self.map_index}"

    @property
    def label(self) -> str:
        """What people call it."""
        name = self.group.id or self.group.start_task_id
        return name if self.map_index < 0 else f"{name} [{self.map_index}]"

    @property
    def execution_arn(self) -> str | None:
        """The ARN of its execution."""
        arn = self.told.get("execution_arn")
        return str(arn) if arn else None

    @property
    def generation(self) -> int:
        """How often a person has started it anew."""
        return int(self.told.get("generation") or 0)


def groups_of(tasks: Iterable[Any]) -> tuple[Group, ...]:
    """The groups among the serialised *tasks* of a Dag."""
    found: dict[str, dict[str, str]] = {}
    kwargs_of: dict[str, Mapping[str, Any]] = {}
    for task in tasks:
        kwargs = _trigger_kwargs(task)
        if kwargs is not None:
            start = str(kwargs["start_task_id"])
            found.setdefault(start, {})[str(kwargs["state"])] = str(task.task_id)
            kwargs_of.setdefault(start, kwargs)
    return tuple(
        Group(
            start.rpartition(".")[0],
            start,
            found[start],
            kwargs_of[start].get("aws_conn_id"),
            kwargs_of[start].get("region_name"),
            kwargs_of[start].get("verify"),
        )
        for start in found
    )


def instances_of(
    groups: Iterable[Group],
    told: Mapping[tuple[str, int], Mapping[str, Any]],
    states: Mapping[tuple[str, int], str | None],
) -> tuple[Instance, ...]:
    """Every *group* as often as the run has it.

    :param told: what the start tasks said, by task id and map index.
    :param states: the states of task instances, by task id and map index.
    """
    instances = []
    for group in groups:
        indexes = {index for task_id, index in states if task_id == group.start_task_id}
        for index in sorted(indexes) or [-1]:
            mine = {task_id: state for (task_id, at), state in states.items() if at == index and state}
            instances.append(
                Instance(
                    group,
                    index,
                    told.get((group.start_task_id, index), {}),
                    states.get((group.start_task_id, index)),
                    {task_id: state for task_id, state in mine.items() if group.has(task_id)},
                )
            )
    return tuple(instances)


def read_run(dag_bag: Any, dag_id: str, run_id: str) -> tuple[Instance, ...] | None:
    """The groups of a Dag run, in the order of the Dag; None if there is no such run.

    The database is left before this returns: what comes after asks AWS, and may take its time.
    """
    from airflow.api_fastapi.common.dagbag import get_dag_for_run_or_latest_version
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session(scoped=False) as session:
        run = session.scalar(select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if run is None:
            return None
        dag = get_dag_for_run_or_latest_version(dag_bag, run, dag_id, session)
        groups = groups_of(dag.task_dict.values())
        if not groups:
            return ()
        mine = select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
            TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
        )
        states = {(task_id, index): state for task_id, index, state in session.execute(mine)}
        starts = [group.start_task_id for group in groups]
        rows: Any = session.scalars(
            XComModel.get_many(key="return_value", run_id=run_id, task_ids=starts, dag_ids=dag_id)
        )
        told = {(row.task_id, row.map_index): XComModel.deserialize_value(row) for row in rows}
    return instances_of(groups, {at: value for at, value in told.items() if isinstance(value, dict)}, states)


def _trigger_kwargs(task: Any) -> Mapping[str, Any] | None:
    """What *task* hands to the trigger of this package; None if it is not a task of ours."""
    arguments = getattr(task, "start_trigger_args", None)
    if isinstance(arguments, Mapping):  # a mapped task keeps them as they were stored
        cls, kwargs = arguments.get("trigger_cls"), arguments.get("trigger_kwargs")
    else:
        cls, kwargs = getattr(arguments, "trigger_cls", None), getattr(arguments, "trigger_kwargs", None)
    if isinstance(kwargs, Mapping) and "__var" in kwargs:
        kwargs = kwargs["__var"]
    ours = cls == TRIGGER and isinstance(kwargs, Mapping) and {"state", "start_task_id"} <= set(kwargs)
    return kwargs if ours else None
