"""Variables: assigned together, visible from the next state on.

AWS computes `Assign` and `Output` of a state from one snapshot
(https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html). moto assigns while it evaluates.
Here `Assign` only notes its values, and they take effect when the state exits; an attempt that fails leaves no
trace.
"""

from __future__ import annotations

import json
from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.stepfunctions.parser.asl")


def discard_assignments(env: Any) -> None:
    """Forget what a failed attempt would have assigned."""
    env.variable_store.__dict__.pop("_noted", None)


@patches.replaces("component.state.state", "CommonStateField._get_state_exited_event_details", "self", "env")
def exit_details(self: Any, env: Any) -> dict[str, Any]:
    """The details of a state's exit event; here its assignments take effect."""
    values = env.variable_store.__dict__.pop("_noted", {})
    for name, value in values.items():
        env.variable_store.set(variable_identifier=name, variable_value=value)
    env.variable_store.reset_tracing()
    details: dict[str, Any] = {
        "name": self.name,
        "output": compact(env.states.get_input()),
        "outputDetails": {"truncated": False},
    }
    if values:
        details["assignedVariables"] = {name: compact(value) for name, value in values.items()}
        details["assignedVariablesDetails"] = {"truncated": False}
    return details


def compact(value: Any) -> str:
    """`value` as JSON text in the form AWS writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
