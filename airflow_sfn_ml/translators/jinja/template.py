"""One template, from its text to the symbol that stands for it in a request."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, TemplateSyntaxError, nodes

from airflow_sfn_ml.asl.refs import Code, Given, Param, Path, Ref, Text
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.expressions import Expressions
from airflow_sfn_ml.translators.jinja.meanings import Constant, Meaning, Outside, Selected, Unsayable
from airflow_sfn_ml.translators.jinja.outside import Piece
from airflow_sfn_ml.translators.jinja.pulls import Members
from airflow_sfn_ml.translators.jinja.statements import pieces
from airflow_sfn_ml.translators.jinja.terms import ANY, STRING, called

AddParam = Callable[[Any, Path], Param]


@dataclass(frozen=True)
class Place:
    """Where a template stands, and what becomes of its parts.

    :param where: the task and the place, which complaints begin with.
    :param param: keeps what Airflow has to render, under a path; gives the parameter.
    :param native: whether the task renders to Python's types.
    """

    where: str
    path: Path
    members: Members
    param: AddParam
    native: bool


def template_symbol(template: str, environment: Environment, place: Place) -> Any:
    """What *template* stands for; None if there is no XCom of the group in it, so that Airflow renders it as a whole.

    :raises Unsayable: JSONata cannot say it.
    """
    try:
        tree = environment.parse(template)
    except TemplateSyntaxError as error:
        raise Unsayable(f"{template!r} is not valid Jinja: {error}") from None
    if "xcom_pull" not in template:
        return None
    parts = _Parts(place)
    reading = Expressions(place.where, environment, place.members, parts.inner)
    if not reading.inside(tree):
        return None
    found = [piece for piece in pieces(reading, tree.body) if not (isinstance(piece, Constant) and piece.known == "")]
    if not place.native:
        return _text(found, parts)
    if any(True for _ in tree.find_all((nodes.If, nodes.For))):
        raise Unsayable("has a block with the XCom of a task of this group, and native rendering; turn one of them off")
    return _native(found, parts)


class _Parts:
    """The parameters of one template, each with a place of its own."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._known: dict[tuple[str, bool], Param] = {}

    def inner(self, source: str, text: bool) -> Param:
        """The parameter of a part of an expression."""
        if (source, text) not in self._known:
            path = (*self.place.path, "parts", len(self._known))
            self._known[source, text] = self.place.param(Piece(source, text), path)
        return self._known[source, text]

    def outer(self, source: str, position: int) -> Param:
        """The parameter of a ``{{ ... }}``, which becomes text."""
        value = Piece(source, True) if self.place.native else f"{{{{ {source} }}}}"
        return self.place.param(value, (*self.place.path, position))


def _text(found: list[Meaning], parts: _Parts) -> Any:
    """The text of all of *found*."""
    made: list[str | Ref | Param | Code] = []
    for position, piece in enumerate(found):
        match piece:
            case Constant():
                made.append(str(piece.known))
            case Outside():
                made.append(parts.outer(piece.source, position))
            case Selected() if piece.kinds == ANY:
                made.append(piece.ref)
            case _:
                made.append(piece.text().code)
    only = made[0]
    return only if len(made) == 1 and isinstance(only, Code) else Text(tuple(made))


def _native(found: list[Meaning], parts: _Parts) -> Any:
    """The value of the one of *found*, or the text of all; and where that reads as Python, what it says."""
    at = literal(parts.place.where)
    if len(found) == 1:
        term = found[0].value()
        return called(ANY, "native", term, at).code if term.kinds & STRING else term.code
    text = _text(found, parts)
    first = found[0]
    if isinstance(first, Constant) and _never_python(str(first.known)):
        return text
    return Code(("$py_native(", Given(text), f", {at})"))


def _never_python(text: str) -> bool:
    """Whether no text that begins with *text* is a literal of Python."""
    word = re.match(r"([A-Za-z_][A-Za-z0-9_]*)[^A-Za-z0-9_'\"( \t]", text)
    return bool(re.match(r"/|[A-Za-z0-9_.+-]+:", text) or (word and word.group(1) not in ("True", "False", "None")))
