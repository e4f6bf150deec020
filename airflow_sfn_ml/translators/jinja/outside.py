"""A part of a template that Airflow renders when it starts the execution, while the rest waits for other tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Undefined


@dataclass(frozen=True)
class Piece:
    """An expression in the text of a template, rendered alone. Airflow renders it as it does its own references.

    :param source: the expression, without braces.
    :param text: whether its ``str`` is wanted; else the value, which has to be JSON.
    """

    source: str
    text: bool = False

    def resolve(self, context: Mapping[str, Any]) -> Any:
        """The value of the expression, with the settings of the task in *context*."""
        environment = context["task"].get_template_env()
        value = environment.compile_expression(self.source, undefined_to_none=False)(**context)
        if self.text or isinstance(value, Undefined):
            return str(value)
        return _json(value, self.source)


def _json(value: Any, source: str) -> Any:
    match value:
        case float() if value.is_integer():
            raise TypeError(f"{source} is {value}, a whole float, which a state machine cannot tell from an int")
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): _json(item, source) for key, item in value.items()}
        case _ if hasattr(value, "__iter__") and not isinstance(value, (bytes, bytearray)):
            return [_json(item, source) for item in value]
        case _:
            raise TypeError(
                f"{source} is a {type(value).__name__}, which cannot be computed with in a state machine; make text of "
                "it, with ~ '' for instance"
            )
