"""Hide secrets, as Airflow hides them, in everything that AWS says.

Airflow masks by the name of a field and by the secrets that it knows. Inputs, outputs and causes are JSON text, so they
are masked as the documents they hold, and what is no JSON is masked as text. The picture shows errors and causes too;
so it is the whole view that is masked, before anything is made of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.history import ExecutionView, StateView

DEPTH = 1000
"""Airflow's masker leaves alone what lies deeper than 5; a description of a job does. Python's own limit comes before
this one, and the masker then hides everything."""


def masked(value: Any) -> Any:
    """*value* without secrets, those that Airflow's core knows and those that the task SDK knows."""
    from airflow._shared.secrets_masker import redact as core
    from airflow.sdk.log import redact as sdk  # type: ignore[attr-defined]

    return sdk(core(value, max_depth=DEPTH), max_depth=DEPTH)


def masked_text(text: str | None) -> str | None:
    """*text* without secrets; JSON is masked field by field."""
    if not text:
        return text
    try:
        document = json.loads(text)
    except ValueError:
        return str(masked(text))
    if not isinstance(document, (dict, list)):
        return str(masked(text))
    return json.dumps(masked(document), ensure_ascii=False)


def masked_view(view: ExecutionView) -> ExecutionView:
    """*view* without secrets."""
    return replace(
        view,
        input_text=masked_text(view.input_text),
        output_text=masked_text(view.output_text),
        error=masked_text(view.error),
        cause=masked_text(view.cause),
        states={name: _masked_state(state) for name, state in view.states.items()},
    )


def _masked_state(state: StateView) -> StateView:
    attempts = tuple(
        replace(
            attempt,
            error=masked_text(attempt.error),
            cause=masked_text(attempt.cause),
            request_text=masked_text(attempt.request_text),
        )
        for attempt in state.attempts
    )
    return replace(
        state,
        attempts=attempts,
        input_text=masked_text(state.input_text),
        output_text=masked_text(state.output_text),
        error=masked_text(state.error),
        cause=masked_text(state.cause),
    )
