"""What a rule is, what it finds, and the table of all rules.

A rule is a function that yields (path, message) for each place that breaks it, registered under its code. It looks at
a state, at a machine, or at the whole definition. Errors are what AWS refuses; where AWS's behaviour is not known, or
where it accepts what cannot work, a rule warns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from airflow_sfn_ml.asl.validation.model import Definition, Machine, State

Severity = Literal["error", "warning"]
Finding = tuple[str, str]
Check = Callable[[Definition], Iterable[Finding]]


@dataclass(frozen=True)
class Problem:
    """Something wrong at one place of a definition.

    :param path: where, as AWS writes locations: ``/States/Train/Next``; the whole definition is ``/``.
    :param code: the rule, in kebab case.
    :param message: what is wrong and what to do.
    :param severity: ``error`` for what AWS refuses, ``warning`` for what it may accept but should be looked at.
    """

    path: str
    code: str
    message: str
    severity: Severity = "error"

    def __str__(self) -> str:
        return f"{self.path}: {self.message} [{self.code}]"


@dataclass(frozen=True)
class Rule:
    """One rule: its code, its severity and what it checks."""

    code: str
    severity: Severity
    check: Check

    def __call__(self, definition: Definition) -> Iterator[Problem]:
        for path, message in self.check(definition):
            yield Problem(path or "/", self.code, message, self.severity)


TABLE: dict[str, Rule] = {}
"""All rules by their codes."""


def _register(code: str, severity: Severity, check: Check) -> None:
    if code in TABLE:
        raise ValueError(f"two rules have the code {code}")
    TABLE[code] = Rule(code, severity, check)


def definition_rule(code: str, severity: Severity = "error") -> Callable[[Check], Check]:
    """Register a rule about the whole definition."""

    def register(check: Check) -> Check:
        _register(code, severity, check)
        return check

    return register


MachineCheck = Callable[[Machine], Iterable[Finding]]
StateCheck = Callable[[State], Iterable[Finding]]


def machine_rule(code: str, severity: Severity = "error") -> Callable[[MachineCheck], MachineCheck]:
    """Register a rule about every machine: the whole, branches and processors."""

    def register(check: MachineCheck) -> MachineCheck:
        def all_machines(definition: Definition) -> Iterator[Finding]:
            for machine in definition.machines:
                yield from check(machine)

        _register(code, severity, all_machines)
        return check

    return register


def state_rule(code: str, *types: str, severity: Severity = "error") -> Callable[[StateCheck], StateCheck]:
    """Register a rule about every state of *types*, of every type when none is named."""

    def register(check: StateCheck) -> StateCheck:
        def all_states(definition: Definition) -> Iterator[Finding]:
            for state in definition.states:
                if not types or state.type in types:
                    yield from check(state)

        _register(code, severity, all_states)
        return check

    return register
