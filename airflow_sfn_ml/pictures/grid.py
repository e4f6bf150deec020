"""From an outline to a grid: which row every box is in, and what else needs room there.

A box is in the row below the lowest of those that lead to it (longest path; links that close a loop do not count). What
a link needs on its way also takes part, so that nothing is ever drawn across something else: its label is an item in a
row of its own between two rows of boxes, and where it passes a row it leaves a bend. Links of one family to the same
box share their bends and become one trunk.

A link that closes a loop is laid from its target down to its source, and leaves and enters boxes at their right side:
each box keeps lanes there for those.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from airflow_sfn_ml.pictures.outline import CATCH, Link, Outline

LANE = 16.0
BOX, LABEL, BEND = "box", "label", "bend"
LABEL_HEIGHT = 20.0
BESIDE = 2.0
LONG, MAIN, ONE_OF_MANY, ASIDE = 4, 8, 3, 1


class Trunk(NamedTuple):
    """Links that come together: those of one family to the same node, and of those the ones that close a loop."""

    target: int
    family: str
    back: bool


def trunk_of(link: Link) -> Trunk:
    """The trunk that *link* is part of."""
    return Trunk(link.target, link.family, link.back)


class Item(NamedTuple):
    """Something that takes room in a row: from *left* of its middle line to *right* of it."""

    kind: str
    left: float = 0.0
    right: float = 0.0
    height: float = 0.0


class Segment(NamedTuple):
    """A piece of a link from an item to one in the next row.

    :param net: what may share a horizontal line with it.
    :param upper_lane, lower_lane: how far right of the item's middle it must join; None where it may choose.
    """

    upper: int
    lower: int
    weight: int
    net: tuple[Trunk, int]
    upper_lane: float | None = None
    lower_lane: float | None = None


@dataclass(frozen=True, slots=True)
class Lanes:
    """The right side of a box: which links leave there, which trunks enter, innermost first, and its own loops."""

    out: tuple[int, ...] = ()
    into: tuple[Trunk, ...] = ()
    loops: tuple[int, ...] = ()

    def offset(self, position: int) -> float:
        """How far right of the box's side a lane is."""
        return LANE * (position + 1)

    def loop_offsets(self, labels: Sequence[float]) -> list[float]:
        """The lanes of the links from the box to itself, which also have their *labels* there; then where they end."""
        offsets = [self.offset(max(len(self.out), len(self.into)))]
        for number in self.loops:
            offsets.append(offsets[-1] + LANE + (labels[number] + 4 if labels[number] else 0))
        return offsets


@dataclass(frozen=True, slots=True)
class Grid:
    """Items 0 to n-1 are the outline's nodes.

    :param rows: items by row, in the order in which they were met.
    :param begins: for each link the segment at its source; None for a link from a box to itself.
    :param onward: for each segment the next one on the way to the target; None for the last.
    :param labels: the item that holds a link's label.
    """

    items: tuple[Item, ...]
    rows: tuple[tuple[int, ...], ...]
    segments: tuple[Segment, ...]
    begins: tuple[int | None, ...]
    onward: tuple[int | None, ...]
    labels: dict[int, int]
    lanes: tuple[Lanes, ...]


