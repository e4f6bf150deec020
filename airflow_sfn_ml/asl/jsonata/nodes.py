"""The tree of an expression, and the error of one that has none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class JsonataSyntaxError(Exception):
    """The expression does not follow the grammar. Only for use within `asl`, where it becomes a `Problem`.

    :param position: the offset in the expression where reading stopped.
    """

    def __init__(self, message: str, position: int) -> None:
        self.message = message
        self.position = position
        super().__init__(message, position)


@dataclass(frozen=True, slots=True)
class Node:
    """One construct of an expression.

    :param kind: literals ``string number value regex``; names ``name variable wildcard descendant parent``; and
        ``binary`` (its operator in *value*, ``.`` and ``[`` among them), ``unary``, ``array``, ``object``, ``range``,
        ``group``, ``sort``, ``block``, ``call``, ``placeholder``, ``lambda``, ``condition``, ``transform``.
    :param children: the parts, in the order of the text; of a call the procedure first.
    """

    kind: str
    value: Any = None
    children: tuple[Node, ...] = ()
    position: int = 0
