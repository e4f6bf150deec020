"""Operators that do no work of their own, and the steps of this package."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.translators.registry import Translation, translates


@translates("airflow.providers.standard.operators.empty.EmptyOperator")
def empty(operator: Any) -> Translation:
    """Nothing: a place where edges meet."""
    return Translation(None)


@translates("airflow_sfn_ml.operators.step.StepOperator")
def step(operator: Any) -> Translation:
    """The call that the step is."""
    return Translation(operator.step.with_request(operator.request), field="request")