def ranks(outline: Outline) -> list[int]:
    """How far down every node is: one more than the lowest of those that lead to it."""
    links = [link for link in outline.links if not link.back]
    waiting = [0] * len(outline.nodes)
    outgoing: list[list[int]] = [[] for _ in outline.nodes]
    for link in links:
        waiting[link.target] += 1
        outgoing[link.source].append(link.target)
    rank = [int(position != outline.first) for position in range(len(waiting))]
    ready = [node for node, count in enumerate(waiting) if not count]
    for node in ready:
        for target in outgoing[node]:
            rank[target] = max(rank[target], rank[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return rank


def build(outline: Outline, sizes: Sequence[tuple[float, float]], labels: Sequence[float]) -> Grid:
    """The grid of *outline*, whose boxes have these *sizes* and whose links' labels these widths."""
    return _Builder(outline, sizes, labels).grid()


class _Builder:
    def __init__(self, outline: Outline, sizes: Sequence[tuple[float, float]], labels: Sequence[float]) -> None:
        self._outline = outline
        self._widths = labels
        self._rank = ranks(outline)
        self._label_rows = {
            self._label_row(link)
            for link, wide in zip(outline.links, labels, strict=True)
            if wide and link.source != link.target
        }
        self._steps = Counter(link.source for link in outline.links if self._is_step(link))
        self._lanes = _lanes(outline.links, len(sizes))
        self._items: list[Item] = []
        self._row_of: list[int] = []
        for node, (wide, high) in enumerate(sizes):
            right = wide / 2 + self._lanes[node].loop_offsets(labels)[-1] - LANE
            self._add(Item(BOX, wide / 2, right, high), 2 * self._rank[node])
        self._half = [wide / 2 for wide, _ in sizes]
        self._bends: dict[tuple[Trunk, int], int] = {}
        self._segments: list[Segment] = []
        self._leaving: dict[int, int] = {}
        self._labels: dict[int, int] = {}

    def grid(self) -> Grid:
        begins = tuple(self._route(number, link) for number, link in enumerate(self._outline.links))
        onward = tuple(self._leaving.get(self._far_end(segment)) for segment in self._segments)
        numbers = {row: position for position, row in enumerate(sorted(set(self._row_of)))}
        rows: list[list[int]] = [[] for _ in numbers]
        for item in _met(self._outline.first, self._items, self._segments):
            rows[numbers[self._row_of[item]]].append(item)
        return Grid(
            tuple(self._items),
            tuple(map(tuple, rows)),
            tuple(self._segments),
            begins,
            onward,
            self._labels,
            tuple(self._lanes),
        )

    def _add(self, item: Item, row: int) -> int:
        self._items.append(item)
        self._row_of.append(row)
        return len(self._items) - 1

    def _label_row(self, link: Link) -> int:
        return 2 * self._rank[link.source] + (-1 if link.back else 1)

    def _route(self, number: int, link: Link) -> int | None:
        """Lay a link from its source until it meets its trunk or its target; its first segment."""
        if link.source == link.target:
            return None
        trunk = trunk_of(link)
        step = -1 if link.back else 1
        first, here = len(self._segments), link.source
        for row in range(2 * self._rank[link.source] + step, 2 * self._rank[link.target], step):
            if self._widths[number] and row == self._label_row(link):
                there = self._labels[number] = self._add(_label(link, self._widths[number]), row)
            elif row % 2 == 0 or row in self._label_rows:
                met = self._bends.get((trunk, row))
                if met is not None:
                    self._segment(number, link, here, met)
                    return first
                there = self._bends[trunk, row] = self._add(Item(BEND), row)
            else:
                continue
            self._segment(number, link, here, there)
            here = there
        self._segment(number, link, here, link.target)
        return first

    def _segment(self, number: int, link: Link, here: int, there: int) -> None:
        """Add the segment of a link that comes from one item and goes to another."""
        trunk = trunk_of(link)
        weight = self._weight(link, self._items[here].kind, self._items[there].kind)
        if here >= len(self._half):
            self._leaving[here] = len(self._segments)
        if not link.back:
            self._segments.append(Segment(here, there, weight, (trunk, there)))
            return
        into = out = None
        if there == link.target:
            into = self._half[there] + self._lanes[there].offset(self._lanes[there].into.index(trunk))
        if here == link.source:
            out = self._half[here] + self._lanes[here].offset(self._lanes[here].out.index(number))
        self._segments.append(Segment(there, here, weight, (trunk, there), into, out))

    def _weight(self, link: Link, here: str, there: str) -> int:
        """How much a segment wants to be straight: the way when all goes well most, then long links, then the rest."""
        if here == there == BEND:
            return LONG
        if link.family == CATCH or link.back:
            return ASIDE
        return MAIN if self._steps[link.source] == 1 and self._is_step(link) else ONE_OF_MANY

    def _is_step(self, link: Link) -> bool:
        """Whether a link goes to the next row of boxes, as expected."""
        forward = link.family != CATCH and not link.back
        return forward and self._rank[link.target] == self._rank[link.source] + 1

    @staticmethod
    def _far_end(segment: Segment) -> int:
        return segment.upper if segment.net[0].back else segment.lower


def _label(link: Link, wide: float) -> Item:
    """The label of a link stands on it, that of one that closes a loop beside it, so that its lane can be straight."""
    return (
        Item(LABEL, BESIDE, BESIDE + wide, LABEL_HEIGHT) if link.back else Item(LABEL, wide / 2, wide / 2, LABEL_HEIGHT)
    )


def _lanes(links: Sequence[Link], count: int) -> list[Lanes]:
    lanes = [Lanes()] * count
    for number, link in enumerate(links):
        source = lanes[link.source]
        if link.source == link.target:
            lanes[link.source] = replace(source, loops=(*source.loops, number))
        elif link.back:
            lanes[link.source] = replace(source, out=(*source.out, number))
            target = lanes[link.target]
            into = dict.fromkeys((*target.into, trunk_of(link)))
            lanes[link.target] = replace(target, into=tuple(into))
    return lanes


def _met(first: int, items: Sequence[Item], segments: Sequence[Segment]) -> list[int]:
    """All items in the order of a walk down from *first* that goes along loops last, so that those lie at the right."""
    below: list[list[int]] = [[] for _ in items]
    loops: list[list[int]] = [[] for _ in items]
    for segment in segments:
        (loops if segment.net[0].back else below)[segment.upper].append(segment.lower)
    met: dict[int, None] = {}
    for ways in (below, [one + other for one, other in zip(below, loops, strict=True)]):
        for root in (first, *range(len(items))) if items else ():
            if root != first and ways is below:
                break
            stack = [root]
            while stack:
                item = stack.pop()
                if item not in met or item == root:
                    met[item] = None
                    stack.extend(other for other in reversed(ways[item]) if other not in met)
    return list(met)
