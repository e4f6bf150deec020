"""JSONata for the interpreter: values are bound, never spliced into the text of an expression.

moto leaves its JSONata hook empty and would compose an expression out of the text of every variable. Here `$states`
and the variables in scope are bound as values to an evaluation of jsonata-python, together with the functions that
Step Functions adds ($partition, $range, $hash, $random with a seed, $uuid, $parse) and without $eval, which it
forbids (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html). What has no value is an
error.

Every evaluation builds its own evaluator; jsonata-python keeps parser and current evaluator per thread.
"""

from __future__ import annotations

import hashlib
import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.local.patching import Patches

patches = Patches("moto.stepfunctions.parser.asl")

# AWS allows one second of its own machines; this bound only has to end what never would.
TIMEOUT_MILLISECONDS = 10_000
_HASHES = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_UNDEFINED = object()


class EvaluationError(Exception):
    """An expression failed; the message says how."""


class NoValueError(EvaluationError):
    """An expression gave nothing, or what has no JSON form; the message continues "The JSONata expression ..."."""


def evaluate(expression: str, bindings: Mapping[str, Any]) -> Any:
    """The value of `expression`; raises NoValueError for nothing, EvaluationError for everything else."""
    import jsonata

    try:
        evaluator = jsonata.Jsonata(expression, timeout=TIMEOUT_MILLISECONDS)
        evaluator.set_output_convert_nulls(False)
        for name, function in _FUNCTIONS.items():
            evaluator.register_lambda(name, function)
        value = evaluator.evaluate(None, {name: _bound(value) for name, value in bindings.items()})
    except RecursionError as error:
        raise EvaluationError("the expression is nested too deeply") from error
    except Exception as error:
        raise EvaluationError(str(error) or type(error).__name__) from error
    if value is None:
        raise NoValueError("returned nothing (undefined).")
    plain = _plain(value)
    if plain is _UNDEFINED:
        raise NoValueError("returned an unsupported result type.")
    return plain


def _bound(value: Any) -> Any:
    from jsonata.utils import Utils

    return Utils.NULL_VALUE if value is None else value


def _plain(value: Any) -> Any:
    """`value` as plain JSON; functions have no JSON form and become _UNDEFINED, which objects and arrays drop."""
    from jsonata.utils import Utils

    match value:
        case None | Utils.NULL_VALUE:
            return None
        case bool() | int() | str():
            return value
        case float():
            return int(value) if value.is_integer() and abs(value) < 2**53 else value
        case dict():
            pairs = ((str(key), _plain(item)) for key, item in value.items())
            return {key: item for key, item in pairs if item is not _UNDEFINED}
        case Utils.RangeList():
            return [value[index] for index in range(len(value))]
        case list() | tuple():
            return [item for item in map(_plain, value) if item is not _UNDEFINED]
    return _UNDEFINED


def _partition(items: Any = None, size: Any = None, *_: Any) -> Any:
    if items is None:
        return None
    if not isinstance(size, int | float) or int(size) < 1:
        raise ValueError("$partition needs a chunk size of at least 1")
    every = items if isinstance(items, list) else [items]
    return [every[start : start + int(size)] for start in range(0, len(every), int(size))]


def _range(first: Any = None, last: Any = None, step: Any = None, *_: Any) -> Any:
    if not step:
        raise ValueError("$range needs a step other than 0")
    count = int((last - first) // step) + 1
    if count > 1000:
        raise ValueError("$range gives at most 1000 numbers")
    from jsonata.utils import Utils

    return Utils.create_sequence_from_iter(first + index * step for index in range(max(0, count)))


def _hash(text: Any = None, algorithm: Any = "SHA-256", *_: Any) -> Any:
    if text is None:
        return None
    if algorithm not in _HASHES:
        raise ValueError(f"$hash knows {', '.join(_HASHES)}, not {algorithm!r}")
    return hashlib.new(_HASHES[algorithm], str(text).encode()).hexdigest()


def _random(seed: Any = None, *_: Any) -> float:
    return random.random() if seed is None else random.Random(seed).random()


def _parse(text: Any = None, *_: Any) -> Any:
    if text is None:
        return None
    return _bound(json.loads(text))


def _uuid(*_: Any) -> str:
    return str(uuid.uuid4())


def _eval(*_: Any) -> Any:
    raise ValueError("$eval is not available in Step Functions; use $parse")


_FUNCTIONS = {
    "partition": _partition,
    "range": _range,
    "hash": _hash,
    "random": _random,
    "parse": _parse,
    "uuid": _uuid,
    "eval": _eval,
}


def _variables(env: Any) -> dict[str, Any]:
    store = env.variable_store
    return {**store._outer_scope, **store._inner_scope}


@patches.replaces("component.common.string.string_expression", "StringJSONata._eval_body", "self", "env")
def evaluate_expression(self: Any, env: Any) -> None:
    """A `{% ... %}` string of a state."""
    bindings = {**_variables(env), "states": env.states._states_data}
    try:
        env.stack.append(evaluate(self.expression, bindings))
    except EvaluationError as error:
        location = getattr(self, "location", None)
        where = f" specified for the field '{location}'" if location else ""
        if isinstance(error, NoValueError):
            cause = f"The JSONata expression '{self.expression}'{where} {error}"
        else:
            cause = f"The JSONata expression '{self.expression}'{where} threw an error during evaluation. {error}"
        raise query_failure(env, cause, location) from error


@patches.replaces("component.common.string.string_expression", "StringVariableSample._eval_body", "self", "env")
def evaluate_variable(self: Any, env: Any) -> None:
    """A `$name.field` of a JSONPath state, which reads a variable."""
    bindings = _variables(env)
    if self.query_language_mode.name == "JSONata":
        bindings = {**bindings, "states": env.states._states_data}
    try:
        env.stack.append(evaluate(self.expression, bindings))
    except EvaluationError as error:
        raise query_failure(env, f"The expression '{self.expression}' {error}", None) from error


def query_failure(env: Any, cause: str, location: str | None) -> Exception:
    """The States.QueryEvaluationError of a state."""
    from moto.stepfunctions.parser.api import EvaluationFailedEventDetails, HistoryEventType
    from moto.stepfunctions.parser.asl.component.common.error_name import failure_event, states_error_name
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
    from moto.stepfunctions.parser.asl.eval.event.event_detail import EventDetails

    name = states_error_name.StatesErrorName(typ=StatesErrorNameType.StatesQueryEvaluationError)
    details = EvaluationFailedEventDetails(error=name.error_name, cause=cause)
    if location:
        details["location"] = location
    event = failure_event.FailureEvent(
        env=env,
        error_name=name,
        event_type=HistoryEventType.EvaluationFailed,
        event_details=EventDetails(evaluationFailedEventDetails=details),
    )
    event.source_event_id = getattr(env, "_entered_event_id", event.source_event_id)
    error: Exception = failure_event.FailureEventException(failure_event=event)
    return error
