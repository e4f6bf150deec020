"""Expressions of templates with XComs of the group in them, as JSONata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jinja2 import Environment, nodes

from airflow_sfn_ml.asl.refs import Param
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja.meanings import (
    METHODS,
    Choice,
    Computed,
    Constant,
    Listed,
    Meaning,
    Outside,
    Selected,
    Unsayable,
)
from airflow_sfn_ml.translators.jinja.pulls import Members, constant_of, is_pull, outside_pull, pull_of, pulled
from airflow_sfn_ml.translators.jinja.source import source_of
from airflow_sfn_ml.translators.jinja.terms import (
    ANY,
    ARRAY,
    OBJECT,
    STRING,
    Piece,
    Term,
    called,
    made,
    separated,
)

HOW_TO = "do that in a task after the group, or in the job itself"
ELSEWHERE = f"does more with the XCom of a task of this group than a state machine can: %s; {HOW_TO}"

Reader = Callable[["Expressions", Any], Meaning]
_READERS: dict[type[nodes.Node], Reader] = {}


def reads(kind: type[nodes.Node]) -> Callable[[Reader], Reader]:
    """Register the decorated function to read nodes of *kind*."""

    def register(reader: Reader) -> Reader:
        _READERS[kind] = reader
        return reader

    return register


@dataclass(frozen=True)
class Expressions:
    """Reads the expressions of one template.

    :param where: the task and the place of the template, which complaints begin with.
    :param render: makes the parameter of what Airflow renders: of its source, and whether it becomes text.
    :param names: what the template's own names stand for.
    """

    where: str
    environment: Environment
    members: Members
    render: Callable[[str, bool], Param]
    names: Mapping[str, Meaning] = field(default_factory=dict)

    def knowing(self, **names: Meaning) -> Expressions:
        """The same, within a scope that knows *names* too."""
        return replace(self, names={**self.names, **names})

    def at(self, node: nodes.Node) -> str:
        """What a complaint about *node* begins with."""
        text = source_of(node)
        return f"{self.where}: {text if len(text) <= 100 else text[:97] + '...'}"

    def inside(self, node: nodes.Node) -> bool:
        """Whether *node* pulls from a task of the group, or uses a name of the template's own."""
        calls = [*([node] if isinstance(node, nodes.Call) else []), *node.find_all(nodes.Call)]
        named = [*([node] if isinstance(node, nodes.Name) else []), *node.find_all(nodes.Name)]
        return any(is_pull(call) and pulled(call, self.members) for call in calls) or any(
            name.name in self.names for name in named
        )

    def read(self, node: nodes.Node) -> Meaning:
        """What *node* stands for.

        :raises Unsayable: JSONata cannot say it.
        """
        known = constant_of(node, self.at(node))
        if known is not None:
            return known
        if not self.inside(node):
            return Outside(source_of(node), self.render, self.at(node))
        match node:
            case nodes.Name():
                return self.names[node.name]
            case nodes.Call():
                return self._call(node)
            case nodes.Getattr():
                return self._attribute(node)
            case nodes.Getitem():
                return self._item(node)
            case nodes.CondExpr():
                condition = self.read(node.test).truth()
                second = self.read(node.expr2) if node.expr2 else None
                return Choice(condition, self.read(node.expr1), second, self.at(node))
            case nodes.And() | nodes.Or():
                return self._logic(node)
            case nodes.List() | nodes.Tuple():
                return self.list_of([self.read(item) for item in node.items], node)
            case nodes.Dict():
                return self._dict(node)
            case _:
                reader = _READERS.get(type(node))
                if reader is None:
                    raise self.refused(type(node).__name__)
                return reader(self, node)

    def made(self, node: nodes.Node, term: Term) -> Computed:
        """*term* as what *node* stands for."""
        return Computed(term, self.at(node))

    def refused(self, what: str) -> Unsayable:
        """The error for what is not in this module's reach."""
        return Unsayable(ELSEWHERE % what)

    def list_of(self, items: list[Meaning], node: nodes.Node) -> Listed:
        """A list of *items*."""
        return Listed(tuple(items), self.at(node))

    # Parts of values

    def _attribute(self, node: nodes.Getattr) -> Meaning:
        if node.attr in METHODS:
            text = source_of(node.node)
            raise Unsayable(f"has {text}.{node.attr}, which is a method of dicts; write {text}['{node.attr}']")
        return self.selected(self.read(node.node), node.attr, node)

    def _item(self, node: nodes.Getitem) -> Meaning:
        value = self.read(node.node)
        if isinstance(node.arg, nodes.Slice):
            return self._slice(node, node.arg, value)
        key = self.read(node.arg)
        if isinstance(key, Constant):
            if isinstance(key.known, bool) or not isinstance(key.known, (str, int)):
                raise self.refused(f"[{source_of(node.arg)}]")
            return self.selected(value, key.known, node)
        at = self.at(node)
        return self.made(node, called(ANY, "at", value.value(), key.value(), missing=f"{at}: it is not there"))

    def selected(self, value: Meaning, key: str | int, node: nodes.Node) -> Meaning:
        """The part *key* of *value*."""
        at = self.at(node)
        if isinstance(value, Selected):
            return Selected(value.ref[key], at)
        term = called(ANY, "at", value.value(), Constant(key).value(), missing=f"{at}: it is not there")
        return self.made(node, term)

    def _slice(self, node: nodes.Getitem, cut: nodes.Slice, value: Meaning) -> Meaning:
        if cut.step is not None:
            raise self.refused("a slice with a step")
        ends: list[Piece] = []
        for end, otherwise in ((cut.start, "0"), (cut.stop, "null")):
            found = constant_of(end, "") if end else None
            if end and (found is None or not isinstance(found.known, int)):
                raise self.refused("a slice whose ends are not written out")
            ends.append(found.value() if found else otherwise)
        term = value.value()
        kinds = STRING if term.only(STRING) else ARRAY if term.only(ARRAY) else STRING | ARRAY
        return self.made(node, called(kinds, "slice", term, *ends, literal(self.at(node))))

    # Calls

    def _call(self, node: nodes.Call) -> Meaning:
        if is_pull(node):
            return self._pull(node)
        if isinstance(node.node, nodes.Getattr):
            return _READERS[nodes.Call](self, node)
        raise self.refused(f"{source_of(node.node)}()")

    def _pull(self, node: nodes.Call) -> Meaning:
        found = pull_of(node, self.members, self.at(node))
        if isinstance(found, Meaning):
            return found
        return self.list_of(
            [self.read(outside_pull(node, item)) if isinstance(item, str) else item for item in found], node
        )

    # Operators

    def _dict(self, node: nodes.Dict) -> Meaning:
        fields: list[Piece] = []
        for pair in node.items:
            key = self.read(pair.key)
            if not isinstance(key, Constant) or not isinstance(key.known, str):
                raise self.refused("a dict whose keys are not written out")
            fields.append(made(ANY, key.value(), ": ", self.read(pair.value).value()))
        return self.made(node, made(OBJECT, "{", *separated(fields), "}"))

    def _logic(self, node: nodes.And | nodes.Or) -> Meaning:
        left, right = self.read(node.left), self.read(node.right)
        first, second = (right, left) if isinstance(node, nodes.And) else (left, right)
        return Choice(left.truth(), first, second, self.at(node))
