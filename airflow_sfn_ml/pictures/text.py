"""Write an outline as text: a tree of states in the order of their flow, for terminals and logs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.pictures.arrangement import machine_of
from airflow_sfn_ml.pictures.grid import ranks
from airflow_sfn_ml.pictures.outline import CATCH, Link, Node, Outline, outline, summary
from airflow_sfn_ml.pictures.plain import plain

NAME_LIMIT = 32
GLYPHS: Mapping[StateStatus | None, str] = {
    None: "•",
    StateStatus.NOT_ENTERED: "○",
    StateStatus.RUNNING: "▶",
    StateStatus.RETRYING: "↻",
    StateStatus.SUCCEEDED: "✔",
    StateStatus.FAILED: "✘",
    StateStatus.CAUGHT: "⚠",
    StateStatus.ABORTED: "■",
    StateStatus.TIMED_OUT: "◷",
}


def to_text(definition: asl.StateMachine | Mapping[str, object] | str, view: ExecutionView | None = None) -> str:
    """The picture of *definition* as lines of text, with the status of *view* if one is given.

    A state's line is followed by where it leads: ``→`` to go on, ``↺`` to go back, ``✘`` after an error.

    :raises DefinitionError: the definition is not shaped like one.
    """
    machine = outline(machine_of(definition), view)
    return "\n".join(line.rstrip() for line in (summary(machine, view), *_lines(machine))) + "\n"


def _lines(machine: Outline) -> Iterator[str]:
    """The states of a machine, each with what is inside of it."""
    rank = ranks(machine)
    order = sorted((p for p, node in enumerate(machine.nodes) if node.is_state), key=lambda p: (rank[p], p))
    leading: list[list[Link]] = [[] for _ in machine.nodes]
    for link in machine.links:
        leading[link.source].append(link)
    width = min(max((len(plain(machine.nodes[p].name)) for p in order), default=0), NAME_LIMIT)
    for position in order:
        last = position == order[-1]
        yield f"{'└─' if last else '├─'} {_state(machine.nodes[position], width)}"
        bar = "   " if last else "│  "
        for line in chain(_ways(machine, leading[position]), _inner(machine.nodes[position])):
            yield bar + line


def _state(node: Node, width: int) -> str:
    words = [f"{GLYPHS[node.status]} {plain(node.name):{width}}", plain(node.detail), plain(node.note)]
    return "  ".join(word for word in words if word)


def _ways(machine: Outline, links: list[Link]) -> Iterator[str]:
    for link in links:
        sign = "✘" if link.family == CATCH else "↺" if link.back else "→"
        target = plain(machine.nodes[link.target].name)
        yield f"  {sign} {plain(link.label)} → {target}" if link.label else f"  {sign} {target}"


def _inner(node: Node) -> Iterator[str]:
    for number, machine in enumerate(node.machines, 1):
        last = number == len(node.machines)
        yield f"{'└─' if last else '├─'} {'each item' if node.kind == 'Map' else f'branch {number}'}"
        bar = "   " if last else "│  "
        for line in _lines(machine):
            yield bar + line
