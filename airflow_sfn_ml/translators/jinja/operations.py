"""Operators of expressions: comparisons, arithmetic, text that is put together."""

from __future__ import annotations

from functools import reduce
from typing import Any

from jinja2 import nodes

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.expressions import Expressions, reads
from airflow_sfn_ml.translators.jinja.meanings import Meaning
from airflow_sfn_ml.translators.jinja.methods import percent
from airflow_sfn_ml.translators.jinja.terms import (
    ARRAY,
    BOOLEAN,
    FLOAT,
    INT,
    MIXED,
    NULL,
    NUMBER,
    NUMBERS,
    STRING,
    Term,
    called,
    made,
    separated,
)


@reads(nodes.Compare)
def comparison(reading: Expressions, node: nodes.Compare) -> Meaning:
    """``a < b <= c``."""
    values = [reading.read(node.expr), *(reading.read(item.expr) for item in node.ops)]
    results = [
        compared(reading, item.op, values[position], values[position + 1], node)
        for position, item in enumerate(node.ops)
    ]
    return reading.made(node, reduce(lambda one, other: made(BOOLEAN, "(", one, " and ", other, ")"), results))


def compared(reading: Expressions, how: str, left: Meaning, right: Meaning, node: nodes.Node) -> Term:
    """Whether *left* and *right* compare as *how* says."""
    one, other = left.value(), right.value()
    at = literal(reading.at(node))
    match how:
        case "eq" | "ne":
            simple = one.only(STRING | NULL) or other.only(STRING | NULL) or (one.only(NUMBERS) and other.only(NUMBERS))
            same = made(BOOLEAN, "(", one, " = ", other, ")")
            same = same if simple else called(BOOLEAN, "same", one, other, at)
            return same if how == "eq" else called(BOOLEAN, "$not", same)
        case "in" | "notin":
            within = called(BOOLEAN, "in", one, other, at)
            return within if how == "in" else called(BOOLEAN, "$not", within)
        case _:
            sign = {"lt": "<", "lteq": "<=", "gt": ">", "gteq": ">="}[how]
            return made(BOOLEAN, "(", one, f" {sign} ", other, ")")


@reads(nodes.Not)
def negation(reading: Expressions, node: nodes.Not) -> Meaning:
    """``not a``."""
    return reading.made(node, called(BOOLEAN, "$not", reading.read(node.node).truth()))


@reads(nodes.Concat)
def concatenation(reading: Expressions, node: nodes.Concat) -> Meaning:
    """``a ~ b``."""
    texts = [reading.read(part).text() for part in node.nodes]
    return reading.made(node, made(STRING, "(", *separated(texts, " & "), ")"))


@reads(nodes.Neg)
def negative(reading: Expressions, node: nodes.Neg) -> Meaning:
    """``-a``."""
    term = reading.read(node.node).value()
    kinds = term.kinds if term.only(INT) or term.only(FLOAT) else NUMBER
    return reading.made(node, made(kinds, "(-", _number(reading, term, node), ")"))


@reads(nodes.Mod)
def remainder(reading: Expressions, node: nodes.Mod) -> Meaning:
    """``a % b``, of a number or of text."""
    if isinstance(node.left, nodes.Const) and isinstance(node.left.value, str):
        items = node.right.items if isinstance(node.right, nodes.Tuple) else [node.right]
        return reading.made(node, percent(reading, node.left.value, [reading.read(item) for item in items], node))
    return arithmetic(reading, node)


def _number(reading: Expressions, term: Term, node: nodes.Node) -> Term:
    _one_kind(reading, term)
    return term if term.only(NUMBERS) else called(NUMBER, "number", term, literal(reading.at(node)))


def _one_kind(reading: Expressions, term: Term) -> None:
    if term.kinds & MIXED:
        raise reading.refused("arithmetic with what is an int for some values and a float for others")


@reads(nodes.Add)
@reads(nodes.Sub)
@reads(nodes.Mul)
@reads(nodes.Div)
@reads(nodes.FloorDiv)
def arithmetic(reading: Expressions, node: nodes.BinExpr) -> Meaning:
    """``a + b`` and the like."""
    return reading.made(
        node, _computed(reading, node, reading.read(node.left).value(), reading.read(node.right).value())
    )


def _computed(reading: Expressions, node: nodes.BinExpr, left: Term, right: Term) -> Term:
    _one_kind(reading, left)
    _one_kind(reading, right)
    at = literal(reading.at(node))
    if isinstance(node, nodes.Add) and (left.only(STRING) or right.only(STRING)):
        texts = [item if item.only(STRING) else called(STRING, "string", item, at) for item in (left, right)]
        return made(STRING, "(", *separated(texts, " & "), ")")
    name = {
        nodes.Add: "plus",
        nodes.Sub: "minus",
        nodes.Mul: "times",
        nodes.Div: "over",
        nodes.FloorDiv: "quotient",
        nodes.Mod: "rest",
    }[type(node)]
    if name == "over":
        return called(FLOAT, name, left, right, at)
    if left.only(FLOAT) or right.only(FLOAT):
        sign = {"plus": "+", "minus": "-", "times": "*"}.get(name)
        if sign is None:
            raise reading.refused(f"{'//' if name == 'quotient' else '%'} with a float")
        return made(FLOAT, "(", _number(reading, left, node), f" {sign} ", _number(reading, right, node), ")")
    whole = left.only(INT) and right.only(INT)
    kinds: Any = INT if whole or name in ("quotient", "rest") else NUMBER
    if name == "plus" and not left.only(NUMBERS) and not right.only(NUMBERS):
        kinds = STRING | NUMBER | ARRAY
    return called(kinds, name, left, right, at)
