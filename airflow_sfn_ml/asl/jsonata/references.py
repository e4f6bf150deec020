"""What an expression reads: variables, fields of ``$states``, and names that nothing precedes.

Step Functions evaluates an expression without a context item, so the first step of a path must be a variable. What
stands in later steps, predicates, sort terms and groupings reads the value before it, and may be a name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_sfn_ml.asl.jsonata.nodes import Node

FUNCTIONS = frozenset(
    [
        "string",
        "length",
        "substring",
        "substringBefore",
        "substringAfter",
        "lowercase",
        "uppercase",
        "trim",
        "pad",
        "contains",
        "split",
        "join",
        "match",
        "replace",
        "base64encode",
        "base64decode",
        "encodeUrl",
        "encodeUrlComponent",
        "decodeUrl",
        "decodeUrlComponent",
        "number",
        "abs",
        "floor",
        "ceil",
        "round",
        "power",
        "sqrt",
        "random",
        "formatNumber",
        "formatBase",
        "formatInteger",
        "parseInteger",
        "sum",
        "max",
        "min",
        "average",
        "boolean",
        "not",
        "exists",
        "count",
        "append",
        "sort",
        "reverse",
        "shuffle",
        "distinct",
        "zip",
        "keys",
        "lookup",
        "spread",
        "merge",
        "each",
        "error",
        "assert",
        "type",
        "sift",
        "map",
        "filter",
        "single",
        "reduce",
        "now",
        "millis",
        "fromMillis",
        "toMillis",
        "partition",
        "range",
        "hash",
        "uuid",
        "parse",
    ]
)
"""JSONata 2.0's functions without $eval, and those that Step Functions adds."""


@dataclass(frozen=True)
class References:
    """What one expression refers to.

    :param top_level: names, ``$`` and ``$$`` that are read where there is nothing to read them from.
    :param states: the fields read of ``$states``; ``""`` where it is read as a whole.
    :param variables: the variables read that the expression does not bind itself, without ``$``; no functions.
    :param functions: the same for what is called.
    """

    top_level: tuple[str, ...]
    states: frozenset[str]
    variables: frozenset[str]
    functions: frozenset[str]


def references(node: Node) -> References:
    """What the expression *node* refers to."""
    bound = {name for part in _walk(node) for name in _binds(part)}
    called = {id(part.children[0]) for part in _walk(node) if part.kind == "call"}
    names: set[str] = set()
    functions: set[str] = set()
    fields: set[str] = set()
    whole: set[int] = {id(part) for part in _walk(node) if _is_states(part)}
    for part in _walk(node):
        if part.kind == "binary" and part.value == "." and _is_states(_head(part.children[0])):
            if part.children[0].kind == "variable":
                fields.add(_field(part.children[1]))
                whole.discard(id(part.children[0]))
        elif part.kind == "variable" and part.value not in ("", "$", "states") and part.value not in bound:
            (functions if id(part) in called or part.value in FUNCTIONS else names).add(part.value)
    if whole:
        fields.add("")
    return References(tuple(dict.fromkeys(_top_level(node))), frozenset(fields), frozenset(names), frozenset(functions))


def _walk(node: Node) -> Iterator[Node]:
    todo = [node]
    while todo:
        part = todo.pop()
        yield part
        todo += part.children


def _binds(node: Node) -> tuple[str, ...]:
    if node.kind == "lambda":
        return tuple(node.value)
    if node.kind == "binary" and node.value == ":=":
        return (node.children[0].value,)
    if node.kind == "binary" and node.value in ("@", "#"):
        return (node.children[1].value,)
    return ()


def _is_states(node: Node) -> bool:
    return node.kind == "variable" and node.value == "states"


def _head(node: Node) -> Node:
    """The node that the steps and predicates of *node* start from."""
    while node.kind in ("group", "sort") or (node.kind == "binary" and node.value in (".", "[", "@", "#")):
        node = node.children[0]
    return node


def _field(step: Node) -> str:
    head = _head(step)
    return str(head.value) if head.kind in ("name", "string") else ""


def _top_level(node: Node) -> Iterator[str]:
    todo = [node]
    while todo:
        part = _head(todo.pop())
        if part.kind == "name":
            yield part.value
        elif part.kind == "variable":
            if part.value in ("", "$"):
                yield "$" + part.value
        elif part.kind == "binary" and part.value == ":=":
            todo.append(part.children[1])
        elif part.kind != "transform":
            todo += reversed(part.children)
