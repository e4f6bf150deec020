"""Tests of templates (``x is none``), as far as JSONata can tell what they tell."""

from __future__ import annotations

from jinja2 import nodes
from jinja2.tests import TESTS

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.expressions import Expressions, reads
from airflow_sfn_ml.translators.jinja.meanings import Meaning
from airflow_sfn_ml.translators.jinja.operations import compared
from airflow_sfn_ml.translators.jinja.terms import BOOLEAN, FLOAT, INT, MIXED, Term, called, made

KINDS = {
    "none": ("null",),
    "string": ("string",),
    "boolean": ("boolean",),
    "number": ("number", "boolean"),
    "mapping": ("object",),
    "sequence": ("array", "string", "object"),
    "iterable": ("array", "string", "object"),
}
COMPARING = {
    "eq": "eq",
    "equalto": "eq",
    "==": "eq",
    "ne": "ne",
    "!=": "ne",
    "gt": "gt",
    "greaterthan": "gt",
    ">": "gt",
    "ge": "gteq",
    ">=": "gteq",
    "lt": "lt",
    "lessthan": "lt",
    "<": "lt",
    "le": "lteq",
    "<=": "lteq",
    "in": "in",
}
NUMERIC = {"odd": "= 1", "even": "= 0"}


@reads(nodes.Test)
def tested(reading: Expressions, node: nodes.Test) -> Meaning:
    """Whether the test *node* holds of a value.

    :raises Unsayable: the test is not known here, or is the Dag's own.
    """
    name = node.name
    if reading.environment.tests.get(name) is not TESTS.get(name, reading):
        raise reading.refused(f"the test {name!r}")
    value = reading.read(node.node)
    given = [reading.read(item) for item in node.args]
    return reading.made(node, _holds(reading, node, value, given))


def _holds(reading: Expressions, node: nodes.Test, value: Meaning, given: list[Meaning]) -> Term:
    name, at = node.name, literal(reading.at(node))
    if name in ("defined", "undefined") and not given:
        there = called(BOOLEAN, "$exists", value.maybe())
        return there if name == "defined" else called(BOOLEAN, "$not", there)
    if name in COMPARING and len(given) == 1:
        return compared(reading, COMPARING[name], value, given[0], node)
    if name == "divisibleby" and len(given) == 1:
        return made(BOOLEAN, "(", called(INT, "rest", value.value(), given[0].value(), at), " = 0)")
    if given or node.kwargs or node.dyn_args or node.dyn_kwargs:
        raise reading.refused(f"the test {name!r} with such arguments")
    term = value.value()
    if name in KINDS:
        wanted = ", ".join(f"'{kind}'" for kind in KINDS[name])
        return made(BOOLEAN, "($type(", term, f") in [{wanted}])")
    if name in NUMERIC:
        return made(BOOLEAN, "(", called(INT, "rest", term, "2", at), f" {NUMERIC[name]})")
    if name in ("true", "false"):
        return made(BOOLEAN, "(", term, f" = {name})")
    if name in ("integer", "float") and not term.kinds & (FLOAT | MIXED):
        return called(BOOLEAN, "isint" if name == "integer" else "isfloat", term)
    raise reading.refused(f"the test {name!r}")
