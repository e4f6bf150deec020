"""What a picture shows, before anything has a place: a machine as nodes and links.

This is the one model behind all pictures. The writers of Mermaid and plain text read it as it is, the layout gives it
coordinates for SVG. A link never leaves its machine, because ASL is strictly nested; so the outline is nested too: the
branches of a Parallel and the processor of a Map are outlines inside their node.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.states import WorkingState
from airflow_sfn_ml.history import ExecutionView, StateStatus, StateView
from airflow_sfn_ml.pictures import captions, paths, rules

START = "Start"
END = "End"
CATCH = "catch"
FLOW = "flow"


@dataclass(frozen=True, slots=True)
class Link:
    """A transition.

    :param source, target: positions in the outline's nodes.
    :param family: ``catch``, or ``flow`` for all others.
    :param label: the rules or errors that lead along it; empty for a plain Next.
    :param back: whether it closes a loop.
    :param taken: whether the execution certainly went along it.
    """

    source: int
    target: int
    family: str = FLOW
    label: str = ""
    back: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """A state, or the start or the end of the whole machine (then *kind* is ``Start`` or ``End``).

    :param detail: what the state does.
    :param status: None in a picture without an execution.
    :param note: the status in words, with time, attempts and error.
    :param facts: more lines, for those who point at it or hear it read.
    :param tally: of a Map: how many iterations have which status.
    """

    name: str
    kind: str
    detail: str = ""
    status: StateStatus | None = None
    note: str = ""
    facts: tuple[str, ...] = ()
    tally: tuple[tuple[StateStatus, int], ...] = ()
    retries: bool = False
    machines: tuple[Outline, ...] = ()

    @property
    def is_state(self) -> bool:
        """Whether it is a state of the definition."""
        return self.kind not in (START, END)


@dataclass(frozen=True, slots=True)
class Outline:
    """A machine: its nodes, in the order of the definition, and the links between them.

    :param first: the position of the node where it begins.
    """

    nodes: tuple[Node, ...]
    links: tuple[Link, ...]
    first: int = 0

    def states(self) -> Iterator[Node]:
        """All states, those in branches after the state that they are in."""
        for node in self.nodes:
            if node.is_state:
                yield node
                for machine in node.machines:
                    yield from machine.states()


def outline(machine: asl.StateMachine, view: ExecutionView | None = None) -> Outline:
    """The outline of a whole definition, with the status of *view* if one is given."""
    nodes, links, first = _parts(machine, view)
    start, end = len(nodes), len(nodes) + 1
    if nodes:
        links.insert(0, Link(start, first))
    nodes.append(Node("Start", START))
    ends = [position for position, state in enumerate(machine.states) if _ends(state)]
    if ends:
        nodes.append(Node("End", END))
        links.extend(Link(position, end) for position in ends)
    return _walked(nodes, links, start, _views(machine, view))


def _inner(machine: asl.StateMachine, view: ExecutionView | None) -> Outline:
    """A machine without Start and End: one that is inside of a state."""
    return _walked(*_parts(machine, view), _views(machine, view))


def summary(machine: Outline, view: ExecutionView | None) -> str:
    """The whole picture in a sentence: ``State machine, 3 states. Execution running: 1 succeeded, 2 not entered.``"""
    states = list(machine.states())
    words = f"State machine, {len(states)} state{'s' * (len(states) != 1)}."
    if view is None:
        return words
    counts = Counter(node.status for node in states)
    seen = ", ".join(f"{counts[status]} {captions.WORDS[status]}" for status in StateStatus if counts[status])
    return f"{words} Execution {view.status.lower().replace('_', ' ')}{': ' * bool(seen)}{seen}."


def _parts(machine: asl.StateMachine, view: ExecutionView | None) -> tuple[list[Node], list[Link], int]:
    """The states, the links between them, and where to begin."""
    places = {state.name: position for position, state in enumerate(machine.states)}
    nodes = [_node(state, view) for state in machine.states]
    links = [link for position, state in enumerate(machine.states) for link in _links(position, state, places)]
    return nodes, links, places.get(machine.start_at, 0)


def _views(machine: asl.StateMachine, view: ExecutionView | None) -> list[StateView] | None:
    return None if view is None else [view.state(state.name) for state in machine.states]


def _walked(nodes: list[Node], links: list[Link], first: int, views: list[StateView] | None) -> Outline:
    """The outline with its loops found, and the way that the execution took."""
    back = paths.back(len(nodes), [(link.source, link.target) for link in links], first)
    taken: frozenset[int] = frozenset()
    if views is not None:
        steps = [
            paths.Step(link.source, link.target, link.family == CATCH, position in back)
            for position, link in enumerate(links)
        ]
        taken = paths.taken(steps, views)
    walked = [
        Link(link.source, link.target, link.family, link.label, position in back, position in taken)
        for position, link in enumerate(links)
    ]
    return Outline(tuple(nodes), tuple(walked), first)


def _node(state: asl.State, view: ExecutionView | None) -> Node:
    machines: tuple[asl.StateMachine, ...] = ()
    match state:
        case asl.Parallel():
            machines = state.branches
        case asl.Map():
            machines = tuple(machine for machine in (state.item_processor, state.iterator) if machine is not None)
    node = Node(
        state.name,
        state.type,
        captions.detail(state),
        facts=tuple(_static_facts(state)),
        retries=bool(getattr(state, "retry", ())),
        machines=tuple(_inner(machine, view) for machine in machines),
    )
    if view is None:
        return node
    seen = view.state(state.name)
    facts = (*node.facts, *_seen_facts(seen))
    return replace(node, status=seen.status, note=captions.note(seen), tally=captions.tally(seen), facts=facts)


def _ends(state: asl.State) -> bool:
    return isinstance(state, asl.FlowState) and state.next is None and state.end is None


def _links(position: int, state: asl.State, places: Mapping[str, int]) -> Iterator[Link]:
    """The transitions of *state*; those with the same target are one link. What leads nowhere is left out."""
    merged: dict[tuple[int, str], list[str]] = {}
    for family, target, label in _transitions(state):
        if target in places:
            labels = merged.setdefault((places[target], family), [])
            if label and label not in labels:
                labels.append(label)
    for (place, family), labels in merged.items():
        yield Link(position, place, family, " | ".join(labels))


def _transitions(state: asl.State) -> Iterator[tuple[str, str, str]]:
    """(family, target, label) of every field of *state* that names a next state."""
    match state:
        case asl.Choice():
            for rule in state.choices:
                if isinstance(rule.next, str):
                    yield FLOW, rule.next, rules.edge_caption(rule)
            if isinstance(state.default, str):
                yield FLOW, state.default, "default"
        case asl.FlowState() if isinstance(state.next, str):
            yield FLOW, state.next, ""
    if isinstance(state, WorkingState):
        for catch in state.catch:
            if isinstance(catch.next, str):
                yield CATCH, catch.next, ", ".join(catch.error_equals) or "any error"


def _static_facts(state: asl.State) -> Iterator[str]:
    if isinstance(state, asl.Task) and isinstance(state.resource, str):
        yield state.resource
    if isinstance(state, WorkingState):
        for retry in state.retry:
            attempts = retry.max_attempts if isinstance(retry.max_attempts, int) else 3
            yield f"retries {', '.join(retry.error_equals)} up to {attempts} times"
    if isinstance(state.comment, str) and state.comment:
        yield state.comment


def _seen_facts(seen: StateView) -> Iterator[str]:
    if seen.job:
        yield f"job {seen.job}"
    if seen.error:
        yield f"error {seen.error}"
    if seen.cause:
        yield seen.cause if len(seen.cause) <= 300 else seen.cause[:300] + "…"
