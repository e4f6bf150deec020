"""Which horizontal track the links between two rows run across on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
    result: list[int | None] = [None] * len(nets)
    slanted = [position for position, net in enumerate(nets) if net.high - net.low > 0.5]
    to_right = sorted((p for p in slanted if nets[p].slant >= 0), key=lambda p: (-nets[p].middle, p))
    to_left = sorted((p for p in slanted if nets[p].slant < 0), key=lambda p: (nets[p].middle, p))
    taken: list[list[tuple[float, float]]] = []
    for group in (to_right, to_left):
        floor: list[tuple[float, float, int]] = []
        for position in group:
            low, high = nets[position].low - 4, nets[position].high + 4
            track = max(
                (track + 1 for other_low, other_high, track in floor if other_low < high and low < other_high),
                default=0,
            )
            while track < len(taken) and any(a < high and low < b for a, b in taken[track]):
                track += 1
            while track >= len(taken):
                taken.append([])
            taken[track].append((low, high))
            floor.append((low, high, track))
            result[position] = track
    return result
