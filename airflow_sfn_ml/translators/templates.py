"""Read an operator's arguments as Airflow would, but late: what each template stands for, not what it renders to.

What does not pull the XCom of a task of the group is a `Param`: rendered by Airflow when it starts the execution, with
all that Airflow offers (macros, filters, connections). What pulls one is read while the machine runs: a `Ref`, or what
`translators.jinja` makes of the template around it. Rendered at the start it would silently become ``None``, so what
cannot be said, or hides the task's id in an expression, is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow.sdk.definitions._internal.expandinput import MappedArgument
from airflow.sdk.definitions._internal.types import is_arg_set
from airflow.sdk.definitions.xcom_arg import ConcatXComArg, PlainXComArg, XComArg, ZipXComArg
from jinja2 import Environment, TemplateNotFound

from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Path, Ref, pointer
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.exceptions import UnsupportedTemplate
from airflow_sfn_ml.translators.jinja.meanings import Unsayable
from airflow_sfn_ml.translators.jinja.pulls import Members, no_operator
from airflow_sfn_ml.translators.jinja.template import Place, template_symbol
from airflow_sfn_ml.translators.preparations import Prepared, Step, Whole, read_prepared


def plain_environment() -> Environment:
    """The way of reading templates of an operator that has none of its own."""
    return Environment()


@dataclass
class Reading:
    """One task's arguments while they are read.

    :param task: the task's name in the group, under which its values stand in the execution's input.
    :param members: the names of the group's tasks by their Airflow task ids.
    :param params: filled here: what Airflow has to render, by JSON pointer.
    :param preparations: filled here: what is done to them after that.
    :param environment: makes the Jinja environment of the task; called when there is a template.
    :param operator: the operator of a task id of the group, or None.
    :param mapped_over: what the mapped group expands over that the task is in, if it is in one.
    """

    task: str
    members: Mapping[str, str]
    dag_id: str = ""
    native: bool = False
    template_ext: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    preparations: dict[str, tuple[Step, ...]] = field(default_factory=dict)
    environment: Callable[[], Environment] = plain_environment
    operator: Callable[[str], Any] = no_operator
    mapped_over: Any = None

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
            case MappedArgument() if value._input is self.mapped_over:
                return Item((value._key,))
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
        is_file = bool(self.template_ext) and value.endswith(self.template_ext)
        if not is_file and "{{" not in value and "{%" not in value:
            return value
        environment = self.environment()
        template = _file(value, environment) if is_file else value
        if template is None:
            return self._param(value, path)
        members = Members(self.members, self.dag_id, self.operator)
        place = Place(f"{self.task}: {_where(path)}", path, members, self._param, self.native)
        try:
            symbol = template_symbol(template, environment, place)
        except Unsayable as error:
            raise UnsupportedTemplate(f"{place.where}: {error}") from None
        return self._param(value, path) if symbol is None else symbol

    def _xcom(self, value: XComArg, path: Path) -> Any:
        inside = [operator.task_id for operator, _ in value.iter_references() if operator.task_id in self.members]
        if not inside:
            return self._param(value, path)
        match value:
            case PlainXComArg():
                try:
                    return Members(self.members, self.dag_id, self.operator).pushed(inside[0], value.key)
                except Unsayable as error:
                    raise UnsupportedTemplate(f"{self.task}: {_where(path)}: {error}") from None
            case ZipXComArg() if not is_arg_set(value.fillvalue):
                return self._lists("zip", value.args, path)
            case ConcatXComArg():
                return self._lists("concat", value.args, path)
            case _:
                raise UnsupportedTemplate(
                    f"{self.task}: {_where(path)}: .map(), and .zip() with a fillvalue, over the output of {inside[0]} "
                    "cannot run in the state machine; use them in a task after the group, or a template with a filter"
                )

    def _lists(self, name: str, given: Sequence[XComArg], path: Path) -> Code:
        """``.zip()`` and ``.concat()`` of *given*. A list written within another one stays a list of its own."""
        at = literal(f"{self.task}: {_where(path)}")
        parts: list[str | Given] = [f"$py_{name}(["]
        for position, item in enumerate(given):
            before = ", " if position else ""
            parts += [f"{before}[$py_list(", Given(self._xcom(item, (*path, position))), f", {at})]"]
        return Code((*parts, "])"))

    def _param(self, value: Any, path: Path) -> Param:
        where = pointer(path)
        self.params[where] = value
        return Param(self.task, where)


def _file(name: str, environment: Environment) -> str | None:
    """The text of the template file *name*, if it can be found already."""
    if environment.loader is None:
        return None
    try:
        return environment.loader.get_source(environment, name)[0]
    except TemplateNotFound:
        return None


def _where(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".") or "the request"
