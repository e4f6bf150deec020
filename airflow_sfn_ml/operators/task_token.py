"""Answer a state that waits for a callback (``.waitForTaskToken``) or for an activity."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from airflow.sdk.exceptions import AirflowFailException
from airflow.sdk.log import mask_secret

from airflow_sfn_ml.deploy.errors import code, translated
from airflow_sfn_ml.exceptions import DeployError
from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS, ConnectedOperator

ANSWERED = "airflow_sfn_ml_answered"
"""Where a try notes, in Airflow's store, that it is about to answer."""
GONE = frozenset({"TaskDoesNotExist", "TaskTimedOut"})
FINAL = frozenset({"InvalidToken", "InvalidOutput", *GONE})
"""What trying again does not mend."""
METHODS = {
    "SendTaskSuccess": "send_task_success",
    "SendTaskFailure": "send_task_failure",
    "SendTaskHeartbeat": "send_task_heartbeat",
}
TOKEN = "the task whose token was given"


class StepFunctionsTaskTokenOperator(ConnectedOperator):
    """Tell Step Functions how a task has ended, or that it is still at work, by the task's token.

    The token is a secret: whoever has it can answer. It is masked in the logs and on the page of rendered templates.

    :param task_token: the token.
    :param answer: ``success`` with *task_output*, ``failure`` with *error* and *cause*, or ``heartbeat``.
    :param task_output: what the state gives, as a value or as JSON text.
    :param error: the error's name, which Retry and Catch see, and *cause* what people read.
    """

    template_fields = ("task_token", "task_output", "error", "cause", *CONNECTION_FIELDS)
    ui_color = "#d8e8ff"

    def __init__(
        self,
        *,
        task_token: str,
        answer: Literal["success", "failure", "heartbeat"] = "success",
        task_output: Any = None,
        error: str | None = None,
        cause: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.task_token = task_token
        self.answer = answer
        self.task_output = task_output
        self.error = error
        self.cause = cause

    def execute(self, context: Any) -> None:
        """Answer, once: a try that finds the task gone after an earlier one was about to answer is content."""
        mask_secret(self.task_token)
        action, arguments = self._call()
        store = context["task_state_store"]
        was_answering = store.get(ANSWERED) == self._mark()
        store.set(ANSWERED, self._mark())
        client = self.make_hook().conn
        try:
            with translated(client, f"states:{action}", TOKEN):
                getattr(client, METHODS[action])(taskToken=self.task_token, **arguments)
        except DeployError as error:
            if code(error) in GONE and was_answering:
                self.log.info("An earlier try has answered already")
                return
            if code(error) in FINAL:
                raise AirflowFailException(f"{action}: {error}") from None
            raise

    def _call(self) -> tuple[str, dict[str, Any]]:
        """The action, and its arguments besides the token.

        :raises AirflowFailException: the answer is none that Step Functions knows.
        """
        match self.answer:
            case "success":
                return "SendTaskSuccess", {"output": self._json()}
            case "failure":
                given = {"error": self.error, "cause": self.cause}
                return "SendTaskFailure", {name: str(value) for name, value in given.items() if value is not None}
            case "heartbeat":
                return "SendTaskHeartbeat", {}
        raise AirflowFailException(f"answer is success, failure or heartbeat, not {self.answer!r}")

    def _json(self) -> str:
        from airflow_sfn_ml.exceptions import ExecutionError, TooLarge
        from airflow_sfn_ml.hooks.wishes import stable_json

        try:
            return stable_json("null" if self.task_output is None else self.task_output, "the output")
        except (ExecutionError, TooLarge) as error:
            raise AirflowFailException(str(error)) from error

    def _mark(self) -> str:
        """What tells this answer from others; not the token."""
        return hashlib.sha256(f"{self.task_token} {self.answer}".encode()).hexdigest()[:16]
