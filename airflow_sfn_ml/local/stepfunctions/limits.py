"""The limit of what states, tasks and variables hold: 256 KiB of JSON in UTF-8.

https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html. moto counts the blanks of its own JSON, too,
and does not count variables.
"""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.stepfunctions.variables import compact

patches = Patches("moto.stepfunctions.parser")

LIMIT_BYTES = 262_144


@patches.replaces("quotas", "is_within_size_quota", "value", everywhere=True)
def is_within_limit(value: Any) -> bool:
    """Whether a value may leave a state or a task."""
    return len(compact(value).encode()) <= LIMIT_BYTES


@patches.replaces("asl.component.common.assign.assign_decl", "AssignDecl._eval_body", "self", "env")
def note_assignments(self: Any, env: Any) -> None:
    """Compute the values of an `Assign` and keep them until the state exits."""
    values: dict[str, Any] = {}
    for binding in self.declaration_bindings:
        binding.eval(env=env)
        values.update(env.stack.pop())
    if not is_within_limit(values):
        raise _too_large(env, sorted(values))
    env.variable_store.__dict__["_noted"] = values


def _too_large(env: Any, names: list[str]) -> Exception:
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event, states_error_name
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType

    name = states_error_name.StatesErrorName(typ=StatesErrorNameType.StatesStatesDataLimitExceeded)
    cause = f"The variables {', '.join(names)} exceed the maximum number of bytes service limit."
    failure: Exception = failure_event.FailureEventException(
        failure_event=failure_event.FailureEvent(
            env=env,
            error_name=name,
            event_type="TaskFailed",
            event_details={"executionFailedEventDetails": {"error": name.error_name, "cause": cause}},
        )
    )
    return failure
