"""Where links leave and enter boxes.

Below and above a box they choose the place that keeps them straight, as far as its width allows. Those that close a
loop use the lanes at its right side; a lane moves further right where that makes it straight and nothing else is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from airflow_sfn_ml.pictures.columns import median, spread
from airflow_sfn_ml.pictures.grid import BOX, LANE, Grid, Trunk
from airflow_sfn_ml.pictures.order import Rows

PORT = 16.0
"""How far apart links leave a box."""
CORNER = 16.0
"""How far from a box's corners they keep."""
CLEARANCE = 10.0
SIDE = 0.36
"""Links that go up leave in this share of a box's side, at its top; those that come from below enter at its end."""
LOOP = 0.12
"""Links from a box to itself keep this near to the middle, so that they cross neither."""

Groups = Mapping[int, Sequence[Sequence[int]]]
"""By box: the segments that use its ports, those together that share one."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ends of all segments.

    :param uppers, lowers: where each begins and ends.
    :param out, into: for a segment that ends (or begins) at the side of its lower (or upper) box: at which height, as a
        share of the side.
    """

    uppers: tuple[int, ...]
    lowers: tuple[int, ...]
    out: Mapping[int, float]
    into: Mapping[int, float]


def ports(grid: Grid, rows: Rows, places: Sequence[float]) -> Ports:
    """The ports of all segments of *grid*, whose items stand at *places*."""
    uppers = [places[segment.upper] + (segment.upper_lane or 0.0) for segment in grid.segments]
    lowers = [places[segment.lower] + (segment.lower_lane or 0.0) for segment in grid.segments]
    limits = _limits(grid, rows, places)
    weights = [segment.weight for segment in grid.segments]
    out: dict[int, float] = {}
    for box, groups in _leaving_at_side(grid).items():
        ordered = sorted(groups, key=lambda group: uppers[group[0]])
        wishes = [uppers[group[0]] for group in ordered]
        for position, (group, x) in enumerate(zip(ordered, _lanes(grid, places, limits, box, wishes), strict=True)):
            lowers[group[0]] = x
            out[group[0]] = SIDE * (position + 1) / (len(ordered) + 1)
    into: dict[int, float] = {}
    for box, groups in _entering_at_side(grid).items():
        means = {id(group): median([(lowers[number], weights[number]) for number in group]) for group in groups}
        ordered = sorted(groups, key=lambda group: means[id(group)])
        wishes = [means[id(group)] for group in ordered]
        for position, (group, x) in enumerate(zip(ordered, _lanes(grid, places, limits, box, wishes), strict=True)):
            for number in group:
                uppers[number] = x
                into[number] = 1 - SIDE * (position + 1) / (len(ordered) + 1)
    _below(grid, places, uppers, lowers)
    _above(grid, places, uppers, lowers)
    return Ports(tuple(map(round, uppers)), tuple(map(round, lowers)), out, into)


def _leaving_at_side(grid: Grid) -> Groups:
    found: dict[int, list[list[int]]] = {}
    for number, segment in enumerate(grid.segments):
        if segment.lower_lane is not None:
            found.setdefault(segment.lower, []).append([number])
    return found


def _entering_at_side(grid: Grid) -> Groups:
    found: dict[int, dict[Trunk, list[int]]] = {}
    for number, segment in enumerate(grid.segments):
        if segment.upper_lane is not None:
            found.setdefault(segment.upper, {}).setdefault(segment.net[0], []).append(number)
    return {box: list(groups.values()) for box, groups in found.items()}


def _limits(grid: Grid, rows: Rows, places: Sequence[float]) -> dict[int, float]:
    """For each box how far right its lanes may go: to its neighbour, or as far as it has kept room."""
    limits = {}
    for row in rows:
        for position, item in enumerate(row):
            if grid.items[item].kind != BOX:
                continue
            limits[item] = places[item] + grid.items[item].right
            if position + 1 == len(row) and not grid.lanes[item].loops:
                limits[item] = float("inf")
            elif not grid.lanes[item].loops:
                other = row[position + 1]
                limits[item] = max(limits[item], places[other] - grid.items[other].left - CLEARANCE)
    return limits


def _lanes(
    grid: Grid, places: Sequence[float], limits: Mapping[int, float], box: int, wishes: Sequence[float]
) -> list[float]:
    """The lanes of links that would like to go up (or down) at *wishes*, in rising order."""
    x = places[box] + grid.items[box].left
    lanes = []
    for position, wish in enumerate(wishes):
        limit = limits[box] - LANE * (len(wishes) - 1 - position)
        x = max(x + LANE, min(wish, limit))
        lanes.append(x)
    return lanes


def _below(grid: Grid, places: Sequence[float], uppers: list[float], lowers: Sequence[float]) -> None:
    """Give the segments that leave a box below their ports: each its own."""
    found: dict[int, list[int]] = {}
    for number, segment in enumerate(grid.segments):
        if grid.items[segment.upper].kind == BOX and segment.upper_lane is None:
            found.setdefault(segment.upper, []).append(number)
    for box, numbers in found.items():
        numbers.sort(key=lowers.__getitem__)
        wishes = [lowers[number] for number in numbers]
        for number, port in zip(numbers, _edge(places[box], grid.items[box].left, wishes), strict=True):
            uppers[number] = port


def _above(grid: Grid, places: Sequence[float], uppers: Sequence[float], lowers: list[float]) -> None:
    """Give the segments that enter a box above their ports: one for each trunk."""
    found: dict[int, dict[Trunk, list[int]]] = {}
    for number, segment in enumerate(grid.segments):
        if grid.items[segment.lower].kind == BOX and segment.lower_lane is None:
            found.setdefault(segment.lower, {}).setdefault(segment.net[0], []).append(number)
    for box, trunks in found.items():
        wishes = []
        for trunk, numbers in trunks.items():
            wishes.append((median([(uppers[number], grid.segments[number].weight) for number in numbers]), trunk))
        wishes.sort()
        edge = _edge(places[box], grid.items[box].left, [wish for wish, _ in wishes])
        for (_, trunk), port in zip(wishes, edge, strict=True):
            for number in trunks[trunk]:
                lowers[number] = port


def _edge(middle: float, half: float, wishes: Sequence[float]) -> list[float]:
    """Places on a box's edge for links that would like to be at *wishes*, in rising order."""
    room = max(half - CORNER, 0.0)
    step = min(PORT, 2 * room / max(len(wishes) - 1, 1))
    offsets = [step * position for position in range(len(wishes))]
    low, high = middle - room, middle + room - offsets[-1]
    bounded = [min(max(wish - offset, low), high) + offset for wish, offset in zip(wishes, offsets, strict=True)]
    return spread(bounded, [1.0] * len(bounded), offsets)
