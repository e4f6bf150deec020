"""Parts of a template before it is clear how they are used: as a value, as text, or to ask whether they are there.

What Airflow renders is rendered in the way that is asked for, and a choice is made before its ends become text, since
``str`` of a ``float`` cannot be told from that of an ``int`` later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from airflow_sfn_ml.asl.refs import Given, Param, Ref, Text
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.terms import (
    ANY,
    ARRAY,
    BOOLEAN,
    FLOAT,
    MIXED,
    OBJECT,
    STRING,
    Piece,
    Term,
    called,
    constant,
    made,
    separated,
)


class Unsayable(Exception):
    """A part of a template that JSONata cannot say; the message continues the name of its place."""


class Meaning:
    """What a part of a template stands for.

    :param at: what a complaint about it begins with.
    """

    at: str

    def value(self) -> Term:
        """The term of its value; the task fails where there is none."""
        raise NotImplementedError

    def maybe(self) -> Term:
        """The term of its value, which gives nothing where there is none."""
        return self.value()

    def text(self) -> Term:
        """The term of its ``str``."""
        term = self.value()
        if term.only(STRING):
            return term
        if term.only(ARRAY | OBJECT):
            raise Unsayable("makes text of a list or an object, as Python writes it; take a part of it, or use tojson")
        if term.kinds & MIXED:
            raise Unsayable("makes text of a number that is an int for some values and a float for others")
        if term.kinds & FLOAT and term.kinds != FLOAT:
            raise Unsayable("makes text of what may be a float or something else; take it apart")
        return called(STRING, "float" if term.only(FLOAT) else "text", term, literal(self.at))

    def truth(self) -> Term:
        """Whether it counts as true."""
        term = self.value()
        return term if term.only(BOOLEAN) else called(BOOLEAN, "truth", term)


@dataclass(frozen=True)
class Constant(Meaning):
    """A value that is written out."""

    known: Any
    at: str = ""

    def value(self) -> Term:
        """The literal."""
        return constant(self.known)

    def text(self) -> Term:
        """The text that it is."""
        return constant(str(self.known))


@dataclass(frozen=True)
class Outside(Meaning):
    """What Airflow renders.

    :param render: makes the parameter of an expression: of its source, and whether it becomes text.
    """

    source: str
    render: Callable[[str, bool], Param]
    at: str = ""

    def value(self) -> Term:
        """The parameter."""
        return made(ANY, Given(self.render(self.source, False)))

    def maybe(self) -> Term:
        """The parameter, where Airflow finds it."""
        there = Given(self.render(f"({self.source}) is defined", False))
        return made(ANY, "(", there, " ? ", self.if_there().value(), ")", missing=f"{self.at}: it is not there")

    def if_there(self) -> Outside:
        """The same where Airflow finds it, else None."""
        return Outside(f"({self.source}) if ({self.source}) is defined else none", self.render, self.at)

    def text(self) -> Term:
        """The parameter, as text."""
        return made(STRING, Given(self.render(self.source, True)))


METHODS = frozenset(name for name in dir(dict) if not name.startswith("_"))
"""What ``x.name`` means a method of, whatever keys *x* has."""


@dataclass(frozen=True)
class Selected(Meaning):
    """A part of the XCom of a task in the group.

    :param kinds: what is known of it.
    """

    ref: Ref
    at: str = ""
    kinds: frozenset[str] = ANY

    def value(self) -> Term:
        """The reference; the compiler lets the task fail where it leads to nothing."""
        return made(self.kinds, Given(self.ref))

    def maybe(self) -> Term:
        """The reference, which gives nothing where Python would find nothing."""
        for key in self.ref.path:
            if key in METHODS:
                raise Unsayable(f"asks whether {key!r} is there, which a dict always has as a method")
        if not self.ref.path:
            return self.value()
        return made(ANY, Given(replace(self.ref, optional=True)), missing=f"{self.at}: it is not there")

    def text(self) -> Term:
        """The text of the reference, which the compiler makes: it may know that it is text."""
        return made(STRING, Given(Text((self.ref,))))


@dataclass(frozen=True)
class Computed(Meaning):
    """The value of a term."""

    term: Term
    at: str = ""

    def value(self) -> Term:
        """The term, or a failure where it gives nothing."""
        if not self.term.missing:
            return self.term
        return called(self.term.kinds, "need", Term(self.term.parts), literal(self.term.missing))

    def maybe(self) -> Term:
        """The term."""
        return self.term


@dataclass(frozen=True)
class Listed(Meaning):
    """A list that is written out."""

    items: tuple[Meaning, ...]
    at: str = ""

    def value(self) -> Term:
        """The list. What may be a list itself is wrapped, or JSONata would make one of both."""
        elements: list[Piece] = []
        for item in self.items:
            term = item.value()
            elements.append(called(ARRAY, "one", term) if term.kinds & ARRAY else term)
        return made(ARRAY, "[", *separated(elements), "]")


@dataclass(frozen=True)
class Several(Meaning):
    """What a filter makes of each item of a list, one by one: Python has no text for it, and no length."""

    term: Term
    at: str = ""

    def value(self) -> Term:
        """Refused: only some filters take it."""
        raise Unsayable("has the result of map or select as a value; end it with join, list, first or sum")


@dataclass(frozen=True)
class Choice(Meaning):
    """One of two, by what a condition says; nothing if there is no second."""

    condition: Term
    first: Meaning
    second: Meaning | None
    at: str = ""

    def _either(self, first: Term, second: Term | None) -> Term:
        kinds = first.kinds | (second.kinds if second else frozenset())
        # What is a float by one way and a whole number by the other cannot be told apart later.
        if kinds & FLOAT and kinds != FLOAT:
            kinds = (kinds - FLOAT) | MIXED
        missing = first.missing or (second.missing if second else f"{self.at}: the condition does not hold")
        return made(
            kinds, "(", self.condition, " ? ", first, *((" : ", second) if second else ()), ")", missing=missing
        )

    def value(self) -> Term:
        """The value of one of both."""
        return Computed(self._either(self.first.value(), self.second.value() if self.second else None)).value()

    def maybe(self) -> Term:
        """The value of one of both, or nothing."""
        return self._either(self.first.maybe(), self.second.maybe() if self.second else None)

    def text(self) -> Term:
        """The text of one of both."""
        return Computed(self._either(self.first.text(), self.second.text() if self.second else None)).value()
