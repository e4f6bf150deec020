"""The values that a row of the table takes of an operator, read late and not yet rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.translators.preparations import Preparation, Prepared, Step, prepared, verbatim


class _Omit:
    """The class of `OMIT`."""

    def __repr__(self) -> str:
        return "OMIT"


OMIT = _Omit()
"""What a function of an argument returns for: leave the field out."""
Number = int | str | Callable[[Any], int | None] | None
"""A number, the attribute that says it, or a function of the operator."""


@dataclass(frozen=True)
class Attr:
    """An attribute of the operator; made by `attr`."""

    name: str
    steps: tuple[Step | Preparation, ...] = ()
    default: Any = None
    empty: bool = False

    def of(self, operator: Any) -> Any:
        """Its value, to be read by `Reading`; `OMIT` if there is none."""
        value = getattr(operator, self.name, None)
        if value is None or (not self.empty and isinstance(value, (str, list, tuple, dict)) and not value):
            value = self.default
        if value is None:
            return OMIT
        if isinstance(value, Enum):
            value = value.value
        if self.name not in getattr(operator, "template_fields", ()):
            value = verbatim(value, tuple(getattr(operator, "template_ext", ())))
        return prepared(value, *self.steps)


def attr(name: str, *steps: Step | Preparation, default: Any = None, empty: bool = False) -> Attr:
    """The attribute *name* of the operator as the value of an argument.

    :param steps: what the operator does to it before the call.
    :param default: instead of None, and of an empty value unless *empty* is true.
    """
    return Attr(name, steps, default, empty)


def filled(spec: Any, operator: Any) -> Any:
    """*spec* with the values of *operator* in the places of attributes and functions; empty places are left out."""
    match spec:
        case Attr():
            return spec.of(operator)
        case Code():
            return Code(
                tuple(
                    Given(_present(filled(part.value, operator))) if isinstance(part, Given) else part
                    for part in spec.parts
                )
            )
        case Mapping():
            pairs = ((key, filled(value, operator)) for key, value in spec.items())
            return {key: value for key, value in pairs if value is not OMIT}
        case list() | tuple():
            return [value for value in (filled(item, operator) for item in spec) if value is not OMIT]
        case Prepared():
            return spec
        case _ if callable(spec):
            return filled(spec(operator), operator)
        case _:
            return spec


def merged(below: Any, above: Any) -> Any:
    """The fields of *above* over those of *below*, at parse where both are written out."""
    if isinstance(below, Mapping) and isinstance(above, Mapping):
        return {**below, **above}
    return Code(("$merge([", Given(below), ", ", Given(above), "])"))


def waits(operator: Any, *names: str) -> bool:
    """Whether any of the attributes *names* is true.

    :raises TranslationError: one of them is a template, so that it is not known.
    """
    found = False
    for name in names:
        value = getattr(operator, name, None)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            value = value.lower() == "true"
        if value is not None and not isinstance(value, (bool, int)):
            raise TranslationError(
                f"{operator.task_id}: {name} must be True or False inside of a state machine: it decides which states "
                "there are"
            )
        found = found or bool(value)
    return found


def number(operator: Any, given: Number) -> int | None:
    """The number that *given* says.

    :raises TranslationError: it is a template.
    """
    value: Any = getattr(operator, given, None) if isinstance(given, str) else given
    if callable(given):
        value = given(operator)
    if value is None or isinstance(value, bool):
        return None
    if hasattr(value, "total_seconds"):
        value = value.total_seconds()
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if not isinstance(value, (int, float)):
        raise TranslationError(f"{operator.task_id}: {given} must be a number inside of a state machine, not {value!r}")
    return max(1, round(value)) if value else None


def seconds(operator: Any, *given: Number) -> int | None:
    """The shortest of *given*."""
    found = [value for name in given if (value := number(operator, name)) is not None]
    return min(found, default=None)


def _present(value: Any) -> Any:
    return None if value is OMIT else value
