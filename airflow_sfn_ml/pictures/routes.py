"""How far down every row is, and along which points every link runs.

Links run down, across and down again. Between two rows, those that run across get horizontal tracks, as few as do
without overlaps: of those that go right the rightmost is the topmost, of those that go left the leftmost, so that they
do not cross when they need not. The more tracks there are, the further apart are the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airflow_sfn_ml.pictures.drawing import Point
from airflow_sfn_ml.pictures.grid import BOX, Grid, Segment, Trunk
from airflow_sfn_ml.pictures.order import Rows
from airflow_sfn_ml.pictures.ports import LOOP, ports
from airflow_sfn_ml.pictures.tracks import Net, tracks

TRACK = 12.0
HEADROOM = 44.0
"""Links at the right side of a box stay within this height: in a container, beside its title."""
JOIN = 8.0


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one link from source to target.

    :param stem: as far as it runs alone: the same as *points*, or to where it joins a trunk that another link draws.
    """

    points: tuple[Point, ...]
    stem: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Routes:
    """All of a grid.

    :param tops: where every item begins.
    :param routes: the way of each link.
    """

    tops: tuple[float, ...]
    routes: tuple[Route, ...]
    height: float


def route(
    grid: Grid, rows: Rows, places: Sequence[float], first_drawn: Sequence[int], labels: Sequence[float]
) -> Routes:
    """The routes of *grid*, whose links share their trunks in the order of *first_drawn*."""
    router = _Router(grid, rows, places, labels)
    made: dict[int, Route] = {}
    for link in first_drawn:
        made[link] = router.route(link)
    return Routes(tuple(router.tops), tuple(made[link] for link in range(len(grid.begins))), router.height)


