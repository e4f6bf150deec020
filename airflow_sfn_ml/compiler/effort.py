"""What a run of a machine costs without retries: state transitions, which AWS charges for, and history events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from airflow_sfn_ml import asl
from airflow_sfn_ml.compiler.each import Each

EVENTS = {"Task": 6, "Parallel": 3, "Map": 3}
"""History events of one visit of a state without retries; every other type makes two."""
ITERATION = 2
"""History events that an iteration of an inline Map makes beside those of its states."""


@dataclass(frozen=True)
class Effort:
    """Transitions and events."""

    transitions: int = 0
    events: int = 0

    def __add__(self, other: Effort) -> Effort:
        return Effort(self.transitions + other.transitions, self.events + other.events)


def effort(machine: asl.StateMachine, maps: Mapping[str, Each]) -> Effort:
    """What a run of *machine* costs if every state is visited; a Map whose number of items is not known counts one.

    :param maps: what the Maps of mapped tasks are mapped over, by name.
    """
    total = Effort()
    for state in machine.states:
        total += Effort(1, EVENTS.get(type(state).__name__, 2))
        for branch in getattr(state, "branches", ()):
            total += effort(branch, maps)
        if isinstance(state, asl.Map) and state.item_processor is not None:
            each = maps.get(state.name)
            count = 1 if each is None or each.count is None else each.count
            own = effort(state.item_processor, maps)
            events = 0 if _is_distributed(state) else own.events + ITERATION
            total += Effort(count * own.transitions, count * events)
    return total


def each_item(machine: asl.StateMachine, maps: Mapping[str, Each]) -> tuple[tuple[str, int], ...]:
    """The events that each item of a mapped task makes, where the number of items is not known."""
    return tuple(
        (state.name, effort(state.item_processor, maps).events + ITERATION)
        for state in _maps(machine)
        if state.name in maps and maps[state.name].count is None and state.item_processor is not None
        if not _is_distributed(state)
    )


def _maps(machine: asl.StateMachine) -> Iterator[asl.Map]:
    for state in machine.states:
        if isinstance(state, asl.Map):
            yield state
        for branch in getattr(state, "branches", ()):
            yield from _maps(branch)


def _is_distributed(state: asl.Map) -> bool:
    config = state.item_processor.processor_config if state.item_processor else None
    return isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED"
