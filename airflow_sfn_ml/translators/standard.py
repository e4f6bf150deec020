"""Operators that do no work of their own, and the steps of this package."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl import Pass, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps import EndpointStep
from airflow_sfn_ml.steps.loops import Until, loop
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.registry import Translation, translates


@translates("airflow.providers.standard.operators.empty.EmptyOperator")
def empty(operator: Any) -> Translation:
    """Nothing: a place where edges meet."""
    return Translation(None)


@translates("airflow_sfn_ml.operators.step.StepOperator")
def step(operator: Any) -> Translation:
    """The call that the step is. What Airflow says of a task is said to the task: retries, time limits, edges."""
    own = operator.step
    lost = [name for name, value in own.fields.items() if name not in _KEPT and value is not None]
    lost += [name for name, there in (("retry", own.retries), ("catch", own.catches), ("next", own.next_step)) if there]
    if lost:
        raise TranslationError(
            f"{operator.task_id}: its step sets {', '.join(lost)}, which a task of a group does not: give the task "
            "retries, "
            "retry_delay or execution_timeout, draw edges with >>, or make the group with from_definition()"
        )
    if isinstance(own, EndpointStep) and own.waits_in_loop:
        return Translation(_endpoint(operator, own))
    return Translation(own.with_request(operator.request), field="request")


def _endpoint(operator: Any, own: EndpointStep) -> Procedure:
    """The call of *own*, and the loop that waits until its endpoint is in service."""
    call = Task(
        "call",
        resource=own.integration,
        arguments=operator.request,
        assign={"p_name": Code(("$split($states.result.EndpointArn, '/')[1]",))},
        next="look",
    )
    until = Until(
        "$p_seen.EndpointStatus",
        ("InService",),
        busy=("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"),
        reason="$p_seen.FailureReason",
        every=own.poll_seconds,
    )
    looks = loop("aws-sdk:sagemaker:describeEndpoint", {"EndpointName": Code(("$p_name",))}, until, after="done")
    return Procedure(operator.label, (call, *looks, Pass("done", output=Code(("$p_seen",)))))


_KEPT = frozenset({"arguments", "comment", "parameters"})
