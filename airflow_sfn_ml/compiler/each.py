"""What a mapped task is mapped over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.asl.refs import Ref, refs_in

if TYPE_CHECKING:
    from airflow_sfn_ml.compiler.graph import Node

INLINE_LIMIT = 40
"""As many iterations of an inline Map run side by side (AWS's limit); the others wait for one of them to end."""


@dataclass(frozen=True)
class Each:
    """The items of a mapped task, each of which its work is done for.

    :param items: a list, or a symbol that stands for one; what is in it may hold symbols.
    :param count: how many there are; None where that is known only when the machine runs.
    :param concurrency: how many may be worked on side by side; None for as many as AWS allows.
    :param distributed: whether each iteration is an execution of its own.
    :param body: of a mapped group, its tasks: each iteration runs them all.
    """

    items: Any
    count: int | None = None
    concurrency: int | None = None
    distributed: bool = False
    body: tuple[Node, ...] = ()

    @property
    def reads(self) -> Iterator[Ref]:
        """The outputs of other tasks that the items are made of, and those that the tasks of a mapped group read."""
        inside = {node.name for node in self.body}
        yield from refs_in(self.items)
        yield from (ref for node in self.body for ref in node.reads if ref.task not in inside)

    @property
    def may_be_empty(self) -> bool:
        """Whether there may be no items, which makes the task a skipped one, as in Airflow."""
        return not self.count

    @property
    def together(self) -> bool:
        """Whether several iterations may run side by side, so that one that fails would stop others."""
        return self.count != 1
