"""A group whose state machine was written as a whole, by hand or with the words of the SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, TaskGroup
from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.refs import WHOLE
from airflow_sfn_ml.compiler import program_of
from airflow_sfn_ml.exceptions import CompileError, DefinitionError
from airflow_sfn_ml.operators.follow import follow
from airflow_sfn_ml.operators.state import StateOperator
from airflow_sfn_ml.steps import Chain, Graph, State
from airflow_sfn_ml.task_group.base import MachineGroup
from airflow_sfn_ml.task_group.compiling import Compiled
from airflow_sfn_ml.task_group.transitions import Scope, Work, scope_of
from airflow_sfn_ml.translators.render import plain


class DefinedTaskGroup(MachineGroup):
    """What ``from_definition`` returns: its tasks are made of the definition, and there can be no others."""

    def __init__(self, group_id: str, machine: asl.StateMachine, *, input: Any = None, **kwargs: Any) -> None:
        super().__init__(group_id, **kwargs)
        self.machine = machine
        self.input = {} if input is None else input
        self._places: dict[str, dict[str, Any]] = {}
        self._tasks: dict[str, BaseOperator] = {}
        self._add(scope_of(machine), self, None)
        self._attach()
        start = self.dag.get_task(self.start_task_id)
        XComArg.apply_upstream_relationship(start, self.input)

    def execution_input(self, identity: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
        """The input that the user gave: a machine that was written as a whole expects no other."""
        return values["input"][WHOLE]

    def rendered(self, context: Any) -> dict[str, dict[str, Any]]:
        """The input, rendered."""
        start = self.dag.get_task(self.start_task_id)
        try:
            value = plain(start.render_template(self.input, context))
        except Exception as error:
            raise CompileError(
                [f"{self.group_id}: the input cannot be rendered: {type(error).__name__}: {error}"]
            ) from error
        return {"input": {WHOLE: value}}

    def has_output(self, state: str) -> bool:
        """Every state that does work has an output."""
        return True

    def place(self, state: str) -> dict[str, Any] | None:
        """Where *state* lies in the machine."""
        return self._places[state]

    def __exit__(self, exc_type: Any, exc: Any, traceback: Any) -> None:
        """Leave the group; its tasks were made with it."""
        super(MachineGroup, self).__exit__(exc_type, exc, traceback)  # type: ignore[no-untyped-call]

    def _make(self) -> Compiled:
        problems = (
            [] if self.role_arn else [f"{self.group_id}: role_arn is missing: the state machine needs an IAM role"]
        )
        others = [operator.task_id for operator, _ in self._named() if not isinstance(operator, StateOperator)]
        problems += [f"{task_id}: a group made from a definition has no other tasks" for task_id in others]
        if problems:
            raise CompileError(problems)
        return Compiled(program_of(self.machine), {})

    def _let_follow(self) -> None:
        for name, operator in self._tasks.items():
            follow(operator, self, name)

    def _add(self, scope: Scope, group: TaskGroup, parent: str | None) -> None:
        """Make the tasks of *scope* within *group*, and the edges between them."""
        ends: dict[str, tuple[list[BaseOperator], list[BaseOperator]]] = {}
        for work in scope.work:
            ends[work.state.name] = self._add_work(work, scope, group, parent)
        for work in scope.work:
            for before in self._ends_before(work, scope, ends):
                for first in ends[work.state.name][0]:
                    if first.task_id not in before.downstream_task_ids:
                        before.set_downstream(first)

    def _ends_before(
        self, work: Work, scope: Scope, ends: Mapping[str, tuple[list[BaseOperator], list[BaseOperator]]]
    ) -> list[BaseOperator]:
        """The tasks that *work* comes right after; a Parallel in which nothing works is looked through."""
        found: list[BaseOperator] = []
        upstream = {other.state.name: other.upstream for other in scope.work}
        todo, seen = list(work.upstream), set[str]()
        while todo:
            name = todo.pop(0)
            if name in seen:
                continue
            seen.add(name)
            found += ends[name][1]
            if not ends[name][1]:
                todo += upstream[name]
        return found

    def _add_work(
        self, work: Work, scope: Scope, group: TaskGroup, parent: str | None
    ) -> tuple[list[BaseOperator], list[BaseOperator]]:
        """Make what *work* is; return the tasks that it begins and ends with."""
        name = work.state.name
        if name in scope.parallels:
            return self._add_parallel(work, scope.parallels[name], group)
        resource = getattr(work.state, "resource", None)
        kind = str(resource).rpartition("states:::")[2] if resource else type(work.state).__name__
        operator = StateOperator(
            task_id=_free_id(name, group),
            task_display_name=name,
            state_type=kind,
            dag=self.dag,
            task_group=group,
            trigger_rule="none_failed",
        )
        self._tasks[name] = operator
        self._places[name] = {"passed_by": list(work.passed_by), "parent": parent, "repeats": work.repeats}
        return [operator], [operator]

    def _add_parallel(
        self, work: Work, branches: tuple[Scope, ...], group: TaskGroup
    ) -> tuple[list[BaseOperator], list[BaseOperator]]:
        name = work.state.name
        inner = TaskGroup(_free_id(name, group), group_display_name=name, dag=self.dag, parent_group=group)
        first: list[BaseOperator] = []
        last: list[BaseOperator] = []
        for branch in branches:
            self._add(branch, inner, name)
            first += [self._tasks[task] for task in branch.first if task in self._tasks]
            last += [self._tasks[task] for task in branch.last if task in self._tasks]
        return first, last


def make_group(group_id: str, definition: Any, **kwargs: Any) -> MachineGroup:
    """The group of *definition*; see ``StateMachineTaskGroup.from_definition``."""
    machine = asl.parse(_mapping(definition))
    problems = [problem for problem in asl.validate(machine) if problem.severity == "error"]
    if problems:
        raise DefinitionError([f"{group_id}: {problem.path}: {problem.message}" for problem in problems])
    return DefinedTaskGroup(group_id, machine, **kwargs)


def _mapping(definition: Any) -> Any:
    match definition:
        case asl.StateMachine():
            return asl.render(definition)
        case Path():
            return json.loads(definition.read_text())
        case str() if not definition.lstrip().startswith("{"):
            return json.loads(Path(definition).read_text())
        case str():
            return json.loads(definition)
        case Mapping():
            return dict(definition)
        case Chain() | State():
            return Graph(definition).to_dict()
        case _ if hasattr(definition, "to_dict"):
            return definition.to_dict()
        case _ if hasattr(definition, "definition"):
            return _mapping(definition.definition)
        case _:
            raise TypeError(
                f"a definition is a mapping, JSON text, a path, or has to_dict(); this is a {type(definition).__name__}"
            )


def _free_id(name: str, group: TaskGroup) -> str:
    """*name* as an id that Airflow takes and *group* does not have yet."""
    plain_name = re.sub(r"[^\w.-]+", "_", name, flags=re.ASCII).strip("_") or "state"
    taken = {str(child).rpartition(".")[2] for child in group.children} | {"start"}
    found, count = plain_name.replace(".", "_"), 1
    while found in taken:
        count += 1
        found = f"{plain_name}_{count}"
    return found
