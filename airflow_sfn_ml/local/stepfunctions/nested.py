"""`states:startExecution.sync`: wait for the inner execution by event, and stop it when the task ends first.

moto asks for the inner execution twice a second, which for many is a noticeable part of a core, and lets it run on when
the outer one is stopped. AWS makes a best effort to stop it
(https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.refusals import RefusedError
from airflow_sfn_ml.local.stepfunctions.executions import find, on_end
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError, waking
from airflow_sfn_ml.local.stepfunctions.worker import abort

patches = Patches("moto.stepfunctions.parser.asl.component.state.exec.state_task.service")

_PLACE = "state_task_service_sfn"
_NAMES = ("env", "resource_runtime_part", "normalised_parameters", "state_credentials")


def _waiting(name: str) -> None:
    """Let the method `name`, which makes the question whether the inner execution has ended, wait for that first."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_sfn

    build: Any = getattr(state_task_service_sfn.StateTaskServiceSfn, name)

    @patches.replaces(_PLACE, f"StateTaskServiceSfn.{name}", "self", *_NAMES)
    def build_resolver(
        self: Any, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
    ) -> Callable[[], Any]:
        arn = env.stack[-1]["ExecutionArn"]
        given = dict(zip(_NAMES, (env, resource_runtime_part, normalised_parameters, state_credentials), strict=True))
        ask = build(self, **given)

        def resolve() -> Any:
            _wait(env, _execution(resource_runtime_part, arn))
            return ask()

        return resolve


def _execution(part: Any, arn: str) -> Any:
    """The inner execution; None when its machine is gone."""
    from moto.stepfunctions.parser.models import stepfunctions_parser_backends

    try:
        return find(stepfunctions_parser_backends[part.account][part.region], arn)
    except RefusedError:
        return None


def _wait(env: Any, execution: Any) -> None:
    """Wait until `execution` has ended; stop it when the task ends first."""
    if execution is None:
        return
    with waking(env) as event:
        on_end(execution, event)
        event.wait()
    if execution.status == "RUNNING" and not env.is_running():
        abort(execution, None, None)
        raise InterruptedWaitError


_waiting("_build_sync_resolver")
_waiting("_build_sync2_resolver")
