"""Filters of templates, as far as JSONata can do exactly what they do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from jinja2.filters import FILTERS

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.expressions import Expressions, reads
from airflow_sfn_ml.translators.jinja.meanings import Choice, Computed, Constant, Listed, Meaning, Outside, Several
from airflow_sfn_ml.translators.jinja.methods import percent, stripped
from airflow_sfn_ml.translators.jinja.terms import (
    ANY,
    ARRAY,
    BOOLEAN,
    FLOAT,
    INT,
    MIXED,
    NUMBER,
    STRING,
    Term,
    called,
    made,
)

Arguments = dict[str, Meaning]
Filter = Callable[[Expressions, nodes.Filter, Meaning, Arguments], Meaning]
_FILTERS: dict[str, tuple[tuple[str, ...], Filter]] = {}


def _filter(*parameters: str, names: tuple[str, ...] = ()) -> Callable[[Filter], Filter]:
    """Register the decorated function as the filter of its own name or of *names*, which takes *parameters*."""

    def register(function: Filter) -> Filter:
        for name in names or (function.__name__.strip("_"),):
            _FILTERS[name] = (parameters, function)
        return function

    return register


@reads(nodes.Filter)
def filtered(reading: Expressions, node: nodes.Filter) -> Meaning:
    """What the filter *node* makes of a value.

    :raises Unsayable: the filter is not known here, is the Dag's own, or takes other arguments.
    """
    name = node.name
    builtin = FILTERS.get(name)
    if name not in (*_FILTERS, "format") or builtin is None or reading.environment.filters.get(name) is not builtin:
        raise reading.refused(f"the filter {name!r} (known: {', '.join(sorted(_FILTERS))})")
    if name == "format":
        return _formatted(reading, node)
    parameters, function = _FILTERS[name]
    assert node.node is not None
    if node.dyn_args or node.dyn_kwargs or len(node.args) > len(parameters):
        raise reading.refused(f"the filter {name!r} with such arguments")
    given = dict(zip(parameters, node.args, strict=False)) | {str(item.key): item.value for item in node.kwargs}
    if not set(given) <= set(parameters):
        raise reading.refused(f"the filter {name!r} with {', '.join(sorted(set(given) - set(parameters)))}")
    value = reading.read(node.node)
    return function(reading, node, value, {key: reading.read(item) for key, item in given.items()})


def _formatted(reading: Expressions, node: nodes.Filter) -> Meaning:
    """``'%s/x' | format(y)``."""
    pattern = node.node.value if isinstance(node.node, nodes.Const) else None
    if not isinstance(pattern, str) or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise reading.refused("the filter 'format' of text that is not written out, or with named arguments")
    return reading.made(node, percent(reading, pattern, [reading.read(item) for item in node.args], node))


def _at(reading: Expressions, node: nodes.Node) -> str:
    return literal(reading.at(node))


def _list(reading: Expressions, node: nodes.Node, value: Meaning) -> Term:
    """*value* as the term of a list."""
    if isinstance(value, Several):
        return value.term
    term = value.value()
    return term if term.only(ARRAY) else called(ARRAY, "list", term, _at(reading, node))


def _known(reading: Expressions, given: Arguments, name: str, otherwise: Any) -> Any:
    """An argument that has to be written out."""
    value = given.get(name, Constant(otherwise))
    if not isinstance(value, Constant):
        raise reading.refused(f"a filter whose {name} is not written out")
    return value.known


@_filter()
def upper(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(STRING, "$uppercase", value.text()))


@_filter()
def lower(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(STRING, "$lowercase", value.text()))


@_filter("chars")
def trim(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, stripped(reading, value.text(), _known(reading, given, "chars", None), "strip"))


@_filter("old", "new")
def replace(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if len(given) != 2:
        raise reading.refused("the filter 'replace' without what to put in")
    texts = (value.text(), given["old"].text(), given["new"].text())
    return reading.made(node, called(STRING, "replace", *texts, _at(reading, node)))


@_filter("d", "attribute")
def join(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "attribute" in given:
        value = _mapped(reading, node, value, _known(reading, given, "attribute", ""))
    by = given.get("d", Constant("")).text()
    return reading.made(node, called(STRING, "join", _list(reading, node, value), by, _at(reading, node)))


@_filter(names=("length", "count"))
def length(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(INT, "length", value.value(), _at(reading, node)))


@_filter(names=("first", "last"))
def _end(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if isinstance(value, Several) and node.name == "last":
        raise reading.refused("the filter 'last' of the result of map or select")
    term = value.term if isinstance(value, Several) else value.value()
    at = _at(reading, node)
    found = called(
        ANY, "end", term, "0" if node.name == "first" else "-1", at, missing=f"{reading.at(node)}: it is empty"
    )
    return reading.made(node, found)


@_filter("default", "base")
def _int(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "base" in given:
        raise reading.refused("the filter 'int' with a base")
    default = given.get("default", Constant(0)).value()
    if not default.only(INT):
        raise reading.refused("the filter 'int' with a default that is no int")
    return reading.made(node, called(INT, "int", value.value(), default, _at(reading, node)))


@_filter("default")
def _float(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    default = given.get("default", Constant(0.0)).value()
    if not default.only(FLOAT):
        raise reading.refused("the filter 'float' with a default that is no float")
    return reading.made(node, called(FLOAT, "real", value.value(), default, _at(reading, node)))


@_filter()
def string(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, value.text())


@_filter("default_value", "boolean", names=("default", "d"))
def _default(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    otherwise = given.get("default_value", Constant(""))
    maybe = value.maybe()
    there = called(BOOLEAN, "$exists", maybe)
    if _known(reading, given, "boolean", False):
        there = made(BOOLEAN, "(", there, " ? ", called(BOOLEAN, "truth", maybe), " : false)")
    first = value.if_there() if isinstance(value, Outside) else value
    return Choice(there, first, otherwise, reading.at(node))


@_filter("indent")
def tojson(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "indent" in given:
        raise reading.refused("the filter 'tojson' with an indent")
    if reading.environment.policies["json.dumps_kwargs"] != {"sort_keys": True}:
        raise reading.refused("the filter 'tojson' with the Dag's own policy")
    term = value.value()
    if term.kinds & (MIXED | FLOAT):
        raise reading.refused("the filter 'tojson' of a computed float")
    return reading.made(node, called(STRING, "json", term, "true", _at(reading, node)))


@_filter("precision", "method")
def _round(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if _known(reading, given, "precision", 0) != 0:
        raise reading.refused("the filter 'round' with a precision, which JSONata rounds in another way")
    how = _known(reading, given, "method", "common")
    if how not in ("common", "ceil", "floor"):
        raise reading.refused(f"the filter 'round' with {how!r}")
    term = value.value()
    number = called(NUMBER, "number", term, _at(reading, node))
    if how == "common":
        return Rounded(number, reading.at(node))
    return reading.made(node, called(FLOAT, f"${how}", number))


@dataclass(frozen=True)
class Rounded(Meaning):
    """A rounded number: ``round`` leaves an ``int`` one, and makes a ``float`` of a ``float``."""

    number: Term
    at: str

    def value(self) -> Term:
        """The number."""
        kinds = self.number.kinds if self.number.only(INT) or self.number.only(FLOAT) else MIXED
        return called(kinds, "$round", self.number)

    def text(self) -> Term:
        """The text of the number, with the fraction that Python would write."""
        return super().text() if self.number.only(INT) else called(STRING, "rounded", self.number, literal(self.at))


@_filter()
def _abs(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    term = value.value()
    kinds = term.kinds if term.only(INT) or term.only(FLOAT) else NUMBER
    if term.kinds & MIXED:
        raise reading.refused("abs of what is an int for some values and a float for others")
    return reading.made(node, called(kinds, "$abs", called(kinds, "number", term, _at(reading, node))))


@_filter("attribute")
def _sum(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "attribute" in given:
        value = _mapped(reading, node, value, _known(reading, given, "attribute", ""))
    return reading.made(node, called(NUMBER, "sum", _list(reading, node, value), _at(reading, node)))


@_filter(names=("list",))
def _as_list(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, _list(reading, node, value))


@_filter("attribute")
def _map(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    positional = bool(node.args)
    if positional:
        name = _known(reading, given, "attribute", "")
        return _each(reading, node, value, lambda item: _applied(reading, str(name), item))
    return _mapped(reading, node, value, _known(reading, given, "attribute", ""))


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


@_filter("attribute", "test", "value", names=("selectattr", "rejectattr"))
def _select(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    attribute = _known(reading, given, "attribute", "")
    test = _known(reading, given, "test", "")
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
