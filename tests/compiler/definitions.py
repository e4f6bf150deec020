"""What a definition enforces, read from the definition alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def runs(machine: dict[str, Any], done: frozenset[str] = frozenset()) -> Iterator[tuple[str, frozenset[str]]]:
    """Each state of *machine* that is no Parallel, with all states that have ended when it begins."""
    name = machine["StartAt"]
    while name:
        state = machine["States"][name]
        if state["Type"] == "Parallel":
            inner = [list(runs(branch, done)) for branch in state["Branches"]]
            for branch in inner:
                yield from branch
            done |= {task for branch in inner for task, _ in branch}
        else:
            yield name, done
            done |= {name}
        name = state.get("Next")
