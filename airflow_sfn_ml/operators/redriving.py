"""Redrive an execution, whoever started it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.exceptions import ExecutionError
from airflow_sfn_ml.operators.awaiting import AwaitingOperator
from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS
from airflow_sfn_ml.operators.execution import generation_of

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.starting import Begun


class StepFunctionsRedriveOperator(AwaitingOperator):
    """Run again what failed of an execution, wait for it and return its output.

    A try that comes after one that died asks with the same token, so AWS redrives once; a try that comes after the
    redrive has failed too asks for the next. An execution that runs already is waited for; one that has succeeded gives
    its output.

    :param execution_arn: the execution.
    """

    template_fields = ("execution_arn", *CONNECTION_FIELDS)

    def __init__(self, *, execution_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.execution_arn = execution_arn

    def begin(self, context: Any, hook: Any) -> Begun:
        """Redrive it, if it has failed."""
        from airflow_sfn_ml.hooks.starting import Begun

        return Begun(self.execution_arn, self._redriven(context["ti"], hook))

    def _redriven(self, ti: Any, hook: Any) -> int:
        """How often the execution has been redriven, once it has been as this task wants.

        :raises ExecutionError: AWS cannot redrive it.
        """
        found = hook.describe(self.execution_arn)
        status, count = found["status"], int(found.get("redriveCount", 0))
        if status in ("RUNNING", "PENDING_REDRIVE", "SUCCEEDED"):
            self.log.info("%s is %s, so there is nothing to redrive", self.execution_arn, status)
            return count
        if found.get("redriveStatus", "REDRIVABLE") != "REDRIVABLE":
            reason = found.get("redriveStatusReason") or found["redriveStatus"]
            raise ExecutionError(f"{self.execution_arn} cannot be redriven: {reason}. Start a new execution")
        self.expect(self.execution_arn, ti)
        hook.redrive(self.execution_arn, self._token(ti, count))
        self.log.info("Redriving %s, which is %s: runs again what failed", self.execution_arn, status)
        return count + 1

    def _token(self, ti: Any, count: int) -> str:
        """The same in every try, as long as the execution has been redriven *count* times."""
        parts = (ti.dag_id, ti.run_id, ti.task_id, ti.map_index, generation_of(ti, self.retries), count)
        return hashlib.sha256(repr(parts).encode()).hexdigest()
