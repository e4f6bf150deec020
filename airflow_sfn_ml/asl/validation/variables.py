"""Variables: their names, who may write them, and whether they have a value where they are read.

States within a Parallel or Map read the variables of the states around them but cannot write them; a distributed Map
does not even read them. A value written by a state is there from the next state on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import ClassVar
from weakref import WeakKeyDictionary

from airflow_sfn_ml.asl import jsonpath
from airflow_sfn_ml.asl.validation.expressions import readings
from airflow_sfn_ml.asl.validation.model import JSONPATH, Definition, Machine, State, remembered
from airflow_sfn_ml.asl.validation.paths import evaluated, intrinsics, path_fields
from airflow_sfn_ml.asl.validation.rules import Finding, definition_rule, state_rule

LENGTH = 80


class Scopes:
    """Which variables may have a value where; sets of variables are bit masks, so that long chains stay cheap."""

    _known: ClassVar[WeakKeyDictionary[Definition, Scopes]] = WeakKeyDictionary()

    def __init__(self, definition: Definition) -> None:
        self.bits: dict[str, int] = {}
        self.written_in: dict[Machine, set[str]] = {}
        self.entering: dict[Machine, dict[str, int]] = {}
        for machine in definition.machines:
            writes = {state.name: self._mask(state) for state in machine.states.values()}
            self.written_in[machine] = {name for state in machine.states.values() for _, name in assigned(state)}
            self.entering[machine] = _flow(machine, writes)

    @classmethod
    def of(cls, definition: Definition) -> Scopes:
        """The scopes of *definition*, worked out once for all rules."""
        if definition not in cls._known:
            cls._known[definition] = cls(definition)
        return cls._known[definition]

    def has(self, mask: int, name: str) -> bool:
        return bool(mask & self.bits.get(name, 0))

    def readable_around(self, machine: Machine) -> int:
        """What *machine* can read of the states around."""
        mask = 0
        while machine.owner and not machine.distributed:
            mask |= self.entering[machine.owner.machine][machine.owner.name]
            machine = machine.owner.machine
        return mask

    def _mask(self, state: State) -> int:
        mask = 0
        for _, name in assigned(state):
            mask |= self.bits.setdefault(name, 1 << len(self.bits))
        return mask


def _readable(machine: Machine) -> tuple[Machine, ...]:
    """The machines around whose variables *machine* can read."""
    found: list[Machine] = []
    while machine.owner and not machine.distributed:
        machine = machine.owner.machine
        found.append(machine)
    return tuple(found)


def _flow(machine: Machine, writes: Mapping[str, int]) -> dict[str, int]:
    """For each state, what any path to it may have written."""
    entering = dict.fromkeys(machine.states, 0)
    todo = deque(machine.states)
    while todo:
        name = todo.popleft()
        leaving = entering[name] | writes[name]
        for _, following in machine.states[name].targets():
            if following in entering and leaving & ~entering[following]:
                entering[following] |= leaving
                todo.append(following)
    return entering


@remembered
def assigned(state: State) -> Iterator[Finding]:
    """Path and name of every variable that *state* writes."""
    holders = [(state.path, state.body), *state.objects("Choices"), *state.objects("Catch")]
    for path, holder in holders:
        given = holder.get("Assign")
        for key in given if isinstance(given, Mapping) else ():
            name = key.removesuffix(".$") if state.language == JSONPATH else key
            yield f"{path}/Assign/{key}", name


def read_by(state: State) -> Iterator[Finding]:
    """Path and name of every variable that *state* reads."""
    for item, found in readings(state):
        for name in sorted(found.variables):
            yield item.path, name
    for path, value in (*path_fields(state), *evaluated(state)):
        if isinstance(value, str) and not jsonpath.is_intrinsic(value):
            yield from _variable(path, value)
    for path, text in intrinsics(state):
        for argument in jsonpath.intrinsic(text).paths:
            yield from _variable(path, argument)


def _variable(path: str, text: str) -> Iterator[Finding]:
    name = jsonpath.variable_of(text)
    if name:
        yield path, name


@state_rule("bad-variable-name")
def bad_variable_name(state: State) -> Iterator[Finding]:
    for path, name in assigned(state):
        if not name.isidentifier() or len(name) > LENGTH:
            yield path, f"{name!r} is no variable name: letters, digits and _, no digit first, at most {LENGTH}"


@state_rule("reserved-variable")
def reserved_variable(state: State) -> Iterator[Finding]:
    for path, name in assigned(state):
        if name == "states":
            yield path, "the variable states is AWS's own; take another name"


@definition_rule("outer-variable")
def outer_variable(definition: Definition) -> Iterator[Finding]:
    scopes = Scopes.of(definition)
    for state in definition.states:
        for path, name in assigned(state):
            if any(name in scopes.written_in[outer] for outer in _readable(state.machine)):
                yield path, f"${name} belongs to the states around and cannot be written here; take another name"


@definition_rule("outer-variable-distributed", severity="warning")
def outer_variable_distributed(definition: Definition) -> Iterator[Finding]:
    """The states around cannot be seen from here at all; whether AWS refuses the name is not known."""
    scopes = Scopes.of(definition)
    for state in definition.states:
        near = _readable(state.machine)
        for path, name in assigned(state):
            if any(name in scopes.written_in[outer] for outer in state.machine.outer if outer not in near):
                yield path, f"${name} is also written by the states around the distributed Map; take another name"


@definition_rule("unassigned-variable", severity="warning")
def unassigned_variable(definition: Definition) -> Iterator[Finding]:
    """AWS accepts it, and the execution fails when it gets there."""
    scopes = Scopes.of(definition)
    for state in definition.states:
        there = scopes.entering[state.machine][state.name] | scopes.readable_around(state.machine)
        for path, name in read_by(state):
            if not scopes.has(there, name):
                yield path, f"${name} has no value here: no state before assigns it"
