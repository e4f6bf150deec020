"""Where a machine begins, where it goes and how it ends."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_sfn_ml.asl.validation.model import Definition, Machine, State
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, machine_rule, state_rule

FLOWING = ("Task", "Pass", "Wait", "Parallel", "Map")


@definition_rule("missing-target")
def missing_target(definition: Definition) -> Iterator[Finding]:
    names = {state.name for state in definition.states}
    for path, name in _targets(definition):
        if name not in names:
            yield path, f"there is no state {name!r}"


@definition_rule("crosses-scope")
def crosses_scope(definition: Definition) -> Iterator[Finding]:
    names = {state.name for state in definition.states}
    for path, name in _targets(definition):
        if name in names:
            yield (
                path,
                f"the state {name!r} is in another branch or level; transitions stay among the states around them",
            )


def _targets(definition: Definition) -> Iterator[Finding]:
    """Every transition to a state that is not beside it."""
    for machine in definition.machines:
        all_names = machine.body.get("States")
        beside = all_names if isinstance(all_names, dict) else {}
        if machine.start is not None and machine.start not in beside:
            yield f"{machine.path}/StartAt", machine.start
        for state in machine.states.values():
            yield from ((path, name) for path, name in state.targets() if name not in beside)


@state_rule("no-next-or-end", *FLOWING)
def no_next_or_end(state: State) -> Iterator[Finding]:
    if "Next" not in state.body and state.body.get("End") is not True:
        yield state.path, 'the state leads nowhere; give it Next, or "End": true'


@state_rule("next-and-end", *FLOWING)
def next_and_end(state: State) -> Iterator[Finding]:
    if "Next" in state.body and state.body.get("End") is True:
        yield f"{state.path}/End", "Next and End exclude each other; keep one"


@machine_rule("unreachable-state")
def unreachable(machine: Machine) -> Iterator[Finding]:
    if machine.start not in machine.states:
        return
    reached = {machine.start}
    todo = [machine.start]
    while todo:
        for _, name in machine.states[todo.pop()].targets():
            if name in machine.states and name not in reached:
                reached.add(name)
                todo.append(name)
    for name, state in machine.states.items():
        if name not in reached:
            yield state.path, f"nothing leads from {machine.start!r} to {name!r}; add a transition or remove the state"


@machine_rule("no-terminal-state")
def no_terminal(machine: Machine) -> Iterator[Finding]:
    if not machine.owner and _endless(machine):
        yield machine.path, 'no state ends the machine; one needs "End": true, or be a Succeed or Fail'


@machine_rule("no-terminal-inside", severity="warning")
def no_terminal_inside(machine: Machine) -> Iterator[Finding]:
    if machine.owner and _endless(machine):
        yield machine.path, 'no state ends it; one needs "End": true, or be a Succeed or Fail'


def _endless(machine: Machine) -> bool:
    ends = (state.body.get("End") is True or state.type in ("Succeed", "Fail") for state in machine.states.values())
    return bool(machine.states) and not any(ends)


@definition_rule("duplicate-name")
def duplicate_name(definition: Definition) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for state in definition.states:
        if state.name in seen:
            yield state.path, f"the name stands already at {seen[state.name]}; names are unique in the whole definition"
        seen.setdefault(state.name, state.path)
