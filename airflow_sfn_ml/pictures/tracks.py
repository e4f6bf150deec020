"""Which horizontal track the links between two rows run across on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

CLEARANCE = 8.0


@dataclass(frozen=True, slots=True)
class Net:
    """Links that run across on the same track, because they come together or part."""

    uppers: tuple[float, ...]
    lowers: tuple[float, ...]

    @property
    def low(self) -> float:
        """Its left end."""
        return min(*self.uppers, *self.lowers)

    @property
    def high(self) -> float:
        """Its right end."""
        return max(*self.uppers, *self.lowers)

    @property
    def middle(self) -> float:
        """The middle between its ends."""
        return (self.low + self.high) / 2

    @property
    def slant(self) -> float:
        """How far it goes to the right on its way down."""
        return sum(self.lowers) - sum(self.uppers)


def tracks(nets: Sequence[Net]) -> list[int | None]:
    """The track of each net, counted from the top; None for one that is straight."""
    slanted = [position for position, net in enumerate(nets) if net.high - net.low > 0.5]
    to_right = sorted((p for p in slanted if nets[p].slant >= 0), key=lambda p: (-nets[p].middle, p))
    to_left = sorted((p for p in slanted if nets[p].slant < 0), key=lambda p: (nets[p].middle, p))
    stack = _Stack(nets)
    for group in (to_right, to_left):
        above: set[int] = set()
        for position in group:
            stack.put(position, above)
            above.add(position)
    result: list[int | None] = [None] * len(nets)
    for track, row in enumerate(stack.rows):
        for position in row:
            result[position] = track
    return result


class _Stack:
    """Tracks that fill from the top."""

    def __init__(self, nets: Sequence[Net]) -> None:
        self._bounds = [(net.low - CLEARANCE / 2, net.high + CLEARANCE / 2) for net in nets]
        self._uppers = [frozenset(net.uppers) for net in nets]
        self._lowers = [frozenset(net.lowers) for net in nets]
        self.rows: list[list[int]] = []

    def put(self, net: int, above: Collection[int]) -> None:
        """Put a net on the topmost track that has room, below those of *above* that it overlaps.

        A net that comes down where another one goes on down must be above that, else they would run on each other.
        """
        met = list(self._met(net))
        lowers, uppers = self._lowers[net], self._uppers[net]
        first = 0
        for track, other in met:
            if other in above or not lowers.isdisjoint(self._uppers[other]):
                first = track + 1
        busy = {track for track, _ in met}
        while first in busy:
            first += 1
        if any(track < first and not uppers.isdisjoint(self._lowers[other]) for track, other in met):
            self.rows.insert(0, [net])
        elif first == len(self.rows):
            self.rows.append([net])
        else:
            self.rows[first].append(net)

    def _met(self, net: int) -> Iterator[tuple[int, int]]:
        """The nets that overlap this one, with their tracks, from the top."""
        low, high = self._bounds[net]
        for track, row in enumerate(self.rows):
            for other in row:
                other_low, other_high = self._bounds[other]
                if other_low < high and low < other_high:
                    yield track, other
