"""How far right every item is: links as straight as possible, the order of the rows kept.

Rows are visited from the top and from the bottom in turn. Each item wants to stand where most of its links (by weight)
would run straight: the weighted median of what it is joined with; but the labels of a Choice stay above what they lead
to. Where two want the same place, they share the loss:
the positions nearest to all wishes that leave enough room are found exactly, by pooling neighbours that collide. At
last long links, which bend visibly, are straightened wherever the rows leave room.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from airflow_sfn_ml.pictures.grid import BOX, LABEL, MAIN, ONE_OF_MANY, Grid, Item
from airflow_sfn_ml.pictures.order import Rows

SWEEPS = 3
GAP = 28.0
NARROW_GAP = 12.0
YIELDING = 0.001
FIRMNESS = 4
Joined = list[list[tuple[int, float, int]]]
"""For each item: another one, how far right of that the item should be, and the weight of the wish."""


def columns(grid: Grid, rows: Rows) -> list[float]:
    """The middle of every item."""
    above: Joined = [[] for _ in grid.items]
    below: Joined = [[] for _ in grid.items]
    for segment in grid.segments:
        shift = (segment.upper_lane or 0.0) - (segment.lower_lane or 0.0)
        above[segment.lower].append((segment.upper, shift, segment.weight))
        below[segment.upper].append((segment.lower, -shift, segment.weight))
    follow = [below[item] if _is_above_its_box(item, grid, below) else above[item] for item in range(len(grid.items))]
    thin = [item.kind != BOX for item in grid.items]
    places = [0.0] * len(grid.items)
    offsets = [_offsets([grid.items[item] for item in row]) for row in rows]
    for sweep in range(SWEEPS):
        joined = below if sweep % 2 else follow if sweep else above
        order = range(len(rows)) if sweep % 2 == 0 else range(len(rows) - 1, -1, -1)
        for number in order:
            _settle(rows[number], offsets[number], joined, thin, places)
    _straighten(grid, rows, offsets, above, below, places)
    return places


def _is_above_its_box(item: int, grid: Grid, below: Joined) -> bool:
    """Whether *item* is the label of one of several ways of a Choice, right above the box that it leads to."""
    if grid.items[item].kind != LABEL:
        return False
    other, _, weight = below[item][0]
    return weight == ONE_OF_MANY and grid.items[other].kind == BOX


Offsets = Sequence[Sequence[float]]


def gap(left: Item, right: Item) -> float:
    """How much room must be between two neighbours."""
    return GAP if left.kind == BOX and right.kind == BOX else NARROW_GAP


def _offsets(row: Sequence[Item]) -> list[float]:
    """Where the items of a row would be if it were packed, the first at 0."""
    offsets = [0.0]
    for left, right in pairwise(row):
        offsets.append(offsets[-1] + left.right + gap(left, right) + right.left)
    return offsets


def _settle(
    row: Sequence[int], offsets: Sequence[float], joined: Joined, thin: Sequence[bool], places: list[float]
) -> None:
    """Give the items of a row their places. Links at its ends give way: there is room outside."""
    wishes, weights = [], []
    for item in row:
        near = joined[item]
        if len(near) == 1:
            wishes.append(places[near[0][0]] + near[0][1])
            weights.append(float(near[0][2] ** FIRMNESS))
        elif near:
            wishes.append(median([(places[other] + shift, weight) for other, shift, weight in near]))
            weights.append(float(max(weight for _, _, weight in near) ** FIRMNESS))
        else:
            wishes.append(places[item])
            weights.append(0.01)
    for end in (0, -1):
        if thin[row[end]] and weights[end] < MAIN**FIRMNESS:
            weights[end] *= YIELDING
    for item, place in zip(row, spread(wishes, weights, offsets), strict=True):
        places[item] = place


def median(points: list[tuple[float, int]]) -> float:
    """The weighted median; the mean of the two in the middle where both are."""
    points.sort()
    half = sum(weight for _, weight in points) / 2
    total = 0
    for position, (point, weight) in enumerate(points):
        total += weight
        if total > half:
            return point
        if total == half:
            return (point + points[position + 1][0]) / 2
    return points[-1][0]


def spread(wishes: Sequence[float], weights: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """The places nearest to *wishes* (weighted least squares) that are at least as far apart as *offsets*.

    Less its offset, every place must be at least the one before it: that is isotonic regression, and pooling adjacent
    violators solves it in one pass.
    """
    if len(wishes) == 1:
        return [wishes[0]]
    pools: list[tuple[float, float, int]] = []
    for wish, weight, offset in zip(wishes, weights, offsets, strict=True):
        mean, total, count = wish - offset, weight, 1
        while pools and pools[-1][0] >= mean:
            other, other_total, other_count = pools.pop()
            mean = (mean * total + other * other_total) / (total + other_total)
            total, count = total + other_total, count + other_count
        pools.append((mean, total, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _straighten(grid: Grid, rows: Rows, offsets: Offsets, above: Joined, below: Joined, places: list[float]) -> None:
    """Give bends and labels that follow each other the same place, as far as the rows leave room for it.

    Those in the middle come first: what is further out can still go further.
    """
    home = {item: (number, position) for number, row in enumerate(rows) for position, item in enumerate(row)}
    thin = [item for item, kept in enumerate(grid.items) if kept.kind != BOX]
    middle = places[rows[0][0]] if rows else 0.0
    free = dict.fromkeys(sorted(thin, key=lambda item: (abs(places[item] - middle), item)))
    while free:
        item = next(iter(free))
        del free[item]
        run, room = [item], _room(item, home, rows, offsets, places)
        for joined, back in ((below, above), (above, below)):
            end: int | None = item
            while end is not None:
                end, room = _extended(end, joined, back, free, room, home, rows, offsets, places)
                if end is not None:
                    del free[end]
                    run.insert(0 if joined is above else len(run), end)
        ends = [places[other] + shift for other, shift, _ in (*above[run[0]][:1], *below[run[-1]][:1])]
        wish = median([(place, 1) for place in (*ends, *(places[item] for item in run))])
        for item in run:
            places[item] = min(max(wish, room[0]), room[1])


def _extended(
    end: int,
    joined: Joined,
    back: Joined,
    free: Mapping[int, None],
    room: tuple[float, float],
    home: Mapping[int, tuple[int, int]],
    rows: Rows,
    offsets: Offsets,
    places: Sequence[float],
) -> tuple[int | None, tuple[float, float]]:
    """The item that a run goes on with after *end*, and the room that it has then; None where it cannot go on."""
    item = _partner(end, joined)
    if item not in free or _partner(item, back) != end:
        return None, room
    left, right = _room(item, home, rows, offsets, places)
    both = max(left, room[0]), min(right, room[1])
    return (item, both) if both[0] <= both[1] + 1 else (None, room)


def _partner(item: int, joined: Joined) -> int:
    """What *item* is joined with most."""
    return max(joined[item], key=lambda wish: wish[2])[0]


def _room(
    item: int, home: Mapping[int, tuple[int, int]], rows: Rows, offsets: Offsets, places: Sequence[float]
) -> tuple[float, float]:
    """Between which places *item* may stand while its neighbours stay."""
    number, position = home[item]
    row, apart = rows[number], offsets[number]
    low, high = float("-inf"), float("inf")
    if position:
        low = places[row[position - 1]] + apart[position] - apart[position - 1]
    if position + 1 < len(row):
        high = places[row[position + 1]] - (apart[position + 1] - apart[position])
    return low, high
