"""A machine with coordinates: what an SVG writer, or any other painter, needs to know.

Everything is in pixels, y grows downwards. A drawing's coordinates begin at its own upper left corner; so what is in a
panel is to be moved by the panel's place.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_sfn_ml.pictures.outline import Link, Node

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """The words on a line, in the middle of this rectangle."""

    text: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A link and its way.

    :param points: all of its way, from the edge of its source to the edge of its target.
    :param stem: as much of it as is to be drawn; the rest is a trunk that another line draws. Equal to *points* for the
        line that does, which also gets the arrowhead.
    """

    link: Link
    points: tuple[Point, ...]
    stem: tuple[Point, ...]
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """The place of an inner machine, beside the others of its state."""

    x: float
    y: float
    width: float
    height: float
    drawing: Drawing
    inset_x: float
    inset_y: float


@dataclass(frozen=True, slots=True)
class Box:
    """A node and its place; the texts are cut to fit."""

    node: Node
    x: float
    y: float
    width: float
    height: float
    name: str
    detail: str
    note: str
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """The boxes stand in the order of the outline's nodes, the lines in the order of its links."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
