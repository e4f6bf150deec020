"""Take a task of an activity: the part of a state machine that works outside of AWS, here in Airflow."""

from __future__ import annotations

import json
from typing import Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.bases.sensor import PokeReturnValue
from airflow.sdk.log import mask_secret

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS, ConnectedOperator

LONG_POLL = 60
"""How long AWS keeps a call of GetActivityTask open, in seconds."""


class StepFunctionsActivityTaskSensor(ConnectedOperator, BaseSensorOperator):
    """Wait until a state machine has a task for an activity, and take it.

    The XCom is ``{"task_token", "input"}``, and each of the two is one by itself (``multiple_outputs``); a later task
    works on it and answers with `StepFunctionsTaskTokenOperator`. AWS hands each task out once, so give the state a
    ``HeartbeatSeconds`` or ``TimeoutSeconds``: a worker that dies with the task in its hands cannot return it.

    AWS keeps each call open for a minute, which a worker waits for; between two calls the sensor takes no worker
    (``mode="reschedule"``). It cannot be deferred: an answer that comes while the triggerer stops would be lost.

    :param activity_arn: the activity.
    :param worker_name: how the execution's history calls who took the task.
    """

    template_fields = ("activity_arn", "worker_name", *CONNECTION_FIELDS)
    ui_color = "#d8e8ff"

    def __init__(
        self,
        *,
        activity_arn: str,
        worker_name: str | None = None,
        mode: str = "reschedule",
        poke_interval: float = 10,
        multiple_outputs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(mode=mode, poke_interval=poke_interval, multiple_outputs=multiple_outputs, **kwargs)
        self.activity_arn = activity_arn
        self.worker_name = worker_name

    def poke(self, context: Any) -> PokeReturnValue:
        """Ask for a task, for up to a minute."""
        client = self._client()
        ti = context["ti"]
        who = self.worker_name or f"{ti.dag_id}.{ti.task_id}"
        with translated(client, "states:GetActivityTask", self.activity_arn):
            answer = client.get_activity_task(activityArn=self.activity_arn, workerName=who[:80])
        token = answer.get("taskToken")
        if not token:
            return PokeReturnValue(False)
        mask_secret(token)
        self.log.info("Took a task of %s", self.activity_arn)
        return PokeReturnValue(True, {"task_token": token, "input": json.loads(answer.get("input") or "null")})

    def _client(self) -> Any:
        """A client that waits for longer than AWS does, and does not ask twice: the first answer may be the task."""
        self.botocore_config = {
            "read_timeout": LONG_POLL + 10,
            "retries": {"total_max_attempts": 1},
            **(self.botocore_config or {}),
        }
        return self.make_hook().conn
