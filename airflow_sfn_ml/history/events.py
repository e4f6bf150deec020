"""An event of GetExecutionHistory, in the form that the fold works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    :param previous: the id of the event before it on the same path; 0 where there is none.
    """

    id: int
    previous: int
    type: str
    time: datetime | None
    details: Mapping[str, object]

    def text(self, key: str) -> str | None:
        """The text under *key* of the details; None if it is absent or was cut."""
        value = self.details.get(key)
        cut = self.details.get(f"{key}Details")
        if not isinstance(value, str) or (isinstance(cut, Mapping) and cut.get("truncated")):
            return None
        return value

    def number(self, key: str) -> int | None:
        """The number under *key* of the details."""
        value = self.details.get(key)
        return value if isinstance(value, int) else None


def event_of(raw: Mapping[str, object]) -> Event:
    """Read one event as boto3 gives it; times may also be ISO 8601 text or seconds, as in histories kept as JSON."""
    kind = str(raw["type"])
    number, previous = _integer(raw["id"]), _integer(raw.get("previousEventId", 0))
    details = raw.get(_details_key(kind))
    return Event(
        id=number,
        previous=previous if 0 < previous < number else 0,
        type=kind,
        time=_time(raw.get("timestamp")),
        details=details if isinstance(details, Mapping) else {},
    )


@lru_cache(maxsize=128)
def _details_key(kind: str) -> str:
    for suffix, key in (("StateEntered", "stateEnteredEventDetails"), ("StateExited", "stateExitedEventDetails")):
        if kind.endswith(suffix):
            return key
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError(f"an event's id is a number, not {value!r}")
    return value


def _time(value: object) -> datetime | None:
    match value:
        case datetime():
            return value
        case str():
            return datetime.fromisoformat(value)
        case int() | float():
            return datetime.fromtimestamp(value, UTC)
        case _:
            return None
