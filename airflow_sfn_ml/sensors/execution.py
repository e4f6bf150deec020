"""Wait for an execution that was started elsewhere."""

from __future__ import annotations

from typing import Any

from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.exceptions import AirflowException

from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS
from airflow_sfn_ml.operators.links import StepFunctionsExecutionLink
from airflow_sfn_ml.sensors.deferring import DeferringSensor
from airflow_sfn_ml.triggers.ending import failure_story, has_ended, output_of


class StepFunctionsExecutionSensor(DeferringSensor):
    """Wait until an execution has succeeded; its output is the XCom.

    One that failed, timed out or was stopped fails the sensor, and the log says which state it was and why. One that
    waits for its redrive goes on.

    :param execution_arn: the execution.
    """

    template_fields = ("execution_arn", *CONNECTION_FIELDS)
    operator_extra_links = (StepFunctionsExecutionLink(),)

    def __init__(self, *, execution_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.execution_arn = execution_arn

    def execute(self, context: Any) -> Any:
        """Wait for the end."""
        StepFunctionsExecutionLink.store(context, self.execution_arn)
        return super().execute(context)

    def poke(self, context: Any) -> PokeReturnValue:
        """Look once; the output, if it has succeeded."""
        hook = self.make_hook()
        described = hook.describe(self.execution_arn)
        self.log.info("%s: %s", self.execution_arn, described["status"])
        if not has_ended(described):
            return PokeReturnValue(False)
        if described["status"] != "SUCCEEDED":
            raise AirflowException("\n".join(failure_story(hook, described)))
        return PokeReturnValue(True, output_of(described))

    def completion(self) -> Any:
        """Wait in the triggerer."""
        from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger

        return StepFunctionsExecutionCompleteTrigger, {"execution_arn": self.execution_arn}
