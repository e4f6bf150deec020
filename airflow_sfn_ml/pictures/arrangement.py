"""Give an outline its coordinates.

Because a link never leaves its machine, each machine is laid out alone, the inner ones first; a Parallel or Map is a
big box for the machine that it is in. Within a machine the steps are: rows (`grid`), the order in each row (`order`),
places in the rows (`columns`), ends of the links (`ports`), their ways (`routes`, `tracks`). The cost is about linear
in the number of states; only crossings and tracks are worse, and only in rows that are very wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.pictures import measure
from airflow_sfn_ml.pictures.columns import columns
from airflow_sfn_ml.pictures.drawing import Box, Drawing, Label, Line, Panel
from airflow_sfn_ml.pictures.grid import LABEL_HEIGHT, build
from airflow_sfn_ml.pictures.order import ordered
from airflow_sfn_ml.pictures.outline import Node, Outline, outline
from airflow_sfn_ml.pictures.routes import route

NAME_SIZE = 13.0
DETAIL_SIZE = 11.0
TEXT_LEFT = 36.0
TEXT_RIGHT = 14.0
TEXT_LIMIT = 260.0
LABEL_LIMIT = 190.0
LABEL_PADDING = 6.0
BOX_WIDTH = 150.0
LINE_HEIGHT = 16.0
TERMINAL = (64.0, 28.0)
PANEL_PADDING = 16.0
PANEL_GAP = 12.0
ROW_LIMIT = 1500.0
"""Branches that would make a Parallel wider than this go on in another row."""
TALLY_HEIGHT = 12.0


def layout(definition: asl.StateMachine | Mapping[str, object] | str, view: ExecutionView | None = None) -> Drawing:
    """The drawing of *definition*, with the status of *view* if one is given.

    :raises DefinitionError: the definition is not shaped like one.
    """
    return arrange(outline(machine_of(definition), view))


def machine_of(definition: asl.StateMachine | Mapping[str, object] | str) -> asl.StateMachine:
    """The machine that is given as a value, as a dict or as JSON text."""
    return definition if isinstance(definition, asl.StateMachine) else asl.parse(definition)


def arrange(machine: Outline) -> Drawing:
    """The drawing of an outline."""
    sized = [_sized(node) for node in machine.nodes]
    captions = [measure.cut_end(link.label, DETAIL_SIZE, LABEL_LIMIT) for link in machine.links]
    widths = [_even(measure.width(text, DETAIL_SIZE) + 2 * LABEL_PADDING) if text else 0.0 for text in captions]
    grid = build(machine, [(box.width, box.height) for box in sized], widths)
    rows = ordered(grid)
    places = columns(grid, rows)
    left = min((place - item.left for place, item in zip(places, grid.items, strict=True)), default=0.0)
    places = [float(round(place - left)) for place in places]
    first_drawn = sorted(range(len(machine.links)), key=lambda position: not machine.links[position].taken)
    routes = route(grid, rows, places, first_drawn, widths)
    boxes = tuple(
        _moved(box, places[position] - box.width / 2, routes.tops[position]) for position, box in enumerate(sized)
    )
    lines = []
    for position, link in enumerate(machine.links):
        way = routes.routes[position]
        label = None
        if position in grid.labels:
            item = grid.labels[position]
            x, y = places[item] + grid.items[item].right - widths[position], routes.tops[item]
            label = Label(captions[position], x, y, widths[position], LABEL_HEIGHT)
        elif captions[position]:
            (x, upper), (_, lower) = way.points[1:3]
            y = (upper + lower - LABEL_HEIGHT) / 2
            label = Label(captions[position], x + 2, y, widths[position], LABEL_HEIGHT)
        lines.append(Line(link, way.points, way.stem, label))
    width = max((place + item.right for place, item in zip(places, grid.items, strict=True)), default=0.0)
    return Drawing(float(ceil(width)), routes.height, boxes, tuple(lines))


def _moved(box: Box, x: float, y: float) -> Box:
    return Box(box.node, x, y, box.width, box.height, box.name, box.detail, box.note, box.panels)


def _sized(node: Node) -> Box:
    """The box of *node*, not yet in its place."""
    if not node.is_state:
        return Box(node, 0.0, 0.0, *TERMINAL, node.name, "", "")
    name = measure.cut_middle(node.name, NAME_SIZE * measure.BOLD, TEXT_LIMIT)
    detail = measure.cut_end(node.detail, DETAIL_SIZE, TEXT_LIMIT)
    note = measure.cut_end(node.note, DETAIL_SIZE, TEXT_LIMIT - LINE_HEIGHT)
    widest = max(
        measure.width(name, NAME_SIZE * measure.BOLD) + (LINE_HEIGHT if node.retries else 0.0),
        measure.width(detail, DETAIL_SIZE),
        measure.width(note, DETAIL_SIZE) + LINE_HEIGHT,
    )
    width = max(BOX_WIDTH, _even(TEXT_LEFT + widest + TEXT_RIGHT))
    height = 14.0 + LINE_HEIGHT * (3 if note else 2) + (TALLY_HEIGHT if node.tally else 0.0)
    if not node.machines:
        return Box(node, 0.0, 0.0, width, height, name, detail, note)
    drawings = [arrange(machine) for machine in node.machines]
    panels, right, bottom = _panels(drawings, height + 4.0)
    note = measure.cut_end(node.note, DETAIL_SIZE, max(TEXT_LIMIT, right - TEXT_LEFT - TEXT_RIGHT) - LINE_HEIGHT)
    slack = max(width - right, 0.0)
    if slack:
        panels = _stretched(panels, slack)
    return Box(node, 0.0, 0.0, max(width, right), bottom, name, detail, note, panels)


def _panels(drawings: list[Drawing], top: float) -> tuple[tuple[Panel, ...], float, float]:
    """The panels of a box side by side, with their tops in line; where their box ends, at the right and below.

    Those of one row are equally high. A row that would be too long goes on in the next.
    """
    rows: list[list[Drawing]] = [[]]
    used = 0.0
    for drawing in drawings:
        wide = _panel_width(drawing) + PANEL_GAP
        if rows[-1] and used + wide > ROW_LIMIT:
            rows.append([])
            used = 0.0
        rows[-1].append(drawing)
        used += wide
    panels = []
    y, right = top, 0.0
    for row in rows:
        height = max(drawing.height for drawing in row) + 2 * PANEL_PADDING
        x = PANEL_GAP
        for drawing in row:
            wide = _panel_width(drawing)
            panels.append(Panel(x, y, wide, height, drawing, (wide - drawing.width) // 2, PANEL_PADDING))
            x += wide + PANEL_GAP
        y += height + PANEL_GAP
        right = max(right, x)
    return tuple(panels), _even(right), y


def _panel_width(drawing: Drawing) -> float:
    return _even(drawing.width + 2 * PANEL_PADDING)


def _stretched(panels: tuple[Panel, ...], slack: float) -> tuple[Panel, ...]:
    """The panels of a single row, so much wider that together they fill a box that is wider than they are."""
    each = slack // len(panels)
    result = []
    for position, panel in enumerate(panels):
        x, wide = panel.x + each * position, panel.width + each
        result.append(
            Panel(x, panel.y, wide, panel.height, panel.drawing, (wide - panel.drawing.width) // 2, panel.inset_y)
        )
    return tuple(result)


def _even(length: float) -> float:
    """*length*, rounded up so that its half is whole too."""
    return 2.0 * ceil(length / 2)
