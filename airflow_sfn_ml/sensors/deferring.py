"""What the sensors have in common: they wait in the triggerer, or poke from a worker where that is asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowException, AirflowSensorTimeout, AirflowSkipException

from airflow_sfn_ml.operators.awaiting import needs_worker
from airflow_sfn_ml.operators.connected import ConnectedOperator
from airflow_sfn_ml.operators.follow import is_mapped_over


class DeferringSensor(ConnectedOperator, BaseSensorOperator):
    """A sensor that waits without a worker.

    :param deferrable: whether to wait in the triggerer; else the sensor pokes, as its ``mode`` says.
    """

    ui_color = "#d8e8ff"

    def __init__(self, *, deferrable: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.deferrable = deferrable

    def poke(self, context: Any) -> PokeReturnValue:
        """Look once.

        :raises AirflowException: it has ended, but not well.
        """
        raise NotImplementedError

    def completion(self) -> Any:
        """The class of the trigger that waits, and its own arguments."""
        raise NotImplementedError

    def execute(self, context: Any) -> Any:
        """Look once, and hand over to the triggerer if it has not ended."""
        if not self.deferrable:
            return super().execute(context)
        told = self._poked(context)
        if told:
            return told.xcom_value
        trigger, own = self.completion()
        self.defer(
            trigger=trigger(
                **own,
                **self.connection(),
                push=bool(self.do_xcom_push),
                mapped_over=is_mapped_over(self),
                ends_on_worker=needs_worker(self),
                soft_fail=bool(self.soft_fail or self.never_fail),
                deadline=time.time() + self.timeout,
            ),
            method_name="resume",
        )
        raise AssertionError("defer() raises")

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """End on a worker: for what only a worker does, or since the time is over."""
        if "timed_out" in event:
            raise AirflowSensorTimeout(f"{event['timed_out']} did not end within {self.timeout:.0f} s")
        return self.poke(context).xcom_value

    def _poked(self, context: Any) -> PokeReturnValue:
        try:
            return self.poke(context)
        except AirflowException as error:
            if self.soft_fail or self.never_fail:
                raise AirflowSkipException(str(error)) from error
            raise
