"""Methods of values, and ways to format text, as far as JSONata has them."""

from __future__ import annotations

import re

from jinja2 import nodes

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.compiler.pythonic import BLANK
from airflow_sfn_ml.translators.jinja.expressions import Expressions, reads
from airflow_sfn_ml.translators.jinja.meanings import Choice, Computed, Constant, Meaning, Selected
from airflow_sfn_ml.translators.jinja.source import source_of
from airflow_sfn_ml.translators.jinja.terms import (
    ANY,
    ARRAY,
    BOOLEAN,
    STRING,
    Piece,
    Term,
    called,
    constant,
    made,
    separated,
)

END = r"(?![\s\S])"
"""The end of text in a regular expression; a dollar would match before a last line break in some languages."""
LIMITED = {"split": "lsplit", "rsplit": "rsplit"}


@reads(nodes.Call)
def method(reading: Expressions, node: nodes.Call) -> Meaning:
    """The call of a method of a value, or of Airflow's ``macros.json``."""
    of = node.node
    assert isinstance(of, nodes.Getattr)
    if source_of(of.node) == "macros.json":
        return _json(reading, node, of.attr)
    if node.kwargs or node.dyn_args or node.dyn_kwargs:
        if of.attr == "format":
            return reading.made(node, _format(reading, node, of))
        raise reading.refused(f".{of.attr}() with named arguments")
    if of.attr == "format":
        return reading.made(node, _format(reading, node, of))
    if not reading.inside(of.node) and not isinstance(of.node, nodes.Const):
        raise reading.refused(f"{source_of(of)}()")
    value = reading.read(of.node)
    given = [reading.read(item) for item in node.args]
    at = literal(reading.at(node))
    match of.attr, given:
        case "get", [Constant(known=str() as key)]:
            return _get(reading, node, value, key, Constant(None))
        case "get", [Constant(known=str() as key), otherwise]:
            return _get(reading, node, value, key, otherwise)
        case "upper" | "lower", []:
            return reading.made(node, called(STRING, f"${of.attr}case", _text(value, at)))
        case "strip" | "lstrip" | "rstrip", [] | [Constant(known=str())]:
            chars = given[0].known if given and isinstance(given[0], Constant) else None
            return reading.made(node, stripped(reading, _text(value, at), chars, of.attr))
        case "replace", [old, new]:
            return reading.made(node, called(STRING, "replace", _text(value, at), _text(old, at), _text(new, at), at))
        case "split", [by]:
            return reading.made(node, called(ARRAY, "split", value.value(), _text(by, at), at))
        case "split" | "rsplit", [by, Constant(known=int() as most)] if most > 0:
            return reading.made(node, called(ARRAY, LIMITED[of.attr], value.value(), _text(by, at), str(most), at))
        case "startswith" | "endswith", [part]:
            name = "starts" if of.attr == "startswith" else "ends"
            return reading.made(node, called(BOOLEAN, name, value.value(), _text(part, at), at))
        case "removeprefix" | "removesuffix", [part]:
            return reading.made(node, called(STRING, of.attr, _text(value, at), _text(part, at), at))
        case "join", [items]:
            return reading.made(node, called(STRING, "joined", items.value(), _text(value, at), at))
        case _:
            raise reading.refused(f".{of.attr}()")


def _text(value: Meaning, at: str) -> Term:
    """*value*, which has to be text already."""
    term = value.value()
    return term if term.only(STRING) else called(STRING, "string", term, at)


def _get(reading: Expressions, node: nodes.Call, value: Meaning, key: str, otherwise: Meaning) -> Meaning:
    """``value.get(key, otherwise)``."""
    at = literal(reading.at(node))
    there = called(BOOLEAN, "$exists", called(ANY, "at", called(ANY, "object", value.value(), at), constant(key)))
    found: Meaning = (
        Selected(value.ref[key], value.at) if isinstance(value, Selected) else reading.selected(value, key, node)
    )
    return Choice(there, found, otherwise, reading.at(node))


def stripped(reading: Expressions, text: Term, chars: str | None, how: str) -> Term:
    """*text* without *chars* (or blanks) at its ends."""
    if chars == "":
        return text
    if chars is not None and not re.fullmatch(r"[A-Za-z0-9/_.,:;= -]+", chars):
        raise reading.refused(f".{how}({chars!r})")
    inside = BLANK if chars is None else re.sub(r"([^A-Za-z0-9_ ])", r"\\\1", chars)
    ends = ([f"^[{inside}]+"] if how != "rstrip" else []) + ([f"[{inside}]+{END}"] if how != "lstrip" else [])
    return called(STRING, "$replace", text, f"/{'|'.join(ends)}/", "''")


def percent(reading: Expressions, pattern: str, given: list[Meaning], node: nodes.Node) -> Term:
    """``pattern % given``, for ``%s`` and ``%d``."""
    pieces = re.split(r"(%.)", pattern, flags=re.DOTALL)
    texts: list[Piece] = []
    left = list(given)
    at = literal(reading.at(node))
    for piece in pieces:
        if piece in ("%s", "%d", "%i"):
            if not left:
                raise reading.refused(f"{pattern!r} with too few values")
            value = left.pop(0)
            whole = called(STRING, "text", called(ANY, "whole", value.value(), at), at)
            texts.append(value.text() if piece == "%s" else whole)
        elif piece == "%%":
            texts.append(constant("%"))
        elif piece.startswith("%"):
            raise reading.refused(f"{piece} in {pattern!r}")
        elif piece:
            texts.append(constant(piece))
    if left:
        raise reading.refused(f"{pattern!r} with too many values")
    return made(STRING, "(", *separated(texts or [constant("")], " & "), ")")


def _format(reading: Expressions, node: nodes.Call, of: nodes.Getattr) -> Term:
    """``'{}/{name}'.format(...)``, without format specifications."""
    if not isinstance(of.node, nodes.Const) or not isinstance(of.node.value, str):
        raise reading.refused(".format() of text that is not written out")
    if node.dyn_args or node.dyn_kwargs:
        raise reading.refused(".format() with * or **")
    named = {item.key: item.value for item in node.kwargs}
    texts: list[Piece] = []
    count = 0
    for piece in re.split(r"(\{\{|\}\}|\{\w*\})", of.node.value):
        if piece in ("{{", "}}"):
            texts.append(constant(piece[0]))
        elif piece.startswith("{") and piece.endswith("}"):
            name = piece[1:-1] or str(count)
            count += not piece[1:-1]
            if name.isdigit() and int(name) < len(node.args):
                texts.append(reading.read(node.args[int(name)]).text())
            elif name in named:
                texts.append(reading.read(named[name]).text())
            else:
                raise reading.refused(f"{piece} in {of.node.value!r}")
        elif "{" in piece or "}" in piece:
            raise reading.refused(f"the format {of.node.value!r}")
        elif piece:
            texts.append(constant(piece))
    return made(STRING, "(", *separated(texts or [constant("")], " & "), ")")


def _json(reading: Expressions, node: nodes.Call, name: str) -> Computed:
    """``macros.json.loads`` and ``macros.json.dumps``."""
    at = literal(reading.at(node))
    if len(node.args) != 1 or node.kwargs or node.dyn_args or node.dyn_kwargs or name not in ("loads", "dumps"):
        raise reading.refused(f"macros.json.{name}() with such arguments")
    value = reading.read(node.args[0])
    if name == "loads":
        return reading.made(node, called(ANY, "parse", _text(value, at), at))
    return reading.made(node, called(STRING, "json", value.value(), "false", at))
