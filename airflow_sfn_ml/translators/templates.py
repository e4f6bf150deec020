"""Read an operator's arguments as Airflow would, but late: what each template stands for, not what it renders to.

A string is cut at its ``{{ ... }}``. A piece that pulls the XCom of another task of the group is a `Ref`, read while
the machine runs; every other piece is a `Param`, rendered by Airflow when it starts the execution with all that
Airflow offers (macros, filters, connections). What mixes both within one piece, or hides the task's id in an
expression, is refused: rendered at the start it would silently become ``None``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.definitions.xcom_arg import PlainXComArg, XComArg
from jinja2 import Environment, TemplateSyntaxError, nodes

from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Path, Ref, Text, pointer
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.translators.preparations import Prepared, Step, Whole, read_prepared

_ENVIRONMENT = Environment()  # only parses; nothing is ever rendered with it
RETURN_VALUE = "return_value"


@dataclass
class Reading:
    """One task's arguments while they are read.

    :param task: the task's name in the group, under which its values stand in the execution's input.
    :param members: the names of the group's tasks by their Airflow task ids.
    :param params: filled here: what Airflow has to render, by JSON pointer.
    :param preparations: filled here: what is done to them after that.
    """

    task: str
    members: Mapping[str, str]
    dag_id: str = ""
    native: bool = False
    template_ext: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    preparations: dict[str, tuple[Step, ...]] = field(default_factory=dict)

    def read(self, value: Any, path: Path = ()) -> Any:
        """*value* with every template and XCom replaced by what it stands for.

        :raises UnsupportedTemplate: a template cannot be split into what is known at the start and what is known later.
        """
        match value:
            case str():
                return self._string(value, path)
            case XComArg():
                return self._xcom(value, path)
            case dict():
                return {key: self.read(item, (*path, key)) for key, item in value.items()}
            case list() | tuple():
                return [self.read(item, (*path, position)) for position, item in enumerate(value)]
            case Ref() | Item() | None | bool() | int() | float():
                return value
            case Code():
                return self._code(value, path)
            case Prepared():
                return read_prepared(self, value, path)
            case Whole():
                return self.read(value.value, path)
            case _ if hasattr(value, "resolve") or hasattr(value, "template_fields"):
                return self._param(value, path)
            case _:
                raise UnsupportedTemplate(
                    f"{self.task}: {_where(path)} is a {type(value).__name__}, which is neither JSON nor an Airflow "
                    "value"
                )

    def _code(self, value: Code, path: Path) -> Code:
        """*value* with everything read that is given in it; each value has a place of its own."""
        return Code(
            tuple(
                Given(self.read(part.value, (*path, position))) if isinstance(part, Given) else part
                for position, part in enumerate(value.parts)
            )
        )

    def _string(self, value: str, path: Path) -> Any:
        if value.endswith(self.template_ext) and self.template_ext:
            return self._param(value, path)
        if "{{" not in value and "{%" not in value:
            return value
        pieces = self._pieces(value, path)
        if not any(isinstance(piece, Ref) for piece in pieces):
            return self._param(value, path)
        if len(pieces) == 1 and self.native:
            return pieces[0]
        parts: list[str | Ref | Param] = []
        for position, piece in enumerate(pieces):
            if isinstance(piece, Ref):
                parts.append(piece)
            elif isinstance(piece, _Literal):
                parts.append(piece.text)
            else:
                parts.append(self._param(piece, (*path, position) if len(pieces) > 1 else path))
        return Text(tuple(parts))

    def _pieces(self, value: str, path: Path) -> list[Ref | _Literal | str]:
        """The `{{ ... }}` of *value* (those that Airflow renders as their source) and the text between them."""
        try:
            _ENVIRONMENT.parse(value)
            tokens = list(_ENVIRONMENT.lex(value))
        except TemplateSyntaxError as error:
            raise UnsupportedTemplate(f"{self.task}: {_where(path)}: {value!r} is not valid Jinja: {error}") from None
        pieces: list[Ref | _Literal | str] = []
        blocks = False
        source = ""
        for _, kind, text in tokens:
            if kind == "data":
                pieces.append(_Literal(text))
            elif kind == "variable_begin":
                source = text
            elif kind == "variable_end":
                pieces.append(self._expression(source + text, path))
            elif kind in ("block_begin", "raw_begin", "comment_begin"):
                blocks = True
                source = ""
            else:
                source += text
        if blocks:
            if self._pulls_member(value, path):
                raise UnsupportedTemplate(
                    f"{self.task}: {_where(path)} pulls the XCom of a task of this group inside of a {{% %}} block, "
                    "which "
                    "is rendered before that task has run; pull it in a {{ }} of its own"
                )
            return [value]
        return pieces

    def _expression(self, source: str, path: Path) -> Ref | str:
        """The reference that ``{{ ... }}`` stands for, or its source when Airflow can render it at the start."""
        try:
            body = _ENVIRONMENT.parse(source)
        except TemplateSyntaxError as error:
            raise UnsupportedTemplate(f"{self.task}: {_where(path)}: {source!r} is not valid Jinja: {error}") from None
        calls = [call for call in body.find_all(nodes.Call) if _is_pull(call)]
        inside = [call for call in calls if self._pulled_member(call, path)]
        if not inside:
            return source
        output = body.body[0]
        assert isinstance(output, nodes.Output)
        reference = self._reference(output.nodes[0], path) if len(output.nodes) == 1 else None
        if reference is None:
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: {source} does more with the XCom of a task of this group than "
                "selecting a "
                "part of it; do that in a task after the group, or in the job itself"
            )
        return reference

    def _reference(self, node: nodes.Node, path: Path) -> Ref | None:
        match node:
            case nodes.Call() if _is_pull(node):
                member = self._pulled_member(node, path)
                return Ref(member) if member else None
            case nodes.Getitem(arg=nodes.Const(value=str() | int() as key)):
                inner = self._reference(node.node, path)
                return inner[key] if inner else None
            case nodes.Getattr():
                inner = self._reference(node.node, path)
                return inner[node.attr] if inner else None
            case _:
                return None

    def _pulled_member(self, call: nodes.Call, path: Path) -> str | None:
        """The task of this group whose XCom *call* pulls, if it is one."""
        named = {keyword.key: keyword.value for keyword in call.kwargs}
        tasks = call.args[0] if call.args else named.get("task_ids")
        if tasks is None:
            raise UnsupportedTemplate(f"{self.task}: {_where(path)}: xcom_pull needs the task's id: task_ids='...'")
        try:
            ids = tasks.as_const()
            key = named["key"].as_const() if "key" in named else RETURN_VALUE
            dag = named["dag_id"].as_const() if "dag_id" in named else None
        except nodes.Impossible:
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: the ids and keys of xcom_pull must be written out, so that it is known "
                "whether they are tasks of this group"
            ) from None
        found = [self.members[item] for item in ([ids] if isinstance(ids, str) else ids) if item in self.members]
        if not found or (dag is not None and dag != self.dag_id):
            return None
        if not isinstance(ids, str):
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: xcom_pull of several tasks at once cannot name a task of this group; "
                "pull them one by one"
            )
        if key != RETURN_VALUE:
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: {ids} pushes no XCom {key!r}; its result is in 'return_value', the "
                "default"
            )
        return found[0]

    def _pulls_member(self, value: str, path: Path) -> bool:
        calls = (call for call in _ENVIRONMENT.parse(value).find_all(nodes.Call) if _is_pull(call))
        return any(self._pulled_member(call, path) for call in calls)

    def _xcom(self, value: XComArg, path: Path) -> Any:
        inside = [operator.task_id for operator, _ in value.iter_references() if operator.task_id in self.members]
        if not inside:
            return self._param(value, path)
        if not isinstance(value, PlainXComArg):
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: .map(), .zip() and .concat() over the output of {inside[0]} cannot "
                "run in "
                "the state machine; use them in a task after the group"
            )
        if value.key != RETURN_VALUE:
            raise UnsupportedTemplate(
                f"{self.task}: {_where(path)}: .output[{value.key!r}] is the XCom of that key, and {inside[0]} "
                "pushes only "
                f"'return_value'; for a part of it write {{{{ ti.xcom_pull(task_ids='{inside[0]}')['{value.key}'] }}}}"
            )
        return Ref(self.members[inside[0]])

    def _param(self, value: Any, path: Path) -> Param:
        where = pointer(path)
        self.params[where] = value
        return Param(self.task, where)


@dataclass(frozen=True)
class _Literal:
    text: str


def _is_pull(call: nodes.Call) -> bool:
    match call.node:
        case nodes.Getattr(attr="xcom_pull", node=nodes.Name(name="ti" | "task_instance")):
            return True
        case _:
            return False


def _where(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the request"
