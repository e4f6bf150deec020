"""What several rows of the table say: limits of waiting, text made of parts, the JSONata of results."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.compiler.jsonata import literal
from airflow_sfn_ml.translators.preparations import Preparation, Prepared, prepared
from airflow_sfn_ml.translators.table import OMIT

LONGEST = 31 * 24 * 3600
"""Seconds. What upstream would wait longer than that (some wait for months) is no limit."""
PRINTING = "what the operator prints into its log"
NO_REASON = "no worker waits for the task"
FUSES = "Does nothing where the task of the group that began the job has waited for it."


def polling(every: str = "waiter_delay", times: str = "waiter_max_attempts") -> Callable[[Any], int | None]:
    """How long an operator waits at most: so many looks, so many seconds apart."""

    def limit(operator: Any) -> int | None:
        delay, count = getattr(operator, every), getattr(operator, times)
        if not isinstance(delay, (int, float)) or not isinstance(count, (int, float)):
            return None
        seconds = round(delay * count)
        return seconds if 0 < seconds <= LONGEST else None

    return limit


def deferred(every: str = "waiter_delay", times: str = "waiter_max_attempts") -> Callable[[Any], int | None]:
    """The same for operators that only limit the wait of their deferrable form."""
    limit = polling(every, times)
    return lambda operator: limit(operator) if operator.deferrable is True else None


def written(value: Any) -> bool:
    """Whether *value* is known when the Dag is parsed: no template, no XCom, nothing that holds one."""
    match value:
        case str():
            return "{{" not in value and "{%" not in value
        case Mapping():
            return all(written(key) and written(item) for key, item in value.items())
        case list() | tuple():
            return all(written(item) for item in value)
        case None | bool() | int() | float():
            return True
        case _:
            return False


def joined(*parts: Any) -> Any:
    """Text made of *parts*."""
    if all(isinstance(part, str) for part in parts):
        return "".join(parts)
    pieces: list[Any] = []
    for part in parts:
        pieces += [" & ", literal(part) if isinstance(part, str) and written(part) else Given(part)]
    return Code(tuple(pieces[1:]))


def pruned(value: Any) -> Any:
    """*value* without what is None, at any depth, as upstream prunes its requests."""
    if isinstance(value, Mapping):
        return {key: pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, (list, tuple)):
        return [pruned(item) for item in value if item is not None]
    return value


def merged(*parts: Any) -> Any:
    """The fields of all *parts*, the later ones winning: a dict if all are written out, else an expression."""
    given = [part for part in parts if part is not None and part is not OMIT and not _empty(part)]
    if all(isinstance(part, Mapping) for part in given):
        return {key: value for part in given for key, value in part.items()}
    if len(given) == 1:
        return given[0]
    pieces: list[Any] = []
    for part in given:
        pieces += [", ", Given(part)]
    return Code(("$merge([", *pieces[1:], "])"))


def _empty(value: Any) -> bool:
    return isinstance(value, (dict, list, tuple, str)) and not value


def field_of(config: Any, name: str) -> Any:
    """The field *name* of *config*, which may be known only later as a whole; None where it is not there."""
    if isinstance(config, Mapping):
        return config.get(name)
    return Code(("(", Given(config), f").{name}"))


def unknown_fields(config: Any, known: Iterable[str]) -> list[str]:
    """The fields of *config* that are not in *known*, as far as they are written out."""
    return sorted(set(config) - set(known)) if isinstance(config, Mapping) else []


def _from_json(value: Any, start: Any) -> Any:
    return json.loads(value) if isinstance(value, (str, bytes)) else value


FROM_JSON = Preparation(
    _from_json, code=("(function($v) { $type($v) = 'string' ? $parse($v) : $v })(", ")"), at_start=lambda value: False
)
"""JSON text becomes what it says; what is no text stays."""


def parsed(value: Any) -> Any:
    """What the JSON text *value* says, wherever it comes from."""
    return value if isinstance(value, (Mapping, list)) else prepared(value, FROM_JSON)


def ended(status: str, good: Iterable[str], value: str, what: str, reason: str = "") -> str:
    """JSONata: *value* if the status is one of *good*, else a failure."""
    listed = ", ".join(literal(item) for item in good)
    complaint = f"{literal(what + ' ended as ')} & $string({status})"
    if reason:
        complaint += f" & ($exists({reason}) ? ': ' & $string({reason}) : '')"
    return f"{status} in [{listed}] ? {value} : $error({complaint})"


def as_json(source: str) -> str:
    """JSONata: what *source* gives as JSON text, text in quotes."""
    return f"(function($t) {{ $substring($t, 5, $length($t) - 6) }})($string({{'v': {source}}}))"


def camel(source: str, maps: tuple[str, ...] = ()) -> str:
    """JSONata: what *source* gives with its fields in camelCase, as boto3 gives them.

    :param maps: fields whose keys are the user's: they stay as they are.
    """
    item = "$camel($i)"
    if maps:
        item = f"$k in [{', '.join(literal(name) for name in maps)}] ? $i : $camel($i)"
    spelled = "$lowercase($substring($k, 0, 1)) & $substring($k, 1)"
    fields = f"$count($keys($x)) = 0 ? {{}} : $merge($each($x, function($i, $k) {{ {{{spelled}: {item}}} }}))"
    items = "[$map($x, function($i) { $camel($i) })]"
    return (
        f"($camel := function($x) {{ $type($x) = 'object' ? ({fields}) : $type($x) = 'array' ? {items} : $x }}; "
        f"$camel({source}))"
    )


def without_metadata(source: str) -> str:
    """JSONata: the answer of an optimised integration without what Step Functions adds to it."""
    return f"$sift({source}, function($v, $k) {{ $not($k in ['SdkHttpMetadata', 'SdkResponseMetadata']) }})"


def warned(operator: Any, *names: str) -> tuple[str, ...]:
    """A warning for each attribute of *names* that is set and cannot do anything in a state machine."""
    return tuple(f"{name} has no effect: {NO_REASON}" for name in names if getattr(operator, name, None))


def value_of(value: Any) -> Any:
    """What *value* is before it is prepared."""
    return value.value if isinstance(value, Prepared) else value
