"""What a part of a template stands for, as JSONata: code, and what is known of the value that it gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.compiler.jsonata import literal

STRING, INT, FLOAT, NUMBER, BOOLEAN, NULL, ARRAY, OBJECT = (
    frozenset({kind}) for kind in ("string", "int", "float", "number", "boolean", "null", "array", "object")
)
MIXED = frozenset({"mixed"})
"""A number of which JSONata cannot tell whether Python would have an ``int`` or a ``float``."""
ANY = STRING | NUMBER | BOOLEAN | NULL | ARRAY | OBJECT
NUMBERS = INT | FLOAT | NUMBER | MIXED


@dataclass(frozen=True)
class Term:
    """Code that gives a value, or one that may give none.

    :param kinds: which kinds of values it may give. A ``number`` is whatever JSON has: whole means ``int``.
    :param missing: what to complain of where it gives nothing; empty if it always gives something.
    """

    parts: tuple[str | Given, ...]
    kinds: frozenset[str] = ANY
    missing: str = ""

    def only(self, kinds: frozenset[str]) -> bool:
        """Whether it gives nothing but *kinds*."""
        return self.kinds <= kinds

    @property
    def code(self) -> Code:
        """The term as a symbol of a request."""
        return Code(self.parts)


Piece = Term | Given | str


def made(kinds: frozenset[str], *pieces: Piece, missing: str = "") -> Term:
    """A term of source text and other terms."""
    parts: list[str | Given] = []
    for piece in pieces:
        for part in piece.parts if isinstance(piece, Term) else (piece,):
            if isinstance(part, str) and parts and isinstance(parts[-1], str):
                parts[-1] += part
            else:
                parts.append(part)
    return Term(tuple(parts), kinds, missing)


def called(kinds: frozenset[str], name: str, *arguments: Piece, missing: str = "") -> Term:
    """A call of the function *name*: one of `compiler.pythonic`, or of JSONata where it begins with a dollar."""
    function = name if name.startswith("$") else f"$py_{name}"
    return made(kinds, f"{function}(", *separated(arguments), ")", missing=missing)


def separated(pieces: Iterable[Piece], by: str = ", ") -> list[Piece]:
    """*pieces* with text between them."""
    found: list[Piece] = []
    for piece in pieces:
        found += [by, piece] if found else [piece]
    return found


def constant(value: Any) -> Term:
    """The term of a value that is known."""
    match value:
        case str():
            return Term((literal(value),), STRING)
        case bool():
            return Term(("true" if value else "false",), BOOLEAN)
        case None:
            return Term(("null",), NULL)
        case int():
            return Term((str(value),), INT)
        case _:
            return Term((repr(float(value)),), FLOAT)
