"""A step of this package as an Airflow task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

from airflow.sdk import BaseOperator

from airflow_sfn_ml.asl.refs import Ref
from airflow_sfn_ml.steps import ServiceStep


class StepOperator(BaseOperator):
    """The task of one service step; made by ``StateMachineTaskGroup.step``.

    :param step: the call.
    """

    template_fields: Sequence[str] = ("request",)
    template_fields_renderers = {"request": "json"}  # noqa: RUF012 - Airflow's own convention
    ui_color = "#ffe3c7"

    def __init__(self, *, step: ServiceStep, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.step = step
        self.request = step.request

    @property
    def operator_name(self) -> str:
        """The step's own name, as the UI shows it."""
        return type(self.step).__name__

    @property
    def result(self) -> Ref:
        """The service's answer, for use in requests of later steps of the group."""
        return self.step.output()

    def execute(self, context: Any) -> NoReturn:
        """Never reached: the group turns each member into a follower of its state."""
        raise RuntimeError(f"{self.task_id} does its work in the state machine of its group; it is not in one")
