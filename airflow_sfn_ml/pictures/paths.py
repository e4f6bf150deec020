"""Which transitions close a loop, and which ones an execution certainly took.

The history tells which states were entered, not along which transition. So a transition counts as taken only where
nothing else explains what was seen: the only way out of a state that was left like that, or the only way into a state
that was entered. In doubt it does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from airflow_sfn_ml.history import StateStatus, StateView


class Step(NamedTuple):
    """A transition between two positions."""

    source: int
    target: int
    catch: bool
    back: bool


def back(count: int, links: Sequence[tuple[int, int]], first: int) -> frozenset[int]:
    """The positions of the *links* between *count* nodes that lead back to where one came from.

    They are the back edges of a search that goes down from *first* and takes links in their order; without them there
    are no loops.
    """
    outgoing: list[list[int]] = [[] for _ in range(count)]
    for position, (source, _) in enumerate(links):
        outgoing[source].append(position)
    found = set()
    new, open_, done = 0, 1, 2
    marks = [new] * count
    for root in (first, *range(count)) if count else ():
        if marks[root] != new:
            continue
        marks[root] = open_
        stack = [(root, iter(outgoing[root]))]
        while stack:
            node, ways = stack[-1]
            way = next(ways, None)
            if way is None:
                marks[node] = done
                stack.pop()
                continue
            target = links[way][1]
            if marks[target] == open_:
                found.add(way)
            elif marks[target] == new:
                marks[target] = open_
                stack.append((target, iter(outgoing[target])))
    return frozenset(found)


def taken(steps: Sequence[Step], views: Sequence[StateView]) -> frozenset[int]:
    """The positions of the *steps* that the execution took; nodes beyond *views* are Start and End."""
    possible = {position: step for position, step in enumerate(steps) if _possible(step, views)}
    ways_out = Counter((step.source, step.catch) for step in possible.values())
    ways_in = Counter((step.target, step.back) for step in possible.values())
    return frozenset(
        position
        for position, step in possible.items()
        if ways_out[step.source, step.catch] == 1 or ways_in[step.target, step.back] == 1
    )


def _possible(step: Step, views: Sequence[StateView]) -> bool:
    """Whether the execution may have gone this way."""
    if step.source < len(views):
        source = views[step.source]
        left = StateStatus.CAUGHT if step.catch else StateStatus.SUCCEEDED
        if source.status is not left and not source.outcomes.get(left):
            return False
    if step.target >= len(views):
        return True
    target = views[step.target]
    if target.status is StateStatus.NOT_ENTERED:
        return False
    return target.entered_count > 1 if step.back else True
