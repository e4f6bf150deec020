"""Write an outline as a Mermaid flowchart, which GitHub and many wikis draw."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.pictures.arrangement import machine_of
from airflow_sfn_ml.pictures.outline import CATCH, Node, Outline, outline
from airflow_sfn_ml.pictures.plain import plain
from airflow_sfn_ml.pictures.style import LIGHT
from airflow_sfn_ml.pictures.text import GLYPHS

_SPECIAL = re.compile(r'["<>&#`{}\[\]|\\%@*;~]|[.+\-](?= )|(?<=/)/|_(?=_)|(?<=_)_')


def to_mermaid(definition: asl.StateMachine | Mapping[str, object] | str, view: ExecutionView | None = None) -> str:
    """The picture of *definition* as the text of a Mermaid flowchart, with the status of *view* if one is given.

    :raises DefinitionError: the definition is not shaped like one.
    """
    return "\n".join(["flowchart TD", *_Writer().machine(outline(machine_of(definition), view), "    ")]) + "\n"


class _Writer:
    """Gives nodes their ids, and remembers which classes they need."""

    def __init__(self) -> None:
        self._count = 0
        self._classes: dict[StateStatus, list[str]] = {}

    def machine(self, whole: Outline, indent: str) -> Iterator[str]:
        yield from self._machine(whole, indent)
        for status, ids in self._classes.items():
            colours = f"fill:{LIGHT[f'{status.value}-tint']},stroke:{LIGHT[status.value]},color:{LIGHT['ink']}"
            yield f"{indent}classDef {status.value} {colours}"
            yield f"{indent}class {','.join(ids)} {status.value}"

    def _machine(self, machine: Outline, indent: str) -> Iterator[str]:
        ids = []
        for node in machine.nodes:
            self._count += 1
            ids.append(f"s{self._count}")
            yield from self._node(node, ids[-1], indent)
        for link in machine.links:
            source, target, label = ids[link.source], ids[link.target], _escaped(link.label)
            if link.family == CATCH:
                yield f'{indent}{source} -. "{label}" .-> {target}'
            else:
                yield f'{indent}{source} -- "{label}" --> {target}' if label else f"{indent}{source} --> {target}"

    def _node(self, node: Node, name: str, indent: str) -> Iterator[str]:
        if not node.is_state:
            yield f'{indent}{name}(["{node.name}"])'
            return
        if node.status is not None:
            self._classes.setdefault(node.status, []).append(name)
        if not node.machines:
            opening, closing = _SHAPES.get(node.kind, ("[", "]"))
            yield f'{indent}{name}{opening}"{_caption(node)}"{closing}'
            return
        yield f'{indent}subgraph {name}["{_caption(node, " · ")}"]'
        for number, machine in enumerate(node.machines, 1):
            if len(node.machines) == 1:
                yield f"{indent}    direction TB"
                yield from self._machine(machine, indent + "    ")
                continue
            yield f'{indent}    subgraph {name}b{number}["branch {number}"]'
            yield f"{indent}        direction TB"
            yield from self._machine(machine, indent + "        ")
            yield f"{indent}    end"
        yield f"{indent}end"


_SHAPES = {"Choice": ("{{", "}}"), "Succeed": ("([", "])"), "Fail": ("([", "])")}


def _caption(node: Node, between: str = "<br/>") -> str:
    """The texts of a node. The title of a subgraph is given one line, because Mermaid keeps no room for more."""
    note = f"{GLYPHS[node.status]} {node.note}" if node.note else ""
    return between.join(_escaped(line) for line in (node.name, node.detail, note) if line)


def _escaped(text: str) -> str:
    """*text* for a quoted label: what Mermaid, Markdown or HTML could take for theirs becomes a character code.

    Two dollars would begin a formula even so; something invisible between them keeps them apart.
    """
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", plain(text)).replace("$$", "$\u200b$")
