"""What the start task meets, without Airflow: Dag runs that are retried, cleared, deleted and created anew."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.exceptions import NotDeployed
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from tests.operators.running import Store, running_context

ROLE = "arn:aws:iam::123456789012:role/states"
LATER = (datetime.now(UTC) + timedelta(days=1)).isoformat()
RETRIES = 2


def group_of(dag_id: str, **options: Any) -> Any:
    """A group whose execution waits."""
    with DAG(dag_id), StateMachineTaskGroup("g", role_arn=ROLE, **options) as group:
        DateTimeSensor(task_id="wait", target_time=LATER)
    return with_hook(group)


def short_group_of(dag_id: str, **options: Any) -> Any:
    """A group whose execution ends at once."""
    with DAG(dag_id), StateMachineTaskGroup("g", role_arn=ROLE, **options) as group:
        EmptyOperator(task_id="pass")
    return with_hook(group)


def with_hook(group: Any) -> Any:
    """Let *group* have one hook, and know it as ``the_hook``."""
    group.the_hook = _hook(os.environ["AWS_ENDPOINT_URL"])
    group.hook = lambda: group.the_hook
    return group


@cache
def _hook(url: str) -> StepFunctionsHook:
    """A hook for the AWS at *url*; making one takes longer than a start."""
    return StepFunctionsHook(None)


class Run:
    """The row of a Dag run, with the row of its start task.

    :param states: what Airflow says of the group's tasks.
    """

    def __init__(self, group: Any, run_id: str = "run") -> None:
        self.group = group
        self.run_id = run_id
        self.store = Store()
        self.max_tries, self.try_number, self.looks = RETRIES, 1, 0
        self.states: Mapping[str, str] = {}

    def start(self) -> dict[str, Any]:
        """One try of the start task."""
        operator = self.group.dag.get_task("g.start")
        context = running_context(operator)
        ti = SimpleNamespace(
            dag_id=operator.dag_id,
            task_id="g.start",
            run_id=self.run_id,
            map_index=-1,
            max_tries=self.max_tries,
            get_task_states=lambda **_: {self.run_id: dict(self.states)},
        )
        run = SimpleNamespace(run_id=self.run_id)
        context |= {"ti": ti, "dag_run": run, "task_state_store": self.store, "task_reschedule_count": self.looks}
        told: dict[str, Any] = operator.execute.__wrapped__(operator, context)
        return told

    def retry(self) -> dict[str, Any]:
        """The try that Airflow makes by itself after a failure."""
        self.try_number += 1
        return self.start()

    def clear(self) -> None:
        """What Airflow does to the row when a person clears the task."""
        self.max_tries = self.try_number + RETRIES
        self.try_number += 1

    def anew(self) -> Run:
        """The Dag run after it was deleted and created under the same id."""
        return Run(self.group, self.run_id)


def machine_arn(group: Any) -> str:
    """The ARN of the group's machine."""
    return f"arn:aws:states:us-east-1:123456789012:stateMachine:{group.dag.dag_id}-g"


def executions(group: Any) -> list[str]:
    """The names of all executions of the group's machine."""
    try:
        return [item["name"] for item in group.the_hook.executions(machine_arn(group))]
    except NotDeployed:
        return []


def versions(group: Any) -> int:
    """How many versions of the group's machine were published."""
    told = group.the_hook.conn.list_state_machine_versions(stateMachineArn=machine_arn(group))
    return len(told["stateMachineVersions"])


class Killed(BaseException):
    """The process is gone."""


@contextmanager
def calls(group: Any, on: Any) -> Iterator[list[str]]:
    """The names of the AWS calls that are made; ``on(number, moment)`` is asked before and after each.

    Before: the request has not left. After: AWS has carried it out, and the answer has not arrived.
    """
    made: list[str] = []
    events = group.the_hook.conn.meta.events

    def before(model: Any, **_: Any) -> None:
        made.append(model.name)
        on(len(made), "before")

    def after(**_: Any) -> None:
        on(len(made), "after")

    events.register_first("before-call.sfn", before)
    events.register_first("after-call.sfn", after)
    try:
        yield made
    finally:
        events.unregister("before-call.sfn", before)
        events.unregister("after-call.sfn", after)
