"""Write a part of a template's tree as the text of a template again."""

from __future__ import annotations

from jinja2 import nodes

_BINARY = {
    nodes.Add: "+",
    nodes.Sub: "-",
    nodes.Mul: "*",
    nodes.Div: "/",
    nodes.FloorDiv: "//",
    nodes.Mod: "%",
    nodes.Pow: "**",
    nodes.And: "and",
    nodes.Or: "or",
}
_COMPARING = {
    "eq": "==",
    "ne": "!=",
    "gt": ">",
    "gteq": ">=",
    "lt": "<",
    "lteq": "<=",
    "in": "in",
    "notin": "not in",
}
_WORDS = {None: "none", True: "true", False: "false"}


def source_of(node: nodes.Node) -> str:
    """The text of the expression *node*; its parts are in parentheses wherever the text could be read in two ways."""
    match node:
        case nodes.Const(value=bool() | None as value):
            return _WORDS[value]
        case nodes.Const(value=value):
            return repr(value)
        case nodes.TemplateData(data=text):
            return repr(text)
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr():
            return f"{_inner(node.node)}.{node.attr}"
        case nodes.Getitem():
            return f"{_inner(node.node)}[{source_of(node.arg)}]"
        case nodes.Slice():
            return _slice(node)
        case nodes.Call():
            return f"{_inner(node.node)}({_arguments(node)})"
        case nodes.Filter() | nodes.Test():
            return _filtered(node)
        case nodes.CondExpr():
            otherwise = f" else {_inner(node.expr2)}" if node.expr2 else ""
            return f"{_inner(node.expr1)} if {_inner(node.test)}{otherwise}"
        case nodes.Compare():
            return _inner(node.expr) + "".join(f" {_COMPARING[item.op]} {_inner(item.expr)}" for item in node.ops)
        case nodes.Concat():
            return " ~ ".join(map(_inner, node.nodes))
        case nodes.BinExpr():
            return f"{_inner(node.left)} {_BINARY[type(node)]} {_inner(node.right)}"
        case nodes.Not():
            return f"not {_inner(node.node)}"
        case nodes.Neg() | nodes.Pos():
            return f"{'-' if isinstance(node, nodes.Neg) else '+'}{_inner(node.node)}"
        case nodes.List():
            return f"[{', '.join(map(source_of, node.items))}]"
        case nodes.Tuple():
            return f"({', '.join(map(source_of, node.items))}{',' if len(node.items) == 1 else ''})"
        case nodes.Dict():
            return f"{{{', '.join(f'{source_of(pair.key)}: {source_of(pair.value)}' for pair in node.items)}}}"
        case _:
            raise TypeError(f"{type(node).__name__} is no expression")


def _inner(node: nodes.Node) -> str:
    """*node* as a part of another expression."""
    text = source_of(node)
    closed = (nodes.Name, nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Const, nodes.List, nodes.Tuple, nodes.Dict)
    negative = isinstance(node, nodes.Const) and not isinstance(node.value, (str, bool)) and text.startswith("-")
    number = isinstance(node, nodes.Const) and isinstance(node.value, (int, float)) and not isinstance(node.value, bool)
    return text if isinstance(node, closed) and not negative and not number else f"({text})"


def _slice(node: nodes.Slice) -> str:
    start, stop, step = (source_of(part) if part else "" for part in (node.start, node.stop, node.step))
    return f"{start}:{stop}:{step}" if step else f"{start}:{stop}"


def _arguments(node: nodes.Call | nodes.Filter | nodes.Test) -> str:
    texts = [source_of(item) for item in node.args]
    texts += [f"{item.key}={source_of(item.value)}" for item in node.kwargs]
    texts += [f"*{_inner(node.dyn_args)}"] if node.dyn_args else []
    texts += [f"**{_inner(node.dyn_kwargs)}"] if node.dyn_kwargs else []
    return ", ".join(texts)


def _filtered(node: nodes.Filter | nodes.Test) -> str:
    given = _arguments(node)
    mark = "|" if isinstance(node, nodes.Filter) else "is"
    assert node.node is not None
    return f"{_inner(node.node)} {mark} {node.name}{f'({given})' if given else ''}"
