"""The task of one state of a machine that was written as a whole."""

from __future__ import annotations

from typing import Any, NoReturn

from airflow.sdk import BaseOperator


class StateOperator(BaseOperator):
    """The task of a state; made by ``StateMachineTaskGroup.from_definition``.

    :param state_type: what the state is, for people: ``sagemaker:createTrainingJob.sync``, or ``Map``.
    """

    ui_color = "#ffe3c7"

    def __init__(self, *, state_type: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.state_type = state_type

    @property
    def operator_name(self) -> str:
        """What the state does, as the UI shows it."""
        return self.state_type

    def execute(self, context: Any) -> NoReturn:
        """Never reached: the task follows its state."""
        raise RuntimeError(f"{self.task_id} does its work in the state machine of its group; it is not in one")
