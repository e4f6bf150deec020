"""The Dags of the cases, of plain operators and as groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator
from airflow.sdk import DAG, BaseBranchOperator, BaseOperator, TaskGroup
from airflow.sdk.exceptions import AirflowFailException

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.operators.step import StepOperator
from airflow_sfn_ml.steps import SdkStep, StepFunctionsStartExecutionStep
from tests.comparison.cases import FAILS, SLOW, Case, dag_id

ROLE = "arn:aws:iam::123456789012:role/states"
GROUP = "g"
WORKS = ("sts", "getCallerIdentity", {})
BREAKS = ("s3", "headBucket", {"Bucket": "there-is-none-of-this-name"})

WAITS = "arn:aws:states:us-east-1:123456789012:stateMachine:waits"
"""A machine that only waits; see `executions.make_waits`."""


class Work(BaseOperator):
    """A task that succeeds or fails."""

    def __init__(self, *, fails: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fails = fails

    def execute(self, context: Any) -> None:
        if self.fails:
            raise AirflowFailException("as the case says")


class Decide(BaseBranchOperator):
    """A task that chooses."""

    def __init__(self, *, chooses: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.chooses = chooses

    def choose_branch(self, context: Any) -> list[str]:
        return self.chooses


Make = Callable[[Case, str, dict[str, Any]], Any]


def plain(case: Case) -> DAG:
    """*case* of plain operators."""

    def make(case: Case, task: str, settings: dict[str, Any]) -> Any:
        chooses = case.chooses(task)
        if chooses is not None:
            return Decide(chooses=[named(case, name) for name in chooses], **settings)
        return Work(fails=case.outcomes.get(task) == FAILS, **settings)

    with DAG(dag_id(case, "plain"), schedule=None) as dag:
        _drawn(case, make)
    return dag


def group(case: Case, on_failure: str = "continue") -> DAG:
    """*case* as a group."""
    kind = "group" if on_failure == "continue" else on_failure
    more = {} if on_failure == "continue" else {"on_failure": on_failure}

    def make(case: Case, task: str, settings: dict[str, Any]) -> Any:
        chooses = case.chooses(task)
        if case.outcomes.get(task) == SLOW:
            return StepOperator(
                step=StepFunctionsStartExecutionStep(task, request={"StateMachineArn": WAITS}), **settings
            )
        if chooses is None:
            call = BREAKS if case.outcomes.get(task) == FAILS else WORKS
            return StepOperator(step=SdkStep(task, *call), **settings)
        # The ways are told apart by the condition, which holds; else all other tasks would be chosen.
        others = [name for name in case.after(task) if name not in chooses]
        return SageMakerConditionOperator(
            condition_type="Equals",
            left_value="1",
            right_value=1,
            if_task_ids=[f"{GROUP}.{named(case, name)}" for name in chooses],
            else_task_ids=[f"{GROUP}.{named(case, name)}" for name in others] or None,
            **settings,
        )

    with (
        DAG(dag_id(case, kind), schedule=None) as dag,
        StateMachineTaskGroup(GROUP, role_arn=ROLE, machine_name=dag_id(case, kind)[:80], **more),
    ):
        _drawn(case, make)
    return dag


def stopping(case: Case) -> DAG:
    """*case* as a group that stops at the first failure."""
    return group(case, "stop")


def named(case: Case, task: str) -> str:
    """The id of *task* within the Dag, or within the group."""
    return f"{case.groups[task]}.{task}" if task in case.groups else task


def _drawn(case: Case, make: Make) -> None:
    tasks: dict[str, Any] = {}
    groups: dict[str, TaskGroup] = {}
    for task in case.tasks:
        settings: dict[str, Any] = {"task_id": task, "retries": 0}
        if task in case.rules:
            settings["trigger_rule"] = case.rules[task]
        with ExitStack() as stack:
            if task in case.groups:
                name = case.groups[task]
                if name not in groups:
                    groups[name] = TaskGroup(name)
                stack.enter_context(groups[name])
            tasks[task] = make(case, task, settings)
    for before, after in case.pairs:
        tasks[before].set_downstream(tasks[after])
    for task, setups in case.teardowns.items():
        tasks[task].as_teardown(
            setups=[tasks[name] for name in setups.split(",")], on_failure_fail_dagrun=task in case.fails_run
        )


def ids(case: Case) -> Iterable[tuple[str, str]]:
    """Each task with its id within the Dag or the group."""
    return [(task, named(case, task)) for task in case.tasks]
