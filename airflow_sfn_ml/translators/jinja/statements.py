"""A template as a whole: its text, its blocks, and the names that it sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jinja2 import nodes

from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.jinja import checks as checks
from airflow_sfn_ml.translators.jinja import operations as operations
from airflow_sfn_ml.translators.jinja.expressions import HOW_TO, Expressions
from airflow_sfn_ml.translators.jinja.lists import item_name
from airflow_sfn_ml.translators.jinja.meanings import Choice, Computed, Meaning, Unsayable
from airflow_sfn_ml.translators.jinja.terms import (
    ARRAY,
    BOOLEAN,
    INT,
    OBJECT,
    STRING,
    Piece,
    Term,
    called,
    made,
    separated,
)


def pieces(reading: Expressions, body: list[nodes.Node]) -> list[Meaning]:
    """What the statements in *body* put out, one after another.

    :raises Unsayable: a block is more than JSONata can say.
    """
    found: list[Meaning] = []
    for node in body:
        match node:
            case nodes.Output():
                found += [reading.read(item) for item in node.nodes]
            case nodes.Assign(target=nodes.Name(name=name)):
                reading = reading.knowing(**{name: reading.read(node.node)})
            case nodes.AssignBlock(target=nodes.Name(name=name), filter=None):
                reading = reading.knowing(**{name: Computed(text_of(reading, node.body), reading.where)})
            case nodes.If():
                found.append(_if(reading, node))
            case nodes.For():
                found.append(Computed(_for(reading, node), reading.where))
            case _:
                raise Unsayable(
                    "pulls the XCom of a task of this group in a template with a block that a state machine does not "
                    f"have ({type(node).__name__}); {HOW_TO}"
                )
    return found


def text_of(reading: Expressions, body: list[nodes.Node]) -> Term:
    """The text that *body* puts out."""
    texts = [piece.text() for piece in pieces(reading, body)]
    if not texts:
        return made(STRING, "''")
    return texts[0] if len(texts) == 1 else made(STRING, "(", *separated(texts, " & "), ")")


def _if(reading: Expressions, node: nodes.If) -> Meaning:
    """One text or another. A name set in a block would be known after it, which nothing here is."""
    ways = [node, *node.elif_]
    _no_names(node)
    meaning: Meaning = Computed(text_of(reading, node.else_), reading.where)
    for way in reversed(ways):
        first = Computed(text_of(reading, way.body), reading.where)
        meaning = Choice(reading.read(way.test).truth(), first, meaning, reading.where)
    return meaning


def _no_names(node: nodes.Node) -> None:
    if any(True for _ in node.find_all((nodes.Assign, nodes.AssignBlock))):
        raise Unsayable("sets a name inside of a block, with the XCom of a task of this group in it; set it before")


@dataclass(frozen=True)
class Loop:
    """The variables of one loop.

    :param items: the code of the list that it runs over.
    """

    number: str
    items: str

    def names(self) -> dict[str, Meaning]:
        """What ``loop.index`` and the others stand for."""
        last = f"({self.number} = $count({self.items}) - 1)"
        return {
            "index": _is(INT, f"({self.number} + 1)"),
            "index0": _is(INT, self.number),
            "first": _is(BOOLEAN, f"({self.number} = 0)"),
            "last": _is(BOOLEAN, last),
            "length": _is(INT, f"$count({self.items})"),
        }


def _is(kinds: frozenset[str], code: str) -> Meaning:
    return Computed(Term((code,), kinds))


def _for(reading: Expressions, node: nodes.For) -> Term:
    """The texts of all items, joined."""
    if node.recursive:
        raise Unsayable("has a recursive loop over the XCom of a task of this group")
    depth = len(reading.names)
    name, known = item_name(reading)
    loop = Loop(f"$number{depth}", f"$items{depth}")
    targets, listed = _targets(reading, node, name, known)
    inner = reading.knowing(**targets)
    if node.test:
        holds = inner.read(node.test).truth()
        code = made(ARRAY, f"function($all, {name}) {{", holds, f" ? $append($all, $py_one({name})) : $all}}")
        listed = called(ARRAY, "$reduce", listed, code, "[]")
    used = {item.attr for item in _loop_uses(node)}
    if used - set(loop.names()):
        raise Unsayable(f"uses loop.{sorted(used - set(loop.names()))[0]} over the XCom of a task of this group")
    body = [_without_loop(item, depth) for item in node.body]
    inner = inner.knowing(**{f"loop{depth}.{key}": value for key, value in loop.names().items()})
    each = made(STRING, f"function({name}, {loop.number}) {{", text_of(inner, body), "}")
    otherwise = text_of(reading, node.else_)
    joined: list[Piece] = [
        f"({loop.items} := ", listed, f"; $count({loop.items}) = 0 ? ", otherwise,
        f" : $join($map({loop.items}, ", each, "), ''))",
    ]  # fmt: skip
    return made(STRING, *joined)


def _targets(reading: Expressions, node: nodes.For, name: str, known: Computed) -> tuple[dict[str, Meaning], Term]:
    """The names that the loop sets, and the list that it runs over."""
    at = literal(f"{reading.where}: the loop over {reading.at(node.iter).removeprefix(reading.where + ': ')}")
    match node.target, node.iter:
        case nodes.Name(name=target), _:
            values = reading.read(node.iter).value()
            if not values.kinds & ARRAY:
                raise Unsayable("loops over what is no list, in a template with the XCom of a task of this group")
            return {target: known}, values if values.only(ARRAY) else called(ARRAY, "list", values, at)
        case (
            nodes.Tuple(items=[nodes.Name(name=key), nodes.Name(name=item)]),
            nodes.Call(node=nodes.Getattr(attr="items", node=of), args=[]),
        ):
            whole = called(OBJECT, "object", reading.read(of).value(), at)
            value = made(known.term.kinds, "$lookup(", whole, f", {name})")
            text = Computed(Term((name,), STRING), reading.where)
            return {key: text, item: Computed(value, reading.where)}, made(ARRAY, "[$keys(", whole, ")]")
        case _:
            raise Unsayable("has a loop with several names, other than: for key, value in x.items()")


def _loop_uses(node: nodes.For) -> Iterator[Any]:
    for item in node.find_all(nodes.Getattr):
        if isinstance(item.node, nodes.Name) and item.node.name == "loop":
            yield item


def _without_loop(node: nodes.Node, depth: int) -> nodes.Node:
    """*node* with ``loop.x`` as a name of its own, since there is no value for ``loop``."""
    for field, value in node.iter_fields():
        if isinstance(value, list):
            setattr(node, field, [_named(item, depth) if isinstance(item, nodes.Node) else item for item in value])
        elif isinstance(value, nodes.Node):
            setattr(node, field, _named(value, depth))
    return node


def _named(node: nodes.Node, depth: int) -> nodes.Node:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop":
        return nodes.Name(f"loop{depth}.{node.attr}", "load")
    if isinstance(node, nodes.For):
        return node
    return _without_loop(node, depth)
