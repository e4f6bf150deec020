"""Where in the machine each event happened.

An event names the event before it, not its state; the way back leads through the iterations and branches it is in. So
every event that begins something (a visit of a state, an iteration of a Map) becomes a node, with the node around it as
its parent, and every event remembers its node. Ids count from 1 and an execution has at most 25,000 events, so this is
one flat array, eight bytes an event.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

ROOT = 0


class Places:
    """The nodes of a history, and the node of each event."""

    def __init__(self, frozen: bytes = b"") -> None:
        self._cells = array("I", frozen)

    def frozen(self) -> bytes:
        """All of it, as a value."""
        return self._cells.tobytes()

    def put(self, event: int, node: int, *, begins: bool = False) -> None:
        """Say that *event* is at *node*; what follows an event that *begins* a node is inside of it."""
        self._grow(event)
        self._cells[2 * event] = 2 * node + begins

    def open(self, node: int, parent: int) -> None:
        """Say that the event *node* begins a node below *parent*."""
        self._grow(node)
        self._cells[2 * node + 1] = parent

    def node(self, event: int) -> int:
        """The node of *event*; the root if the event is not known."""
        return self._cells[2 * event] // 2 if 0 <= 2 * event < len(self._cells) else ROOT

    def begins(self, event: int) -> bool:
        """Whether what follows *event* is inside of its node."""
        return 0 <= 2 * event < len(self._cells) and bool(self._cells[2 * event] % 2)

    def parent(self, node: int) -> int:
        """The node around *node*."""
        return self._cells[2 * node + 1] if 2 * node + 1 < len(self._cells) else ROOT

    def upwards(self, node: int) -> Iterator[int]:
        """*node* and all around it, from the inside, without the root."""
        while node != ROOT:
            yield node
            node = self.parent(node)

    def _grow(self, event: int) -> None:
        missing = 2 * event + 2 - len(self._cells)
        if missing > 0:
            self._cells.extend([0] * missing)
