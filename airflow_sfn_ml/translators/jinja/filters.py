"""Filters of templates, as far as JSONata can do exactly what they do: those of text and numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes
from jinja2.filters import FILTERS

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.expressions import Expressions, reads
from airflow_sfn_ml.translators.jinja.meanings import Choice, Constant, Meaning, Outside
from airflow_sfn_ml.translators.jinja.methods import percent, stripped
from airflow_sfn_ml.translators.jinja.terms import (
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


def jinja_filter(*parameters: str, names: tuple[str, ...] = ()) -> Callable[[Filter], Filter]:
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


def at_of(reading: Expressions, node: nodes.Node) -> str:
    """The literal that complaints about *node* begin with."""
    return literal(reading.at(node))


def written(reading: Expressions, given: Arguments, name: str, otherwise: Any) -> Any:
    """The argument *name*, which has to be written out."""
    value = given.get(name, Constant(otherwise))
    if not isinstance(value, Constant):
        raise reading.refused(f"a filter whose {name} is not written out")
    return value.known


@jinja_filter()
def upper(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(STRING, "$uppercase", value.text()))


@jinja_filter()
def lower(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(STRING, "$lowercase", value.text()))


@jinja_filter("chars")
def trim(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, stripped(reading, value.text(), written(reading, given, "chars", None), "strip"))


@jinja_filter("old", "new")
def replace(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if len(given) != 2:
        raise reading.refused("the filter 'replace' without what to put in")
    texts = (value.text(), given["old"].text(), given["new"].text())
    return reading.made(node, called(STRING, "replace", *texts, at_of(reading, node)))


@jinja_filter(names=("length", "count"))
def length(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, called(INT, "length", value.value(), at_of(reading, node)))


@jinja_filter("default", "base")
def _int(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "base" in given:
        raise reading.refused("the filter 'int' with a base")
    default = given.get("default", Constant(0)).value()
    if not default.only(INT):
        raise reading.refused("the filter 'int' with a default that is no int")
    return reading.made(node, called(INT, "int", value.value(), default, at_of(reading, node)))


@jinja_filter("default")
def _float(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    default = given.get("default", Constant(0.0)).value()
    if not default.only(FLOAT):
        raise reading.refused("the filter 'float' with a default that is no float")
    return reading.made(node, called(FLOAT, "real", value.value(), default, at_of(reading, node)))


@jinja_filter()
def string(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    return reading.made(node, value.text())


@jinja_filter("default_value", "boolean", names=("default", "d"))
def _default(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    otherwise = given.get("default_value", Constant(""))
    maybe = value.maybe()
    there = called(BOOLEAN, "$exists", maybe)
    if written(reading, given, "boolean", False):
        there = made(BOOLEAN, "(", there, " ? ", called(BOOLEAN, "truth", maybe), " : false)")
    first = value.if_there() if isinstance(value, Outside) else value
    return Choice(there, first, otherwise, reading.at(node))


@jinja_filter("indent")
def tojson(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if "indent" in given:
        raise reading.refused("the filter 'tojson' with an indent")
    if reading.environment.policies["json.dumps_kwargs"] != {"sort_keys": True}:
        raise reading.refused("the filter 'tojson' with the Dag's own policy")
    term = value.value()
    if term.kinds & (MIXED | FLOAT):
        raise reading.refused("the filter 'tojson' of a computed float")
    return reading.made(node, called(STRING, "json", term, "true", at_of(reading, node)))


@jinja_filter("precision", "method")
def _round(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    if written(reading, given, "precision", 0) != 0:
        raise reading.refused("the filter 'round' with a precision, which JSONata rounds in another way")
    how = written(reading, given, "method", "common")
    if how not in ("common", "ceil", "floor"):
        raise reading.refused(f"the filter 'round' with {how!r}")
    term = value.value()
    number = called(NUMBER, "number", term, at_of(reading, node))
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


@jinja_filter()
def _abs(reading: Expressions, node: nodes.Filter, value: Meaning, given: Arguments) -> Meaning:
    term = value.value()
    kinds = term.kinds if term.only(INT) or term.only(FLOAT) else NUMBER
    if term.kinds & MIXED:
        raise reading.refused("abs of what is an int for some values and a float for others")
    return reading.made(node, called(kinds, "$abs", called(kinds, "number", term, at_of(reading, node))))
