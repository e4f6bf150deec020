"""In which order the items of a row stand: so that links cross each other as little as possible.

The order of a walk through the definition is kept where it is good enough. Otherwise rows are sorted by the mean place
of what their items are joined with (the barycentre), from the top and from the bottom in turn, and the best order seen
is taken.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from airflow_sfn_ml.pictures.grid import Grid

SWEEPS = 6
Rows = tuple[tuple[int, ...], ...]
Joined = list[list[tuple[int, float]]]
"""For each item what it is joined with in the row above (or below), and where there: lanes are right of the middle."""


def ordered(grid: Grid) -> Rows:
    """The rows of *grid* in a good order."""
    above: Joined = [[] for _ in grid.items]
    below: Joined = [[] for _ in grid.items]
    for segment in grid.segments:
        upper_place = 0.3 if segment.upper_lane else 0.0
        lower_place = 0.3 if segment.lower_lane else 0.0
        above[segment.lower].append((segment.upper, upper_place))
        below[segment.upper].append((segment.lower, lower_place))
    best, fewest = grid.rows, _crossings(grid.rows, above)
    rows, idle = best, 0
    for sweep in range(SWEEPS):
        if not fewest or idle == 2:
            break
        rows = _sorted(rows, above) if sweep % 2 == 0 else _sorted(rows[::-1], below)[::-1]
        count = _crossings(rows, above)
        idle = 0 if count < fewest else idle + 1
        if count < fewest:
            best, fewest = rows, count
    return best


def _sorted(rows: Rows, joined: Joined) -> Rows:
    """The rows, each sorted by what its items are joined with in the row before it."""
    places: dict[int, int] = {}
    result: list[tuple[int, ...]] = []
    for row in rows:
        if len(row) == 1:
            places = {row[0]: 0}
            result.append(row)
            continue
        keys = {}
        for place, item in enumerate(row):
            near = [places[other] + lane for other, lane in joined[item] if other in places]
            keys[item] = sum(near) / len(near) if near else float(place)
        row = tuple(sorted(row, key=keys.__getitem__))
        places = {item: place for place, item in enumerate(row)}
        result.append(row)
    return tuple(result)


def _crossings(rows: Rows, above: Joined) -> int:
    """How many pairs of segments cross each other."""
    total = 0
    places: dict[int, int] = {}
    for row in rows:
        seen: list[float] = []
        for item in row if len(row) > 1 else ():
            ends = sorted(places[other] + lane for other, lane in above[item])
            for end in ends:
                total += len(seen) - bisect_right(seen, end)
            _merge(seen, ends)
        places = {item: place for place, item in enumerate(row)}
    return total


def _merge(seen: list[float], more: Sequence[float]) -> None:
    seen.extend(more)
    seen.sort()
