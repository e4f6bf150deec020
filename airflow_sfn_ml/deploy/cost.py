"""What a run of a state machine costs, and what it would cost to poll for its jobs. Pure.

AWS charges a Standard workflow for its state transitions, retries and redrives included; reading executions is free. A
Choice leads to different numbers, so there is a least and a most; a run without retries and without errors lies between
them. A loop is counted once and said.

A state that waits for a job (``.sync``) is one transition however long the job takes. Before there was such a thing,
people began the job, waited, called a function that describes it, chose, and so on: three transitions and one call of a
function each time. Source of the prices: https://aws.amazon.com/step-functions/pricing, us-east-1, autumn 2025.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml import asl

PER_THOUSAND = 0.025
"""US dollars for 1,000 transitions."""
PER_LOOK = 8.4e-7
"""US dollars for one call of a small Lambda function: 128 MB for 0.3 s, and the request."""
PER_POLL = 3
"""Transitions of one turn of a polling loop: Wait, Task, Choice."""


@dataclass(frozen=True)
class Range:
    """From the least to the most of something."""

    least: int = 0
    most: int = 0

    def __add__(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)

    def __or__(self, other: Range) -> Range:
        return Range(min(self.least, other.least), max(self.most, other.most))

    def times(self, number: int) -> Range:
        """So often."""
        return Range(self.least * number, self.most * number)


@dataclass(frozen=True)
class Assumptions:
    """What a definition does not tell.

    :param runs: executions in a month.
    :param job_minutes: how long each job takes.
    :param poll_seconds: how long the polling design waits between two looks.
    :param items: the items of each Map.
    :param per_thousand: US dollars for 1,000 transitions.
    """

    runs: float = 30
    job_minutes: float = 60
    poll_seconds: float = 60
    items: int = 1
    per_thousand: float = PER_THOUSAND


@dataclass(frozen=True)
class Cost:
    """What a month costs; amounts are US dollars, for the most transitions.

    :param transitions: of one run.
    :param jobs: the jobs that one run waits for.
    :param polled: the transitions of one run that polls for them.
    :param notes: what the numbers leave out.
    """

    transitions: Range
    jobs: Range
    polled: Range
    monthly: float
    polled_monthly: float
    notes: tuple[str, ...] = ()


def cost(definition: Mapping[str, Any] | asl.StateMachine, assumed: Assumptions | None = None) -> Cost:
    """What executions of *definition* cost, as *assumed*."""
    assumed = assumed or Assumptions()
    machine = definition if isinstance(definition, asl.StateMachine) else asl.parse(definition)
    notes: list[str] = []
    transitions, jobs = _machine(machine, assumed.items, notes)
    looks = math.ceil(60 * assumed.job_minutes / assumed.poll_seconds)
    polled = transitions + jobs.times(PER_POLL * looks)
    price = assumed.per_thousand / 1000
    return Cost(
        transitions=transitions,
        jobs=jobs,
        polled=polled,
        monthly=assumed.runs * transitions.most * price,
        polled_monthly=assumed.runs * (polled.most * price + jobs.most * looks * PER_LOOK),
        notes=tuple(dict.fromkeys(notes)),
    )


Counts = tuple[Range, Range]
"""Transitions and jobs."""


def _machine(machine: asl.StateMachine, items: int, notes: list[str]) -> Counts:
    """The counts from the start of *machine* to its end, by each state from the last to the first."""
    states = {state.name: state for state in machine.states}
    following = {name: [target for target in _targets(state) if target in states] for name, state in states.items()}
    found: dict[str, Counts] = {}
    for name in _last_first(machine.start_at, following, notes):
        own = _state(states[name], items, notes)
        after = [found[target] for target in following[name] if target in found]
        rest = after[0] if after else (Range(), Range())
        for other in after[1:]:
            rest = (rest[0] | other[0], rest[1] | other[1])
        found[name] = (own[0] + rest[0], own[1] + rest[1])
    return found.get(machine.start_at, (Range(), Range()))


def _state(state: asl.State, items: int, notes: list[str]) -> Counts:
    one, none = Range(1, 1), Range()
    match state:
        case asl.Task():
            waits = str(state.resource).rpartition(":")[0].endswith(".sync") or str(state.resource).endswith(".sync")
            return one, (one if waits else none)
        case asl.Parallel():
            transitions, jobs = one, none
            for branch in state.branches:
                inner = _machine(branch, items, notes)
                transitions, jobs = transitions + inner[0], jobs + inner[1]
            return transitions, jobs
        case asl.Map():
            processor = state.item_processor or state.iterator
            if processor is None:
                return one, none
            config = processor.processor_config
            if isinstance(config, Mapping) and config.get("ExecutionType") == "EXPRESS":
                notes.append(f"{state.name}: its items are EXPRESS executions, charged by time and not counted here")
                return one, none
            inner = _machine(processor, items, notes)
            notes.append(f"{state.name}: counted with {items} item{'' if items == 1 else 's'}")
            return one + inner[0].times(items), inner[1].times(items)
        case _:
            return one, none


def _targets(state: asl.State) -> Iterator[str]:
    """The states that follow when nothing fails."""
    if isinstance(state, asl.Choice):
        yield from (str(rule.next) for rule in state.choices)
        if state.default:
            yield str(state.default)
    if isinstance(state, asl.FlowState) and state.next:
        yield str(state.next)


def _last_first(start: str, following: Mapping[str, list[str]], notes: list[str]) -> Iterator[str]:
    """The states that can be reached, each after all that follow it, except where a loop leads back."""
    if start not in following:
        return
    open_: dict[str, Iterator[str]] = {start: iter(following[start])}
    done: set[str] = set()
    while open_:
        name = next(reversed(open_))
        target = next((other for other in open_[name] if other not in done), None)
        if target is None:
            del open_[name]
            done.add(name)
            yield name
        elif target in open_:
            notes.append(f"{target}: the machine can come back to it; the loop is counted once")
        else:
            open_[target] = iter(following[target])
