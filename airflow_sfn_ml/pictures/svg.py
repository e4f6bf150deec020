"""Write a drawing as SVG, which needs nothing else: no script, no font, no network.

Each state is a group with an id, ``data-state``, ``data-type`` and ``data-status``, so that a page can find it; it has
a tool tip, can be reached with the tab key and tells a screen reader what it is, what became of it and where it leads.
The lines are left out for screen readers, because the states say the same in words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from urllib.parse import quote, urlsplit

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView, StateStatus
from airflow_sfn_ml.pictures.arrangement import LABEL_PADDING, LINE_HEIGHT, TEXT_LEFT, TEXT_RIGHT, arrange, machine_of
from airflow_sfn_ml.pictures.curves import curve, tip
from airflow_sfn_ml.pictures.drawing import Box, Drawing, Line
from airflow_sfn_ml.pictures.outline import CATCH, Node, Outline, outline, summary
from airflow_sfn_ml.pictures.style import RETRY_GLYPH, STATUS_GLYPHS, STYLE, TYPE_GLYPHS

MARGIN = 20.0
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SOLID = (StateStatus.RUNNING, StateStatus.ABORTED)


def to_svg(
    definition: asl.StateMachine | Mapping[str, object] | str,
    view: ExecutionView | None = None,
    *,
    links: Mapping[str, str] | None = None,
) -> str:
    """The picture of *definition* as an SVG element, with the status of *view* if one is given.

    :param links: an address by the name of a state, for its box. One that is not of http(s) or relative is left out.
    :raises DefinitionError: the definition is not shaped like one.
    """
    machine = outline(machine_of(definition), view)
    return _Writer(links or {}).document(machine, arrange(machine), view)


def clean(text: str) -> str:
    """*text* for XML: escaped, and without the characters that XML cannot hold."""
    return escape(_NOT_IN_XML.sub("\ufffd", text))


class _Writer:
    def __init__(self, links: Mapping[str, str]) -> None:
        self._links = {name: address for name, address in links.items() if _harmless(address)}
        self._ids: Counter[str] = Counter()

    def document(self, machine: Outline, drawing: Drawing, view: ExecutionView | None) -> str:
        width, height = drawing.width + 2 * MARGIN, drawing.height + 2 * MARGIN
        seen = ' class="seen"' if view is not None else ""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="sfn-picture" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="graphics-document document" '
            f'aria-label="{clean(summary(machine, view))}">',
            f"<style>\n{STYLE}</style>",
            f'<g{seen} transform="translate({MARGIN:g} {MARGIN:g})">',
            *self._drawing(drawing),
            "</g>",
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _drawing(self, drawing: Drawing) -> Iterator[str]:
        if drawing.lines:
            yield '<g aria-hidden="true">'
            ordered = sorted(drawing.lines, key=lambda line: line.link.taken)
            for line in ordered:
                yield from _line(line)
            for line in ordered:
                yield from _label(line)
            yield "</g>"
        for box, ways in zip(drawing.boxes, _ways(drawing), strict=True):
            yield from self._box(box, ways) if box.node.is_state else _terminal(box)

    def _box(self, box: Box, ways: Sequence[str]) -> Iterator[str]:
        node = box.node
        status = "static" if node.status is None else node.status.value
        address = self._links.get(node.name)
        role = "graphics-object group" if box.panels or address else "graphics-symbol img"
        shown = "" if node.status is None else f' data-status="{status}"'
        focus = "" if address else ' tabindex="0"'
        yield (
            f'<g id="{self._id(node.name)}" class="s-{status}" data-state="{clean(node.name)}" data-type="{node.kind}"'
            f'{shown} role="{role}"{focus} '
            f'aria-label="{clean(_spoken(node, ways))}" transform="translate({box.x:g} {box.y:g})">'
        )
        yield f"<title>{clean(_tooltip(node))}</title>"
        if address:
            yield f'<a href="{clean(address)}" target="_blank" rel="noopener">'
        yield from _card(box)
        if address:
            yield "</a>"
        for panel in box.panels:
            if node.kind == "Map":
                yield _rect("panel", panel.x + 5, panel.y + 5, panel.width, panel.height, 8)
            yield _rect("panel", panel.x, panel.y, panel.width, panel.height, 8)
            yield f'<g class="inner" transform="translate({panel.x + panel.inset_x:g} {panel.y + panel.inset_y:g})">'
            yield from self._drawing(panel.drawing)
            yield "</g>"
        yield "</g>"

    def _id(self, name: str) -> str:
        """An id for the state; names are unique in a definition that AWS accepts, but not in every one."""
        stem = "state-" + quote(_NOT_IN_XML.sub("\ufffd", name), safe="")
        self._ids[stem] += 1
        return stem if self._ids[stem] == 1 else f"{stem}:{self._ids[stem]}"


def _card(box: Box) -> Iterator[str]:
    """The box itself and its texts."""
    node = box.node
    yield _rect("frame", 0, 0, box.width, box.height, 8)
    yield f'<path class="glyph" transform="translate(11 9)" d="{TYPE_GLYPHS[node.kind]}"/>'
    yield f'<text class="name" x="{TEXT_LEFT:g}" y="21">{clean(box.name)}</text>'
    if node.retries:
        x = box.width - TEXT_RIGHT - 10
        yield f'<path class="glyph soft" transform="translate({x:g} 11)" d="{RETRY_GLYPH}"/>'
    yield f'<text x="{TEXT_LEFT:g}" y="{21 + LINE_HEIGHT:g}">{clean(box.detail)}</text>'
    if node.status is None:
        return
    y = 21 + 2 * LINE_HEIGHT
    solid = " solid" if node.status in _SOLID else ""
    glyph = STATUS_GLYPHS[node.status]
    yield f'<path class="glyph pulse{solid}" transform="translate({TEXT_LEFT:g} {y - 10:g})" d="{glyph}"/>'
    yield f'<text class="note" x="{TEXT_LEFT + LINE_HEIGHT:g}" y="{y:g}">{clean(box.note)}</text>'
    yield from _tally(box, y + 8)


def _tally(box: Box, y: float) -> Iterator[str]:
    """The iterations of a Map as a bar."""
    total = sum(count for _, count in box.node.tally)
    x, room = TEXT_LEFT, box.width - TEXT_LEFT - TEXT_RIGHT
    for status, count in box.node.tally:
        width = room * count / total
        kind = "rest" if status is StateStatus.NOT_ENTERED else "bar"
        rect = f'<rect class="{kind}" x="{x:.1f}" y="{y:g}" width="{width:.1f}" height="5"/>'
        yield f'<g class="s-{status.value}">{rect}</g>'
        x += width


def _terminal(box: Box) -> Iterator[str]:
    yield f'<g aria-hidden="true" transform="translate({box.x:g} {box.y:g})">'
    yield _rect("terminal", 0, 0, box.width, box.height, box.height / 2)
    yield f'<text class="terminal-name" x="{box.width / 2:g}" y="{box.height / 2 + 4:g}">{box.name}</text>'
    yield "</g>"


def _line(line: Line) -> Iterator[str]:
    kind = _classes(line)
    yield f'<path class="link{kind}" d="{curve(line.stem)}"/>'
    if line.stem == line.points:
        yield f'<path class="tip{kind}" d="{tip(line.points)}"/>'


def _label(line: Line) -> Iterator[str]:
    if line.label is not None:
        label = line.label
        kind = "label beside" if line.link.back else "label"
        x = label.x + (LABEL_PADDING if line.link.back else label.width / 2)
        y = label.y + label.height / 2 + 4
        title = f"<title>{clean(line.link.label)}</title>" if label.text != line.link.label else ""
        yield f'<text class="{kind}{_classes(line)}" x="{x:g}" y="{y:g}">{title}{clean(label.text)}</text>'


def _classes(line: Line) -> str:
    return " catch" * (line.link.family == CATCH) + " taken" * line.link.taken


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: float) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _tooltip(node: Node) -> str:
    lines = [node.name, node.detail, node.note, *node.facts]
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _spoken(node: Node, ways: Sequence[str]) -> str:
    """What a screen reader says: what the state is, its status, and where it leads."""
    words = [node.name, node.detail if node.detail.startswith(node.kind) else f"{node.kind} {node.detail}"]
    if node.note:
        words.append(node.note.replace(" · ", ", "))
    return ". ".join([*words, *ways])


def _ways(drawing: Drawing) -> list[list[str]]:
    """For each box where it leads, in words."""
    ways: list[list[str]] = [[] for _ in drawing.boxes]
    for line in drawing.lines:
        target = drawing.boxes[line.link.target].node.name
        when = "On" if line.link.family == CATCH else "If"
        ways[line.link.source].append(f"{when} {line.link.label}: {target}" if line.link.label else f"Next: {target}")
    return ways


def _harmless(address: str) -> bool:
    """Whether an address leads to a page, and does not run something."""
    try:
        return urlsplit(address.strip()).scheme.lower() in ("", "http", "https")
    except ValueError:
        return False
