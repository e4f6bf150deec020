"""Histories that AWS recorded, and how ours compare; found beside the repository, never inside it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
_DATA = ("input", "output", "error", "cause", "assignedVariables", "name", "length", "location", "state")
_MASKED = re.compile(
    r"<[A-Za-z]+Part_\d+idx>|<[^<>]+:\d+>|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)|[0-9a-f]{8}-[0-9a-f-]{27}"
)


def recorded() -> Iterator[dict[str, Any]]:
    """The recordings that need no other service than Step Functions, in order and complete."""
    with (CORPUS / "histories.jsonl").open() as file:
        for line in file:
            record = json.loads(line)
            text = json.dumps(record["definition"])
            if (
                isinstance(record["definition"], dict)
                and '"Resource"' not in text
                and record["ids_contiguous"]
                and _complete(record)
            ):
                yield record


def _complete(record: Mapping[str, Any]) -> bool:
    last = record["events"][-1]["type"]
    return last.startswith("Execution") and last != "ExecutionStarted"


def types(events: list[dict[str, Any]]) -> list[str]:
    return sorted(event["type"] for event in events)


def contents(events: list[dict[str, Any]]) -> list[str]:
    """What each event says, without times, ids and what the recording masks."""
    return sorted(f"{event['type']} {_detail(event)}" for event in events)


def _detail(event: Mapping[str, Any]) -> str:
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    kept = {key: _value(value) for key, value in details.items() if key in _DATA}
    return _MASKED.sub("*", json.dumps(kept, sort_keys=True))


def _value(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value
