"""How the states of a machine that was written as a whole become tasks with edges. Pure.

A state that does work (Task, Map) is a task; a Parallel is a group of tasks; the others only lead on, so an edge goes
from one state that does work to the next ones that can be reached through them. Loops become no edges: Airflow has no
cycles, so an edge back to where the machine came from is left out.

Which way a Choice went is seen when the machine enters a state from which the others can no longer be reached. For each
state those are its `passed_by`: states that lie just beyond everything from where it still could be entered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from airflow_sfn_ml import asl


@dataclass(frozen=True)
class Work:
    """A state that does work.

    :param upstream: the states that do work before it, by name.
    :param passed_by: states of the same scope that, once entered, mean that this one can no longer be.
    :param repeats: whether the machine can come back to it.
    """

    state: asl.State
    upstream: tuple[str, ...] = ()
    passed_by: tuple[str, ...] = ()
    repeats: bool = False


@dataclass(frozen=True)
class Scope:
    """The states that do work of one machine, or of one branch.

    :param parallels: by the name of the Parallel, its branches.
    :param first: which states can come first, and *last* which can come last.
    :param through: whether there is a way through it that meets no work.
    """

    work: tuple[Work, ...] = ()
    parallels: Mapping[str, tuple[Scope, ...]] = field(default_factory=dict)
    first: tuple[str, ...] = ()
    last: tuple[str, ...] = ()
    through: bool = True


def scope_of(machine: asl.StateMachine) -> Scope:
    """The work of *machine*."""
    states = {state.name: state for state in machine.states}
    following = {name: tuple(dict.fromkeys(_targets(state))) for name, state in states.items()}
    working = {name for name, state in states.items() if isinstance(state, (asl.Task, asl.Map, asl.Parallel))}
    order = _depth_first(machine.start_at, following)
    reach = _reach(following)
    edges: dict[str, list[str]] = {name: [] for name in states if name in working and name in order}
    last: list[str] = []
    through = machine.start_at not in working and _ends_without_work(machine.start_at, states, following, working)
    for name in edges:
        for target in _next_work(following[name], following, working):
            if order[name] < order[target] or name not in reach[target]:
                edges[target].append(name)
        if _can_end(name, states, following, working):
            last.append(name)
    first = tuple(_next_work((machine.start_at,), following, working))
    return Scope(
        work=tuple(
            Work(
                states[name],
                upstream=tuple(before),
                passed_by=_passed_by(name, states, following, reach),
                repeats=name in reach[name],
            )
            for name, before in edges.items()
        ),
        parallels={
            name: tuple(scope_of(branch) for branch in state.branches)
            for name, state in states.items()
            if isinstance(state, asl.Parallel)
        },
        first=first,
        last=tuple(last),
        through=through,
    )


def _targets(state: asl.State) -> Iterator[str]:
    """Every state that can come right after *state*."""
    if isinstance(state, asl.Choice):
        for rule in state.choices:
            target = rule.get("Next")
            if isinstance(target, str):
                yield target
        if isinstance(state.default, str):
            yield state.default
    following = getattr(state, "next", None)
    if isinstance(following, str):
        yield following
    for catch in getattr(state, "catch", ()) or ():
        yield catch.next


def _depth_first(start: str, following: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The states that can be reached, numbered so that edges which close no loop lead to higher numbers."""
    finished: list[str] = []
    seen: set[str] = set()
    stack: list[tuple[str, Iterator[str]]] = [(start, iter(following[start]))]
    seen.add(start)
    while stack:
        name, targets = stack[-1]
        target = next((item for item in targets if item in following and item not in seen), None)
        if target is None:
            finished.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(following[target])))
    return {name: number for number, name in enumerate(reversed(finished))}


def _reach(following: Mapping[str, tuple[str, ...]]) -> dict[str, set[str]]:
    """For each state, all that can come some time after it."""
    reach: dict[str, set[str]] = {}
    for name in following:
        found: set[str] = set()
        todo = list(following[name])
        while todo:
            target = todo.pop()
            if target not in found and target in following:
                found.add(target)
                todo += following[target]
        reach[name] = found
    return reach


def _next_work(starts: tuple[str, ...], following: Mapping[str, tuple[str, ...]], working: set[str]) -> list[str]:
    """The next states that do work, from *starts* on, through states that do none."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop(0)
        if name in seen or name not in following:
            continue
        seen.add(name)
        if name in working:
            found[name] = None
        else:
            todo += following[name]
    return list(found)


def _can_end(
    name: str, states: Mapping[str, asl.State], following: Mapping[str, tuple[str, ...]], working: set[str]
) -> bool:
    """Whether the machine can end after *name* without doing more work."""
    if not getattr(states[name], "next", None):
        return True
    return any(
        target not in working and _ends_without_work(target, states, following, working) for target in following[name]
    )


def _ends_without_work(
    start: str, states: Mapping[str, asl.State], following: Mapping[str, tuple[str, ...]], working: set[str]
) -> bool:
    seen: set[str] = set()
    todo = [start]
    while todo:
        name = todo.pop()
        if name in seen or name in working or name not in states:
            continue
        seen.add(name)
        if isinstance(states[name], asl.Succeed) or not following[name]:
            return not isinstance(states[name], asl.Fail)
        todo += following[name]
    return False


def _passed_by(
    name: str,
    states: Mapping[str, asl.State],
    following: Mapping[str, tuple[str, ...]],
    reach: Mapping[str, set[str]],
) -> tuple[str, ...]:
    """The states that are entered from where *name* could still be reached, and from which it cannot be."""
    ahead = {other for other in states if name in reach[other]} | {name}
    beyond = {target for other in ahead for target in following[other] if target in states and target not in ahead}
    return tuple(sorted(beyond))
