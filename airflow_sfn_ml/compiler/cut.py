"""Where to cut a set of tasks that splits neither side by side nor one after another, so that least is waited for.

A cut puts a barrier between an early part, which nothing late comes before, and the rest. Nested structures are as slow
as the sum of what is in sequence and the maximum of what is side by side, so the fastest structure of a set is found
from the fastest of its parts, whatever surrounds it. The number of parts is exponential, so the search is bounded:

* Candidates are the beginnings of a few orders in which the tasks could be done. For a beginning, no structure is
  faster than the longest way through it plus the longest way through the rest. Both follow from two numbers of each
  task, the longest ways up to it and from it on, so that one pass over an order weighs all of its beginnings.
* A cut near the middle decides most: with p of k tasks before it, H(p/k) bits for each task, where H is the entropy.
  What is left undecided needs cuts of its own, each with its own loss. So level 0 takes the candidate that loses least
  for what it decides. Taking simply the least bound peels off task after task, and the small losses add up.
* Level n tries several candidates, solving their parts on level n - 1, and skips whatever cannot beat what it has;
  most sets reach their longest way, below which nothing can be, on level 0 or 1.
* The work is counted, not timed, so that the same graph has the same structure on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from heapq import nsmallest
from itertools import accumulate
from math import log2
from typing import NamedTuple

from airflow_sfn_ml.compiler.graph import Graph, bits

Cost = tuple[int, int]
"""How long it takes, and how many dependencies are added; less is better in this order."""
WIDTH = (0, 6, 12, 24)
"""How many candidates each level tries."""
EFFORT = 30_000
"""How many tasks may be looked at beyond level 0, all sets together; ten microseconds each, at the most."""
FLAT = 0.15
"""What a cut is taken to lose in any case, as a share of the longest way, so that of good cuts the middle one wins."""
LARGE = 150
"""Sets with more tasks are ordered in two ways only."""
DEEPEST = 200
"""How deep parts are split again; what is left then is done level by level, since Python and JSON nest so far only."""


class Candidate(NamedTuple):
    """A cut. The most promising has the least of these, compared one after another.

    :param price: what it loses against the longest way, for each bit of order that it decides.
    :param added: how many dependencies the barrier adds.
    :param early: what is before the barrier.
    :param bound: no structure with this cut takes less.
    :param onward: no structure of the rest takes less.
    """

    price: int
    added: int
    early: int
    bound: int
    onward: int


@dataclass
class Parts:
    """The best that is known of a set: its parts, and whether they are side by side."""

    parts: tuple[int, ...]
    side_by_side: bool
    longest: int
    candidates: tuple[Candidate, ...] = ()
    cut: Candidate | None = None
    cost: Cost = (0, 0)
    level: int = -1


@dataclass
class Search:
    """Finds the structure of sets of tasks, given as bit sets."""

    graph: Graph
    durations: tuple[int, ...]
    effort: int = EFFORT
    known: dict[int, Parts] = field(default_factory=dict)
    depth: int = 0

    def best(self, members: int) -> Parts:
        """The best structure of *members* that the effort finds."""
        for level in range(len(WIDTH)):
            self.solve(members, level)
            found = self.known[members]
            if found.cost[0] <= found.longest or self.effort <= 0:
                break
        return self.known[members]

    def solve(self, members: int, level: int) -> Cost:
        """The cost of *members* as far as *level* looks; what was found is in `known`."""
        found = self.known.get(members)
        if found is None:
            found = self.known[members] = self._split(members)
        if found.level >= level or (found.level >= 0 and (found.cost[0] <= found.longest or self.effort <= 0)):
            return found.cost
        self.depth += 1
        if not found.parts:
            found.cost = (found.longest, 0)
        elif self.depth > DEEPEST and not found.side_by_side and found.cut is None:
            self._layer(found, members)
        elif not found.candidates:
            found.cost = self._together(found, level)
        elif level == 0:
            self._take(found, members, found.candidates[0], 0)
        else:
            self._try(found, members, level)
        self.depth -= 1
        found.level = max(level, found.level)
        return found.cost

    def _together(self, found: Parts, level: int) -> Cost:
        """The cost of parts that need no cut. Side by side, only what is slowest needs a closer look."""
        if not found.side_by_side:
            costs = [self.solve(part, level) for part in found.parts]
            return sum(cost[0] for cost in costs), sum(cost[1] for cost in costs)
        if level:
            slowest = 0
            for cost, part in sorted(((self.solve(part, level - 1), part) for part in found.parts), reverse=True):
                if cost[0] <= slowest:
                    break
                slowest = max(slowest, self.solve(part, level)[0])
        costs = [self.solve(part, 0) for part in found.parts]
        return max(cost[0] for cost in costs), sum(cost[1] for cost in costs)

    def _layer(self, found: Parts, members: int) -> None:
        """Do *members* level by level."""
        graph, left, levels, missing = self.graph, members, [], 0
        while left:
            level = sum(1 << node for node in bits(left) if not graph.before[node] & left)
            missing += sum((members & ~left & ~graph.before[node]).bit_count() for node in bits(level))
            levels.append(level)
            left &= ~level
        found.parts, found.candidates = tuple(levels), ()
        found.cost = (sum(max(self.durations[node] for node in bits(level)) for level in levels), missing)
        for level in levels:
            self.solve(level, 0)

    def _try(self, found: Parts, members: int, level: int) -> None:
        """Look for a better cut of *members* among its candidates."""
        self.solve(members, level - 1)
        for candidate in found.candidates[: WIDTH[level]]:
            if found.cost[0] <= found.longest or self.effort <= 0:
                break
            if candidate.bound <= found.cost[0]:
                self._take(found, members, candidate, level - 1)
        assert found.cut is not None
        self._take(found, members, found.cut, level)

    def _take(self, found: Parts, members: int, cut: Candidate, level: int) -> None:
        """Make the cut *cut* of *members*, if that is better than what is known."""
        self.effort -= 1
        first = self.solve(cut.early, level)
        if found.cut is not None and first[0] + cut.onward > found.cost[0]:
            return
        second = self.solve(members & ~cut.early, level)
        cost = (first[0] + second[0], first[1] + second[1] + cut.added)
        if found.cut is None or cost <= found.cost:
            found.cost, found.cut, found.parts = cost, cut, (cut.early, members & ~cut.early)

    def _split(self, members: int) -> Parts:
        """Split *members* without a cut where that is possible; else find candidates."""
        if members & (members - 1) == 0:
            return Parts((), False, self.durations[members.bit_length() - 1])
        nodes = list(bits(members))
        self.effort -= len(nodes)
        ways = _Ways.of(self.graph, self.durations, nodes)
        before, after = self.graph.before, self.graph.after
        side_by_side = components(members, lambda node: before[node] | after[node])
        if len(side_by_side) > 1:
            return Parts(tuple(side_by_side), True, ways.longest)
        one_by_one = components(members, lambda node: ~(before[node] | after[node]))
        if len(one_by_one) > 1:
            one_by_one.sort(key=lambda part: (before[(part & -part).bit_length() - 1] & members).bit_count())
            return Parts(tuple(one_by_one), False, ways.longest)
        beginnings = {cut for order in ways.orders(nodes) for cut in self._beginnings(order, members, ways)}
        candidates = tuple(Candidate._make(cut) for cut in nsmallest(WIDTH[-1], beginnings))
        return Parts((members,), False, ways.longest, candidates)

    def _beginnings(self, order: list[int], members: int, ways: _Ways) -> list[tuple[int, int, int, int, int]]:
        """Every beginning of *order* as a candidate, still without its type: this is the innermost loop."""
        before, after = self.graph.before, self.graph.after
        onward, upto, longest, size = ways.onward, ways.upto, ways.longest, len(order)
        rest_takes = list(accumulate((onward[node] for node in reversed(order)), max))
        early, late, pairs, takes = 0, members, 0, 0
        flat = 1 + longest * FLAT - longest
        found = []
        for place in range(1, size):
            node = order[place - 1]
            late ^= 1 << node
            pairs += (late & ~after[node]).bit_count() - (early & ~before[node]).bit_count()
            early |= 1 << node
            if upto[node] > takes:
                takes = upto[node]
            rest = rest_takes[size - place - 1]
            bound = takes + rest
            found.append((round(1000 * (bound + flat) / decided(place, size)), pairs, early, bound, rest))
        return found


@dataclass(frozen=True)
class _Ways:
    """The longest ways through a set: up to the end of each task, and from its beginning on."""

    upto: dict[int, int]
    onward: dict[int, int]
    durations: tuple[int, ...]
    longest: int

    @classmethod
    def of(cls, graph: Graph, durations: tuple[int, ...], nodes: list[int]) -> _Ways:
        upto: dict[int, int] = {}
        for node in nodes:
            upto[node] = durations[node] + max([upto.get(earlier, 0) for earlier in graph.direct[node]], default=0)
        behind = dict.fromkeys(nodes, 0)
        onward: dict[int, int] = {}
        for node in reversed(nodes):
            onward[node] = way = behind[node] + durations[node]
            for earlier in graph.direct[node]:
                if earlier in behind and behind[earlier] < way:
                    behind[earlier] = way
        return cls(upto, onward, durations, max(upto.values()))

    def orders(self, nodes: list[int]) -> Iterator[list[int]]:
        """Orders in which *nodes* could be done, from as soon as possible to as late as possible."""
        upto, onward, durations = self.upto, self.onward, self.durations
        yield sorted(nodes, key=lambda node: (upto[node], node))
        yield sorted(nodes, key=lambda node: (-onward[node], node))
        if len(nodes) > LARGE:
            return
        yield sorted(nodes, key=lambda node: (upto[node] - onward[node], node))
        yield sorted(nodes, key=lambda node: (upto[node] - durations[node], node))
        yield sorted(nodes, key=lambda node: (durations[node] - onward[node], node))


def components(members: int, linked: Callable[[int], int]) -> list[int]:
    """Split *members* into groups connected by *linked*, ordered by their first member."""
    left, groups = members, []
    while left:
        group = frontier = left & -left
        left ^= group
        while frontier:
            near = 0
            for node in bits(frontier):
                near |= linked(node)
            frontier = near & left
            group |= frontier
            left ^= frontier
        groups.append(group)
    return groups


@cache
def decided(place: int, size: int) -> float:
    """The entropy of a cut after *place* of *size*: 1 in the middle, towards 0 at the ends."""
    share = place / size
    return -(share * log2(share) + (1 - share) * log2(1 - share))
