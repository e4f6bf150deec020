"""Operators that do no work of their own, and the steps of this package."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.exceptions import TranslationError
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
    if getattr(own, "waits_in_loop", False):
        lost.append("wait_for_completion, which is a loop of states")
    if lost:
        raise TranslationError(
            f"{operator.task_id}: its step sets {', '.join(lost)}, which a task of a group does not: give the task "
            "retries, "
            "retry_delay or execution_timeout, draw edges with >>, or make the group with from_definition()"
        )
    return Translation(own.with_request(operator.request), field="request")


_KEPT = frozenset({"arguments", "comment", "parameters"})
