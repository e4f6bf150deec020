"""The points of a line as the path of an SVG: with round corners, and an arrowhead at its end."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_sfn_ml.pictures.drawing import Point

RADIUS = 8.0
TIP_LENGTH = 8.0
TIP_HALF = 4.0


def curve(points: Sequence[Point]) -> str:
    """The path along *points*."""
    (x, y), *rest = points
    parts = [f"M{x:g} {y:g}"]
    before = (x, y)
    for position, point in enumerate(rest):
        if position == len(rest) - 1:
            parts.append(_straight(before, point))
            break
        after = rest[position + 1]
        last = position + 1 == len(rest) - 1
        radius = min(
            RADIUS, _length(before, point) / (1 if position == 0 else 2), _length(point, after) / (1 if last else 2)
        )
        begin, end = _towards(point, before, radius), _towards(point, after, radius)
        parts.append(f"{_straight(before, begin)}Q{point[0]:g} {point[1]:g} {end[0]:g} {end[1]:g}")
        before = end
    return "".join(parts)


def tip(points: Sequence[Point]) -> str:
    """The arrowhead at the last of *points*."""
    before, (x, y) = points[-2], points[-1]
    back_x, back_y = _towards((x, y), before, TIP_LENGTH)
    if back_x == x:
        return f"M{x:g} {y:g}L{x - TIP_HALF:g} {back_y:g}H{x + TIP_HALF:g}Z"
    return f"M{x:g} {y:g}L{back_x:g} {y - TIP_HALF:g}V{y + TIP_HALF:g}Z"


def _straight(before: Point, point: Point) -> str:
    if before == point:
        return ""
    return f"V{point[1]:g}" if before[0] == point[0] else f"H{point[0]:g}"


def _length(one: Point, other: Point) -> float:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(point: Point, other: Point, distance: float) -> Point:
    """The point at *distance* from *point* on the way to *other*; the way is straight up, down or across."""
    (x, y), (other_x, other_y) = point, other
    if x == other_x:
        return x, y + (distance if other_y > y else -distance)
    return x + (distance if other_x > x else -distance), y
