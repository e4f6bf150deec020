"""Filters of lists. What ``map`` makes of each item is a list for JSONata, and no value for Python until it is joined.

JSONata makes one value of a list of one, and one list of lists; so lists are put together item by item.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jinja2 import nodes

from airflow_sfn_ml.translators.jinja.expressions import Expressions
from airflow_sfn_ml.translators.jinja.filters import Arguments, at_of, jinja_filter, written
from airflow_sfn_ml.translators.jinja.meanings import Computed, Constant, Listed, Meaning, Several
from airflow_sfn_ml.translators.jinja.terms import ANY, ARRAY, BOOLEAN, NUMBER, STRING, Term, called, made


def _list(reading: Expressions, node: nodes.Node, value: Meaning) -> Term:
    """*value* as the term of a list."""
    if isinstance(value, Several):
        return value.term
    term = value.value()
    return term if term.only(ARRAY) else called(ARRAY, "list", term, at_of(reading, node))


@jinja_filter("d", "attribute")
def join(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "attribute" in given:
        value = _mapped(reading, node, value, written(reading, given, "attribute", ""))
    by = given.get("d", Constant("")).text()
    return reading.made(node, called(STRING, "join", _list(reading, node, value), by, at_of(reading, node)))


@jinja_filter(names=("first", "last"))
def _end(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if isinstance(value, Several) and node.name == "last":
        raise reading.refused("the filter 'last' of the result of map or select")
    term = value.term if isinstance(value, Several) else value.value()
    at = at_of(reading, node)
    found = called(
        ANY, "end", term, "0" if node.name == "first" else "-1", at, missing=f"{reading.at(node)}: it is empty"
    )
    return reading.made(node, found)


@jinja_filter("attribute")
def _sum(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "attribute" in given:
        value = _mapped(reading, node, value, written(reading, given, "attribute", ""))
    return reading.made(node, called(NUMBER, "sum", _list(reading, node, value), at_of(reading, node)))


@jinja_filter(names=("list",))
def _as_list(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, _list(reading, node, value))


@jinja_filter("attribute")
def _map(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    positional = bool(node.args)
    if positional:
        name = written(reading, given, "attribute", "")
        return _each(reading, node, value, lambda item: _applied(reading, str(name), item))
    return _mapped(reading, node, value, written(reading, given, "attribute", ""))


def _applied(reading: Expressions, name: str, item: nodes.Expr) -> nodes.Expr:
    return nodes.Filter(item, name, [], [], None, None)


def _mapped(reading: Expressions, node: nodes.Filter, value: Meaning, attribute: Any) -> Several:
    """The part *attribute* of each item, as Jinja reads ``a.0.b``."""
    if not isinstance(attribute, (str, int)) or attribute == "":
        raise reading.refused("the filter 'map' without an attribute or a filter")
    keys = [int(key) if str(key).isdigit() else key for key in str(attribute).split(".")]

    if isinstance(value, Listed):
        return Several(Listed(tuple(_part(reading, item, keys, node) for item in value.items)).value(), value.at)

    def part(item: nodes.Expr) -> nodes.Expr:
        for key in keys:
            item = nodes.Getitem(item, nodes.Const(key), "load")
        return item

    return _each(reading, node, value, part)


def _part(reading: Expressions, value: Meaning, keys: list[Any], node: nodes.Node) -> Meaning:
    for key in keys:
        value = reading.selected(value, key, node)
    return value


def _each(reading: Expressions, node: nodes.Filter, value: Meaning, of: Callable[[nodes.Expr], nodes.Expr]) -> Several:
    """What *of* makes of each item of *value*."""
    name, known = item_name(reading)
    made_of = reading.knowing(**{name[1:]: known}).read(of(nodes.Name(name[1:], "load"))).value()
    one = called(ARRAY, "one", made_of) if made_of.kinds & ARRAY else made(ARRAY, "[", made_of, "]")
    code = made(ARRAY, f"function($all, {name}) {{$append($all, ", one, ")}")
    return Several(called(ARRAY, "$reduce", _list(reading, node, value), code, "[]"), reading.at(node))


def item_name(reading: Expressions) -> tuple[str, Computed]:
    """A variable for the items of a list, and what it stands for."""
    name = f"each{len(reading.names)}"
    return f"${name}", Computed(Term((f"${name}",)), reading.where)


@jinja_filter("attribute", "test", "value", names=("selectattr", "rejectattr"))
def _select(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    attribute = written(reading, given, "attribute", "")
    test = written(reading, given, "test", "")
    name, known = item_name(reading)
    inner = reading.knowing(**{name[1:]: known})
    part: nodes.Expr = nodes.Name(name[1:], "load")
    for key in str(attribute).split("."):
        part = nodes.Getitem(part, nodes.Const(int(key) if key.isdigit() else key), "load")
    condition = nodes.Test(part, test, node.args[2:], [], None, None) if test else part
    holds = inner.read(condition).truth()
    if node.name == "rejectattr":
        holds = called(BOOLEAN, "$not", holds)
    code = made(ARRAY, f"function($all, {name}) {{", holds, f" ? $append($all, $py_one({name})) : $all}}")
    return Several(called(ARRAY, "$reduce", _list(reading, node, value), code, "[]"), reading.at(node))
