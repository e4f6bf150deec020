"""A definition as the rules see it: its machines and their states, each with the path where it stands.

Rules look at the JSON as it is, so that they also see what is malformed; whatever is no object is simply not listed.
A path is written as AWS writes the location of a diagnostic: ``/States/P/Branches[0]/States/A/Next``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

JSONPATH, JSONATA = "JSONPath", "JSONata"
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Machine:
    """A set of states: the whole definition, a branch of a Parallel or the processor of a Map."""

    path: str
    body: Mapping[str, Any]
    owner: State | None
    top: Mapping[str, Any]

    @property
    def field(self) -> str:
        """The field of the owner that holds it: Branches, ItemProcessor or Iterator; empty for the whole."""
        return self.path.rpartition("/")[2].partition("[")[0] if self.owner else ""

    @cached_property
    def states(self) -> dict[str, State]:
        states = self.body.get("States")
        found = {}
        if isinstance(states, Mapping):
            for name, body in states.items():
                if isinstance(body, Mapping):
                    found[name] = State(name, f"{self.path}/States/{name}", body, self)
        return found

    @property
    def start(self) -> str | None:
        start = self.body.get("StartAt")
        return start if isinstance(start, str) else None

    @property
    def distributed(self) -> bool:
        config = self.body.get("ProcessorConfig")
        return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"

    @cached_property
    def outer(self) -> tuple[Machine, ...]:
        """The machines around it, the nearest first."""
        found: list[Machine] = []
        owner = self.owner
        while owner:
            found.append(owner.machine)
            owner = owner.machine.owner
        return tuple(found)


@dataclass(frozen=True, eq=False)
class State:
    """One state, with the machine it belongs to."""

    name: str
    path: str
    body: Mapping[str, Any]
    machine: Machine

    @property
    def type(self) -> str:
        kind = self.body.get("Type")
        return kind if isinstance(kind, str) else ""

    @property
    def language(self) -> str:
        """Its own, else that of the whole definition: a Map or Parallel does not hand its own on to the states inside.

        AWS reads only the exact word JSONPath as JSONPath.
        """
        given = self.body.get("QueryLanguage", self.machine.top.get("QueryLanguage", JSONPATH))
        return JSONPATH if given == JSONPATH else JSONATA

    @cached_property
    def inner(self) -> tuple[Machine, ...]:
        """The machines within it."""
        found = []
        branches = self.body.get("Branches")
        if self.type == "Parallel" and isinstance(branches, list):
            for position, branch in enumerate(branches):
                if isinstance(branch, Mapping):
                    found.append(Machine(f"{self.path}/Branches[{position}]", branch, self, self.machine.top))
        for key in ("ItemProcessor", "Iterator"):
            processor = self.body.get(key)
            if self.type == "Map" and isinstance(processor, Mapping):
                found.append(Machine(f"{self.path}/{key}", processor, self, self.machine.top))
        return tuple(found)

    def objects(self, key: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The objects in the list *key*, each with its path."""
        items = self.body.get(key)
        if isinstance(items, list):
            for position, item in enumerate(items):
                if isinstance(item, Mapping):
                    yield f"{self.path}/{key}[{position}]", item

    def targets(self) -> Iterator[tuple[str, str]]:
        """The states that may follow, each with the path of the field that names it."""
        for key in ("Next", "Default"):
            if isinstance(self.body.get(key), str):
                yield f"{self.path}/{key}", self.body[key]
        for key in ("Choices", "Catch"):
            for path, item in self.objects(key):
                if isinstance(item.get("Next"), str):
                    yield f"{path}/Next", item["Next"]


@dataclass(frozen=True, eq=False)
class Definition:
    """The whole definition.

    :param type: the type of the state machine, STANDARD or EXPRESS.
    :param size: its length as JSON in bytes.
    """

    body: Mapping[str, Any]
    type: str
    size: int
    machines: tuple[Machine, ...] = field(default=())

    @classmethod
    def of(cls, body: Mapping[str, Any], type: str, size: int) -> Definition:
        found = [Machine("", body, None, body)]
        for machine in found:
            for state in machine.states.values():
                found += state.inner
        return cls(body, type, size, tuple(found))

    @property
    def states(self) -> Iterator[State]:
        for machine in self.machines:
            yield from machine.states.values()


def remembered(function: Callable[[S], Iterator[T]]) -> Callable[[S], tuple[T, ...]]:
    """Let *function* look at each subject only once: many rules ask the same of a state."""
    known: WeakKeyDictionary[S, tuple[T, ...]] = WeakKeyDictionary()

    @wraps(function)
    def remembering(subject: S) -> tuple[T, ...]:
        if subject not in known:
            known[subject] = tuple(function(subject))
        return known[subject]

    return remembering
