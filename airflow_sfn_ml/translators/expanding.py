"""What a mapped operator is expanded over, and the operators that it is expanded to."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from airflow.sdk.definitions._internal.expandinput import DictOfListsExpandInput
from airflow.sdk.definitions.xcom_arg import XComArg

from airflow_sfn_ml.exceptions import TranslationError

CONNECTION = ("aws_conn_id", "region_name", "verify", "botocore_config")
"""Arguments that say how AWS is called."""
PINNED = ("retries", "execution_timeout")
"""Settings that Airflow sees other values of in a follower; the user's are in the instance."""


def instance_of(operator: Any, arguments: Mapping[str, Any]) -> Any:
    """The operator that an instance of the mapped *operator* with *arguments* is, with the user's settings.

    :raises TranslationError: its class does not take the arguments.
    """
    for name in CONNECTION:
        if name in arguments:
            raise TranslationError(
                f"{operator.task_id}: {name} cannot be mapped over: all iterations of a Map call services in the same "
                "way; make a task of its own for each"
            )
    kwargs = operator._get_unmap_kwargs(arguments, strict=operator._disallow_kwargs_override)
    for name in ("is_setup", "is_teardown", "on_failure_fail_dagrun"):
        kwargs.pop(name, None)
    for name in PINNED:
        kwargs.pop(name, None)
        kwargs |= {name: operator.__dict__[name]} if name in operator.__dict__ else {}
    try:
        instance = operator.operator_class(**{**kwargs, "task_id": operator.task_id}, _airflow_from_mapped=True)
    except Exception as error:
        raise TranslationError(
            f"{operator.task_id}: {operator.operator_class.__name__} cannot be made with what is mapped over "
            f"{', '.join(arguments)}: {error}; map over other arguments, or over a literal list"
        ) from error
    instance.upstream_task_ids = operator.upstream_task_ids
    instance.downstream_task_ids = operator.downstream_task_ids
    return instance


def expanded(arguments: Mapping[str, Any] | Sequence[Any]) -> list[dict[str, Any]]:
    """The arguments of each instance, in Airflow's order: of ``expand``'s lists, the last varies fastest.

    :raises TranslationError: something is not a list of the right things.
    """
    if isinstance(arguments, Mapping):
        lists = [_listed(key, value) for key, value in arguments.items()]
        return [dict(zip(arguments, values, strict=True)) for values in product(*lists)]
    wrong = next((item for item in arguments if not isinstance(item, Mapping)), None)
    if wrong is not None:
        raise TranslationError(f"expand_kwargs() takes a list of dicts; one item is a {type(wrong).__name__}")
    return [dict(item) for item in arguments]


def _listed(key: str, value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return [tuple(pair) for pair in value.items()]
    if isinstance(value, (str, bytes)) or not hasattr(value, "__iter__"):
        raise TranslationError(f"expand() takes lists; {key} is a {type(value).__name__}")
    return list(value)


def arguments_of(operator: Any) -> Mapping[str, Any] | Any:
    """What is mapped over: lists by argument, or what ``expand_kwargs`` was given."""
    return operator._get_specified_expand_input().value


def _awaited(arguments: Any) -> list[Any]:
    """What has to be known before the number of instances is."""
    if isinstance(arguments, Mapping):
        return list(arguments.values())
    return [arguments] if isinstance(arguments, XComArg) else list(arguments)


def is_inside(arguments: Any, members: Mapping[str, str]) -> bool:
    """Whether tasks of the group give the arguments."""
    return any(
        source.task_id in members
        for value in _awaited(arguments)
        if isinstance(value, XComArg)
        for source, _ in value.iter_references()
    )


def is_outside(arguments: Any) -> bool:
    """Whether tasks outside give the arguments."""
    return any(isinstance(value, XComArg) for value in _awaited(arguments))


def keys_of(operator: Any) -> list[str]:
    """The arguments that an instance gets from the items.

    :raises TranslationError: nobody can know them before the items are.
    """
    arguments = arguments_of(operator)
    if isinstance(operator._get_specified_expand_input(), DictOfListsExpandInput):
        return list(arguments)
    known = [key for item in _awaited(arguments) if isinstance(item, Mapping) for key in item]
    needed = [
        parameter.name
        for parameter in inspect.signature(operator.operator_class.__init__).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
        and parameter.default is parameter.empty
        and parameter.name not in operator.partial_kwargs
        and parameter.name != "task_id"
    ]
    found = list(dict.fromkeys((*known, *needed)))
    if not found:
        raise TranslationError(
            f"{operator.task_id}: which arguments expand_kwargs() sets is known only when the execution is started, "
            f"and {operator.operator_class.__name__} needs none that partial() does not set; use expand() and name them"
        )
    return found
