"""What becomes of a message that several triggerers may need. Pure.

The tasks of one execution may be followed by any triggerer, so the triggerer that receives a message cannot know who
else waits for it. Each passes on what it sees for the first time, makes a pause so that others can take it, and deletes
what it sees again: then the message has been round. A triggerer alone in front of the queue receives each message
twice. Where others were noticed, a message that came back without having been elsewhere is passed on once more.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum

OLD = 300.0
"""Age of a message, in seconds, from which on it tells nothing new: everything was looked at since."""
ROUND = 60.0
"""Age from which on a message is not passed on any more, and `RECEIPTS` after how many receipts."""
RECEIPTS = 10
NOTICED = 900.0
"""How long others are reckoned with after the last sign of them, in seconds."""
REMEMBERED = 5000
"""How many messages are remembered."""


class Fate(Enum):
    """What to do with a message."""

    PASS_ON = "pass on"
    DELETE = "delete"


@dataclass
class Passing:
    """What one triggerer knows of the messages that went by."""

    _sights: OrderedDict[str, int] = field(default_factory=OrderedDict)
    _noticed_at: float = float("-inf")

    def take(self, message: str, received: int, age: float, now: float) -> tuple[bool, Fate]:
        """Whether *message* is to wake anyone here, and what becomes of it.

        :param received: how often it was received, by anyone, this time included.
        :param age: seconds since it was sent.
        """
        sights = self._sights[message] = self._sights.pop(message, 0) + 1
        if len(self._sights) > REMEMBERED:
            self._sights.popitem(last=False)
        went_round = received > sights
        if went_round:
            self._noticed_at = now
        alone = now - self._noticed_at > NOTICED
        if age > OLD:
            return False, Fate.DELETE
        seen = sights > 1 and (went_round or alone)
        late = age > ROUND or received >= RECEIPTS
        return sights == 1, Fate.DELETE if seen or late else Fate.PASS_ON
