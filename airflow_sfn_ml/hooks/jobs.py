"""What the services say of the jobs of an execution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.deploy.stops import Look, Stop

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook


def is_at_work(hook: StepFunctionsHook, stop: Stop, arguments: Mapping[str, Any]) -> bool:
    """Whether a job that *stop* stops is at work, and nobody has stopped it.

    :param arguments: those of the call that looks.
    :raises AccessDenied: the credentials may not look.
    :raises DeployError: the service does not know the job.
    """
    look: Look = stop.look
    client = hook.client_of(stop.service)
    with translated(client, look.action, ", ".join(str(value) for value in arguments.values())):
        return look.is_at_work(getattr(client, look.method)(**arguments))
