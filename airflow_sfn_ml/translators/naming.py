"""Names and tokens that no other try has: SageMaker refuses a name that was used, and an idempotency token that stays
the same would give the job of the try before.

Retries of the task enter its states anew, retries of one call count, a redrive counts, a backfill is another execution.
So what names something is made in the state that makes it, of what the context says there; a later state of the
procedure that needs the name takes it from a variable that this state assigned.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.compiler.data import base_limit
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.preparations import named, prepared

_PLACE = (
    "$states.context.Execution.Id & $states.context.State.Name & $states.context.State.EnteredTime"
    " & $string($states.context.Map.Item.Index)"
)
ATTEMPT = (
    f"$substring($hash({_PLACE}, 'SHA-256'), 0, 10)"
    " & '-' & $string($states.context.Execution.RedriveCount)"
    " & '-' & $string($states.context.State.RetryCount)"
)
"""JSONata: what makes a name unlike any other; with the hyphen before it up to 23 characters."""


def token(limit: int = 64) -> Code:
    """An idempotency token of at most *limit* characters that is the same for no other try."""
    count = "$string($states.context.Execution.RedriveCount) & $string($states.context.State.RetryCount)"
    return Code((f"$substring($hash({_PLACE} & {count}, 'SHA-256'), 0, {min(limit, 64)})",))


def unique(name: Any, otherwise: str, limit: int = 63) -> Code:
    """*name*, or *otherwise* where there is none, with a suffix that no other try has.

    Only letters, digits and hyphens remain, which is what SageMaker allows; the whole has at most *limit* characters.
    """
    given = otherwise if name is None or name == "" else name
    # the head stands apart from the code, so that instances of a mapped task differ in nothing else
    return Code((Given(prepared(given, named(limit))), f" & '-' & {ATTEMPT}"))


def unique_of(source: str, otherwise: str, limit: int = 63) -> str:
    """JSONata of a unique name whose base is what *source* gives while the machine runs, or *otherwise*."""
    base = f"($exists({source}) ? {source} : {literal(otherwise)})"
    return f"$substring($replace({base}, /[^A-Za-z0-9]+/, '-'), 0, {base_limit(limit)}) & '-' & {ATTEMPT}"