class _Router:
    def __init__(self, grid: Grid, rows: Rows, places: Sequence[float], labels: Sequence[float]) -> None:
        self._grid = grid
        self._places = places
        self._labels = labels
        self._ports = ports(grid, rows, places)
        self._row_of = {item: number for number, row in enumerate(rows) for item in row}
        self._across: dict[int, float] = {}
        self._bottoms: list[float] = []
        self._ways: dict[int, tuple[Point, ...]] = {}
        self._covered: dict[tuple[Trunk, int], tuple[float, float]] = {}
        self.tops = [0.0] * len(grid.items)
        self.height = self._descend(rows)

    def _descend(self, rows: Rows) -> float:
        """Give every row its height and every segment that runs across its track; the height of all."""
        between: list[list[int]] = [[] for _ in rows]
        for number, segment in enumerate(self._grid.segments):
            between[self._row_of[segment.upper]].append(number)
        y = 0.0
        for number, row in enumerate(rows):
            for item in row:
                self.tops[item] = y
            y += max((self._grid.items[item].height for item in row), default=0.0)
            self._bottoms.append(y)
            if number + 1 < len(rows):
                above = any(self._grid.items[item].kind == BOX for item in row)
                below = any(self._grid.items[item].kind == BOX for item in rows[number + 1])
                y = self._cross(between[number], y, 14.0 if above else 8.0, 22.0 if below else 8.0)
        return y

    def _cross(self, segments: Sequence[int], y: float, above: float, below: float) -> float:
        """Give the segments of a gap that begins at *y* their tracks; where the gap ends."""
        spokes: dict[object, list[int]] = {}
        for number in segments:
            spokes.setdefault(self._grid.segments[number].net, []).append(number)
        nets = [self._net(numbers) for numbers in spokes.values()]
        used = 0
        for numbers, track in zip(spokes.values(), tracks(nets), strict=True):
            if track is None:
                continue
            used = max(used, track + 1)
            for number in numbers:
                self._across[number] = y + above + track * TRACK
        return y + above + max(used - 1, 0) * TRACK + below

    def _net(self, numbers: Sequence[int]) -> Net:
        uppers = [self._ports.uppers[number] for number in numbers]
        lowers = [self._ports.lowers[number] for number in numbers]
        return Net(tuple(uppers), tuple(lowers))

    def route(self, link: int) -> Route:
        """The way of *link*; what others have drawn already, it does not draw again."""
        begin = self._grid.begins[link]
        if begin is None:
            loop = self._loop(link)
            return Route(loop, loop)
        points = self._way(begin)
        stem: list[Point] = []
        number: int | None = begin
        while number is not None:
            net = self._grid.segments[number].net
            if net in self._covered:
                stem += self._joining(number)
                return Route(points, _simple(stem))
            ends = self._ports.uppers[number], self._ports.lowers[number]
            self._covered[net] = (min(ends), max(ends))
            stem += self._piece(number)
            number = self._grid.onward[number]
        return Route(points, points)

    def _joining(self, number: int) -> list[Point]:
        """A segment as far as nobody has drawn it, with a little turn into the line that goes on from there."""
        start, across, end = self._parts(number)
        if not across:
            return [*start, *end]
        (near, y), (hub, _) = across
        net = self._grid.segments[number].net
        low, high = self._covered[net]
        self._covered[net] = (min(low, near), max(high, near))
        meets = min(max(near, low), high)
        turn = min(JOIN, abs(hub - meets))
        return [*start, (near, y), (meets + (turn if hub > meets else -turn), y)]

    def _way(self, begin: int) -> tuple[Point, ...]:
        """All points from the source's end of a segment to the target."""
        pending = []
        number: int | None = begin
        while number is not None and number not in self._ways:
            pending.append(number)
            number = self._grid.onward[number]
        way = () if number is None else self._ways[number]
        for number in reversed(pending):
            way = self._ways[number] = _simple([*self._piece(number), *way])
        return way

    def _piece(self, number: int) -> list[Point]:
        """The points of a segment, on the way from source to target."""
        start, across, end = self._parts(number)
        return [*start, *across, *end]

    def _parts(self, number: int) -> tuple[list[Point], list[Point], list[Point]]:
        """Where a segment begins, where it runs across and where it ends, on the way from source to target."""
        segment = self._grid.segments[number]
        upper, lower = self._ports.uppers[number], self._ports.lowers[number]
        y = self._across.get(number)
        across: list[Point] = [] if y is None else [(upper, y), (lower, y)]
        begin, end = self._begin(number, segment, upper), self._end(number, segment, lower)
        return (end[::-1], across[::-1], begin[::-1]) if segment.net[0].back else (begin, across, end)

    def _begin(self, number: int, segment: Segment, x: float) -> list[Point]:
        item = self._grid.items[segment.upper]
        if item.kind != BOX:
            return [(x, self._bottoms[self._row_of[segment.upper]])]
        if segment.upper_lane is None:
            return [(x, self.tops[segment.upper] + item.height)]
        y = self.tops[segment.upper] + self._side(segment.upper, self._ports.into[number])
        return [(self._right(segment.upper), y), (x, y)]

    def _end(self, number: int, segment: Segment, x: float) -> list[Point]:
        if segment.lower_lane is None:
            return [(x, self.tops[segment.lower])]
        y = self.tops[segment.lower] + self._side(segment.lower, self._ports.out[number])
        return [(x, y), (self._right(segment.lower), y)]

    def _side(self, box: int, share: float) -> float:
        return min(self._grid.items[box].height, HEADROOM) * share

    def _right(self, box: int) -> float:
        return self._places[box] + self._grid.items[box].left

    def _loop(self, link: int) -> tuple[Point, ...]:
        """The way from a box to itself."""
        box, lanes = next((box, lanes) for box, lanes in enumerate(self._grid.lanes) if link in lanes.loops)
        position = lanes.loops.index(link)
        right, top = self._right(box), self.tops[box]
        x = right + lanes.loop_offsets(self._labels)[position]
        half = (LOOP if lanes.out or lanes.into else 2 * LOOP) * (position + 1) / len(lanes.loops)
        upper, lower = top + self._side(box, 0.5 - half), top + self._side(box, 0.5 + half)
        return ((right, upper), (x, upper), (x, lower), (right, lower))


def _simple(points: Sequence[Point]) -> tuple[Point, ...]:
    """The same way without points in the middle of a straight stretch."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return tuple(kept)
