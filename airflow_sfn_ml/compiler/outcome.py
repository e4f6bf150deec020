"""How a machine ends whose tasks may fail without ending it: well, or with everything that failed."""

from __future__ import annotations

from airflow_sfn_ml.asl import Choice, ChoiceRule, Fail
from airflow_sfn_ml.compiler.gates import ALWAYS
from airflow_sfn_ml.compiler.jsonata import expression
from airflow_sfn_ml.compiler.linking import FOLLOWING
from airflow_sfn_ml.compiler.scope import Scope

TOLD = 20
"""How many failures the cause names; AWS takes 32,768 characters."""


def check(name: str, scope: Scope, failed: str) -> Choice:
    """Go on if nothing has failed, else to the state *failed*."""
    told = scope.told()
    scope.failures.clear()
    return Choice(
        name,
        choices=(
            ChoiceRule.when(expression(f"$count({told}) = 0"), FOLLOWING, Comment="nothing failed"),
            ChoiceRule.when(ALWAYS, failed, Comment="something failed", Assign={"failures": expression(told)}),
        ),
    )


def failure(name: str) -> Fail:
    """The end of a machine in which something failed. An error name of the language itself may not be used again."""
    return Fail(
        name,
        error=expression("$count($failures) = 1 ? $replace($failures[0].error, /^States\\./, '') : 'TasksFailed'"),
        cause=expression(f"$string({{'failed': [$failures[[0..{TOLD - 1}]]], 'count': $count($failures)}})"),
    )
