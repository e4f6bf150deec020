"""What AWS checks in a definition when a state machine is created and moto does not.

The graph (every target exists, something ends), names that are unique in the whole machine, and the scopes of
variables: a state inside a Parallel or Map must not assign a name that a machine around it assigns
(https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html). A distributed Map sees no outer
variable.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

_STATES_ERRORS = frozenset(
    f"States.{name}"
    for name in (
        "ALL",
        "DataLimitExceeded",
        "HeartbeatTimeout",
        "Timeout",
        "TaskFailed",
        "Permissions",
        "ResultPathMatchFailure",
        "ParameterPathFailure",
        "BranchFailed",
        "NoChoiceMatched",
        "IntrinsicFailure",
        "ExceedToleratedFailureThreshold",
        "ItemReaderFailed",
        "ResultWriterFailed",
        "Runtime",
        "QueryEvaluationError",
        "Http.Socket",
    )
)
_NO_NEXT = frozenset({"Succeed", "Fail", "Choice"})


class InvalidDefinitionError(Exception):
    """AWS would refuse the definition; the message is that of InvalidDefinition, without its prefix."""


def check(text: str, machine_type: str = "STANDARD") -> None:
    """Raise InvalidDefinitionError unless `text` is a definition that AWS accepts, as far as this module knows."""
    try:
        definition = json.loads(text)
    except ValueError as error:
        raise InvalidDefinitionError(f"INVALID_JSON_DESCRIPTION: {error}") from error
    if not isinstance(definition, dict):
        raise InvalidDefinitionError("SCHEMA_VALIDATION_FAILED: the definition must be an object")
    problems = [*_graph(definition, "", set()), *_shadowing(definition, "", frozenset())]
    if machine_type == "EXPRESS":
        problems += _not_express(definition, "")
    if problems:
        raise InvalidDefinitionError(", ".join(f"SCHEMA_VALIDATION_FAILED: {problem}" for problem in problems))


def _graph(machine: Mapping[str, Any], path: str, names: set[str]) -> Iterator[str]:
    states = machine.get("States")
    missing = [field for field in ("States", "StartAt") if not machine.get(field)]
    if missing or not isinstance(states, dict):
        yield f"These fields are required: [{', '.join(missing or ['States'])}] at {path or '/'}"
        return
    if machine["StartAt"] not in states:
        yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {machine['StartAt']} at {path}/StartAt"
    for name, state in states.items():
        here = f"{path}/States/{name}"
        if name in names:
            yield f"DUPLICATE_STATE_NAME: Duplicate State name: {name} at {here}"
        names.add(name)
        if len(name) > 80:
            yield f"State name is longer than 80 characters at {here}"
        yield from _transitions(state, here, states)
        yield from _error_names(state, here)
        for inner, inner_path in _inner(state, here):
            yield from _graph(inner, inner_path, names)


def _transitions(state: Mapping[str, Any], path: str, states: Mapping[str, Any]) -> Iterator[str]:
    kind = state.get("Type")
    targets = [("/Next", state.get("Next")), ("/Default", state.get("Default"))]
    targets += [(f"/Catch[{i}]/Next", each.get("Next")) for i, each in enumerate(state.get("Catch") or ())]
    targets += [(f"/Choices[{i}]/Next", each.get("Next")) for i, each in enumerate(state.get("Choices") or ())]
    for field, target in targets:
        if target is not None and target not in states:
            yield f"MISSING_TRANSITION_TARGET: Missing 'Next' target: {target} at {path}{field}"
    if kind not in _NO_NEXT and "Next" not in state and state.get("End") is not True:
        yield f"MISSING_TRANSITION_TARGET: a state needs 'Next' or 'End': true at {path}"


def _error_names(state: Mapping[str, Any], path: str) -> Iterator[str]:
    """Names with the reserved prefix are those of the language only."""
    for field in ("Retry", "Catch"):
        for index, each in enumerate(state.get(field) or ()):
            for name in each.get("ErrorEquals") or ():
                if name.startswith("States.") and name not in _STATES_ERRORS:
                    yield (
                        f"Invalid error name {name}: names with the prefix 'States.' are reserved at "
                        f"{path}/{field}[{index}]/ErrorEquals"
                    )
    error = state.get("Error")
    if state.get("Type") == "Fail" and isinstance(error, str) and error.startswith("States."):
        yield f"Invalid error name {error}: names with the prefix 'States.' are reserved at {path}/Error"


def _inner(state: Mapping[str, Any], path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The machines inside a state, with their paths."""
    for index, branch in enumerate(state.get("Branches") or ()):
        yield branch, f"{path}/Branches[{index}]"
    for field in ("ItemProcessor", "Iterator"):
        if isinstance(state.get(field), dict):
            yield state[field], f"{path}/{field}"


def _assigned(machine: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The names that the states of one scope assign, with the path of each below the scope."""
    for name, state in (machine.get("States") or {}).items():
        places = [(state, "")]
        places += [(each, f"/Catch[{i}]") for i, each in enumerate(state.get("Catch") or ())]
        places += [(each, f"/Choices[{i}]") for i, each in enumerate(state.get("Choices") or ())]
        for holder, where in places:
            for variable in holder.get("Assign") or {}:
                yield variable.removesuffix(".$"), f"/States/{name}{where}/Assign/{variable}"


def _shadowing(machine: Mapping[str, Any], path: str, outer: frozenset[str]) -> Iterator[str]:
    assigned = list(_assigned(machine))
    for variable, where in assigned:
        if variable in outer:
            yield f"Variable '{variable}' is assigned in an outer scope and cannot be assigned again at {path}{where}"
        if variable == "states":
            yield f"Variable name 'states' is reserved at {path}{where}"
    visible = outer | {variable for variable, _ in assigned}
    for name, state in (machine.get("States") or {}).items():
        for inner, inner_path in _inner(state, f"{path}/States/{name}"):
            yield from _shadowing(inner, inner_path, frozenset() if _is_distributed(inner) else visible)


def _is_distributed(machine: Mapping[str, Any]) -> bool:
    return (machine.get("ProcessorConfig") or {}).get("Mode") == "DISTRIBUTED"


def _not_express(machine: Mapping[str, Any], path: str) -> Iterator[str]:
    for name, state in (machine.get("States") or {}).items():
        resource = state.get("Resource", "")
        here = f"{path}/States/{name}"
        if isinstance(resource, str) and ":activity:" in resource:
            yield f"Express state machine does not support Activity ARN at {here}/Resource"
        elif isinstance(resource, str) and resource.endswith((".sync", ".sync:2", ".waitForTaskToken")):
            pattern = resource.rpartition(".")[2]
            yield f"Express state machine does not support '{pattern}' service integration at {here}/Resource"
        for inner, inner_path in _inner(state, here):
            yield from _not_express(inner, inner_path)
