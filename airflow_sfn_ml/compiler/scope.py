"""What is known where: the variables of one scope, and of those around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_sfn_ml.compiler.jsonata import expression, select
from airflow_sfn_ml.compiler.names import variable

OUTPUT, STATUS, CHOICE = "t", "s", "c"
KEYS = {OUTPUT: "", STATUS: ": status", CHOICE: ": choice"}
"""Under which key a branch hands out what it knows of a task. A task's id holds neither colon nor space."""
FAILURES = ": failures"

Fact = tuple[str, str]
"""What is known of a task: its kind and the task."""


@dataclass
class Scope:
    """The variables that a chain of states can read.

    :param depth: how many branches it is in.
    :param known: the variable of each fact.
    :param failures: the variables of this scope that hold lists of failures.
    :param item: within an iteration, where its item and its index are found.
    """

    depth: int
    known: dict[Fact, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    item: Mapping[str, str] = field(default_factory=dict)

    def inner(self) -> Scope:
        """The scope of a branch that begins here."""
        return Scope(self.depth + 1, dict(self.known), item=self.item)

    def add(self, fact: Fact) -> str:
        """Know *fact* from now on; its variable."""
        kind, task = fact
        name = self.known[fact] = variable(task, self.depth, kind)
        return name

    def add_failures(self, name: str) -> str:
        """The variable for the failures of the state *name*."""
        kept = variable(name, self.depth, "e")
        self.failures.append(kept)
        return kept

    def of(self, kind: str, task: str) -> str:
        """The variable of a fact, with its dollar."""
        return f"${self.known[kind, task]}"

    @property
    def outputs(self) -> Mapping[str, str]:
        """The variables with the outputs of tasks, and what leads to the item."""
        return {task: name for (kind, task), name in self.known.items() if kind == OUTPUT} | dict(self.item)

    def told(self) -> str:
        """The list of all failures of this scope, in JSONata."""
        return f"[{', '.join(f'${name}' for name in self.failures)}]"

    def handed_out(self, facts: Iterable[Fact]) -> dict[str, Any]:
        """What a branch puts out."""
        given = {task + KEYS[kind]: expression(self.of(kind, task)) for kind, task in facts}
        return given | ({FAILURES: expression(self.told())} if self.failures else {})


def received(branch: int, fact: Fact) -> str:
    """The value of *fact* in the results of a Parallel, handed out by its *branch*."""
    kind, task = fact
    return expression(select(f"$states.result[{branch}]", (task + KEYS[kind],)))
