"""Values that are code: what placeholders and functions of them have in common, and how code is made of them.

Placeholders, calls of intrinsic functions and arithmetic are expressions; each says itself in both query languages.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from airflow_sfn_ml.inputs.paths import quoted


class Expression:
    """Something whose value is known only while the state machine runs.

    ``+`` and ``-`` compute with numbers in both query languages and join text (``+``); ``*`` and ``/`` need a state
    whose query language is JSONata.
    """

    type: Any = None

    def to_jsonpath(self) -> str:
        """The path or the intrinsic function that gives the value.

        :raises ValueError: JSONPath cannot say it.
        """
        raise NotImplementedError

    def to_jsonata(self) -> str:
        """The JSONata code that gives the value, without the ``{% %}`` around it."""
        raise NotImplementedError

    def argument(self) -> str:
        """The value as an argument of an intrinsic function."""
        return self.to_jsonpath()

    def __add__(self, other: Any) -> Any:
        return add(self, other)

    def __radd__(self, other: Any) -> Any:
        return add(other, self)

    def __sub__(self, other: Any) -> Any:
        return operation("-", self, other)

    def __rsub__(self, other: Any) -> Any:
        return operation("-", other, self)

    def __mul__(self, other: Any) -> Any:
        return operation("*", self, other)

    def __rmul__(self, other: Any) -> Any:
        return operation("*", other, self)

    def __truediv__(self, other: Any) -> Any:
        return operation("/", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return operation("/", other, self)

    def __str__(self) -> str:
        raise TypeError(
            f"{self!r} is known only while the state machine runs, so it cannot become text here; use "
            "States.Format('... {} ...', value)"
        )

    def __format__(self, spec: str) -> str:
        return str(self)

    def __iter__(self) -> Iterator[Any]:
        self._unknown("be iterated over")

    def __len__(self) -> int:
        self._unknown("have a length; use States.ArrayLength(value)")

    def __bool__(self) -> bool:
        return True

    def __int__(self) -> int:
        self._unknown("become a number")

    def __float__(self) -> float:
        self._unknown("become a number")

    def __lt__(self, other: object) -> bool:
        self._unknown("be compared; use a Choice state")

    __le__ = __gt__ = __ge__ = __lt__

    def _unknown(self, what: str) -> NoReturn:
        raise TypeError(f"{self!r} is known only while the state machine runs, so here it cannot {what}")


class Intrinsic(Expression):
    """A call of the intrinsic function ``States.<name>``."""

    def __init__(
        self, name: str, arguments: tuple[Any, ...], type: Any, jsonata: Callable[..., str] | None = None
    ) -> None:
        self.name = name
        self.arguments = arguments
        self.type = type
        self._jsonata = jsonata

    def to_jsonpath(self) -> str:
        """``States.<name>(...)``."""
        if self.name == "Format":
            template, *values = self.arguments
            arguments = [_quoted(template), *(jsonpath_argument(item) for item in values)]
        else:
            arguments = [jsonpath_argument(item) for item in self.arguments]
        return f"States.{self.name}({', '.join(arguments)})"

    def to_jsonata(self) -> str:
        """What computes the same in JSONata."""
        if self._jsonata is None:
            return _joined(self.arguments)
        return self._jsonata(*(jsonata_code(item) for item in self.arguments))

    def __repr__(self) -> str:
        return f"States.{self.name}({', '.join(map(repr, self.arguments))})"


class _Operation(Expression):
    """Arithmetic: in JSONPath only what States.MathAdd can say."""

    def __init__(self, operator: str, left: Any, right: Any) -> None:
        self.operator = operator
        self.arguments = (left, right)
        self.type = float if operator == "/" else _common(left, right)

    def to_jsonpath(self) -> str:
        left, right = self.arguments
        if self.operator == "-" and isinstance(right, int) and not isinstance(right, bool):
            right = -right
        elif self.operator != "+":
            raise ValueError(f"{self!r}: JSONPath can only add whole numbers; give the state query_language='JSONata'")
        if isinstance(left, float) or isinstance(right, float):
            raise ValueError(f"{self!r}: JSONPath can only add whole numbers; give the state query_language='JSONata'")
        return f"States.MathAdd({jsonpath_argument(left)}, {jsonpath_argument(right)})"

    def to_jsonata(self) -> str:
        left, right = (jsonata_code(item) for item in self.arguments)
        return f"({left} {self.operator} {right})"

    def __repr__(self) -> str:
        return f"({self.arguments[0]!r} {self.operator} {self.arguments[1]!r})"


def add(left: Any, right: Any) -> Expression:
    """``left + right``: text is joined where either is text, numbers are added where either is a number.

    :raises TypeError: neither says what it is; give the placeholder a type with ``.get(name, type)``.
    """
    kinds = {_kind(left), _kind(right)}
    if str in kinds:
        return Intrinsic("Format", ("{}{}", left, right), str)
    if kinds & {int, float}:
        return _Operation("+", left, right)
    raise TypeError(f"{left!r} + {right!r}: text or numbers? Say which with .get(name, str) or .get(name, int)")


def operation(operator: str, left: Any, right: Any) -> Expression:
    """``left operator right`` for numbers.

    :raises TypeError: one of them is not a number.
    """
    for side in (left, right):
        if _kind(side) not in (None, int, float):
            raise TypeError(f"{left!r} {operator} {right!r}: {side!r} is not a number")
    return _Operation(operator, left, right)


def _kind(value: Any) -> Any:
    return value.type if isinstance(value, Expression) else type(value)


def _common(left: Any, right: Any) -> Any:
    return float if float in (_kind(left), _kind(right)) else int


def holds_expression(value: Any) -> bool:
    """Whether *value* is an expression or holds one at any depth."""
    if isinstance(value, dict):
        return any(holds_expression(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(holds_expression(item) for item in value)
    return isinstance(value, Expression)


def expressions_in(value: Any) -> Iterator[Expression]:
    """Every expression within *value*; those that are arguments of another come after it."""
    if isinstance(value, dict):
        for item in value.values():
            yield from expressions_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from expressions_in(item)
    elif isinstance(value, Expression):
        yield value
        yield from expressions_in(getattr(value, "arguments", ()))


def jsonpath_argument(value: Any) -> str:
    """*value* as an argument of an intrinsic function: a path, a literal, or a function that makes it.

    An object or an array with placeholders in it is written as the JSON text around them, read back by StringToJson.
    """
    if isinstance(value, Expression):
        return value.argument()
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, (list, tuple)):
        return f"States.Array({', '.join(jsonpath_argument(item) for item in value)})"
    if isinstance(value, dict):
        return _object(value)
    return json.dumps(value)


def _text(value: str) -> str:
    """A string literal that means just *value*."""
    return _quoted(value.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}"))


def _quoted(template: str) -> str:
    """A template of Format as a literal: what it escapes stays escaped."""
    return "'" + template.replace("\\'", "'").replace("'", "\\'") + "'"


def _object(value: dict[str, Any]) -> str:
    if not holds_expression(value):
        return f"States.StringToJson({_text(json.dumps(value))})"
    template, arguments = _template(value)
    calls = ", ".join(f"States.JsonToString({jsonpath_argument(item)})" for item in arguments)
    return f"States.StringToJson(States.Format({_text(template).replace(chr(0), '{}')}, {calls}))"


def _template(value: Any) -> tuple[str, list[Expression]]:
    """The JSON of *value* with a NUL for each expression in it, and these expressions."""
    if isinstance(value, Expression):
        return "\0", [value]
    if isinstance(value, dict):
        parts = [(json.dumps(key) + ": ", *_template(item)) for key, item in value.items()]
        return "{" + ", ".join(key + text for key, text, _ in parts) + "}", [e for *_, found in parts for e in found]
    if isinstance(value, (list, tuple)):
        items = [_template(item) for item in value]
        return "[" + ", ".join(text for text, _ in items) + "]", [e for _, found in items for e in found]
    return json.dumps(value), []


def jsonata_code(value: Any) -> str:
    """*value* as JSONata code."""
    if isinstance(value, Expression):
        return value.to_jsonata()
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(jsonata_code(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {jsonata_code(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)


def _joined(arguments: tuple[Any, ...]) -> str:
    """Format's template and values as one concatenation."""
    template, *values = arguments
    pieces = template.replace("\\{", "\1").replace("\\}", "\2").split("{}")
    parts: list[str] = []
    for position, piece in enumerate(pieces):
        text = piece.replace("\1", "{").replace("\2", "}").replace("\\'", "'").replace("\\\\", "\\")
        if text:
            parts.append(quoted(text))
        if position < len(values):
            code = jsonata_code(values[position])
            parts.append(code if _kind(values[position]) is str else f"$string({code})")
    return "(" + " & ".join(parts or ["''"]) + ")" if len(parts) > 1 else (parts or ["''"])[0]
