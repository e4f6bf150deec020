"""What the log says of something in SageMaker that has ended, as it does of a member of a group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView, failure
from airflow_sfn_ml.triggers.settings import log_lines

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.sagemaker import Kind
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook


def job_story(hook: StepFunctionsHook, kind: Kind, identifier: str, document: Mapping[str, Any]) -> list[str]:
    """Why *identifier* did not end well: the service's reason, what the container left, and the end of its log."""
    state = StateView(identifier, StateStatus.FAILED, cause=json.dumps(document))
    told = failure(ExecutionView(states={identifier: state}), identifier)
    facts = (("Reason", told.reason), ("Exit message", told.exit_message), ("Exit code", told.exit_code))
    lines = [f"{kind.title} {identifier}: {kind.status(document)}"]
    lines += [f"{label}: {fact}" for label, fact in facts if fact is not None]
    if told.log_group and told.log_stream_prefix:
        tail = hook.log_tail(told.log_group, told.log_stream_prefix, log_lines())
        if tail:
            lines += [f"Last lines of the job's log ({told.log_group}/{told.log_stream_prefix}...):", *tail]
    return lines
