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
        elif state["Type"] == "Choice":
            # Gates and checks, with all going well: the first rule leads to the task, or on.
            name = state["Choices"][0]["Next"]
            continue
        elif state["Type"] not in ("Succeed", "Fail"):
            yield name, done
            done |= {name}
        name = state.get("Next")
