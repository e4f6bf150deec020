"""A choice of this package as an Airflow task."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.sdk import BaseBranchOperator, XComArg

from airflow_sfn_ml.steps.choice_rule import BaseRule
from airflow_sfn_ml.steps.choice_step import ChoiceStep, Next


class ChoiceOperator(BaseBranchOperator):
    """The task of a `ChoiceStep`; made by ``StateMachineTaskGroup.step``. Its XCom is the list of ids that it chose.

    :param step: the choice.
    """

    ui_color = "#fff1b8"

    def __init__(self, *, step: ChoiceStep, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step
        for _, next_step in step.choices:
            self._lead(next_step)
        if step.default is not None:
            self._lead(step.default)
        self._wait()

    def add_choice(self, rule: BaseRule | str, next_step: Any) -> None:
        """Go on with *next_step*, tasks right after this one or the label of edges to them, where *rule* holds."""
        self.step.add_choice(rule, next_step)
        self._lead(self.step.choices[-1][1])
        self._wait()

    def default_choice(self, next_step: Any) -> None:
        """Go on with *next_step* where no rule holds."""
        self.step.default_choice(next_step)
        self._lead(Next.of(next_step))

    @property
    def operator_name(self) -> str:
        """The step's own name, as the UI shows it."""
        return type(self.step).__name__

    @property
    def request(self) -> list[Any]:
        """What the rules read."""
        return self.step.operands

    def choose_branch(self, context: Any) -> NoReturn:
        """Never reached: the group turns each member into a follower of its state."""
        raise RuntimeError(f"{self.task_id} chooses in the state machine of its group; it is not in one")

    def _lead(self, next_step: Next) -> None:
        for task in next_step.tasks:
            self.set_downstream(task)

    def _wait(self) -> None:
        """Come after the tasks outside of the group whose XComs the rules read, as a template field would."""
        for operand in self.step.operands:
            XComArg.apply_upstream_relationship(self, operand)
