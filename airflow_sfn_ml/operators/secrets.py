"""Keep secrets out of what AWS shows: the input of an execution, and the definition.

A secret is what Airflow's masker would hide: values that it learnt from connections and variables, wherever they stand,
and what stands under a key such as ``password``. Airflow's masking does not reach AWS, so such values are refused.
Some keys only sound like it: the tokens that make a call of AWS happen once, and the ARNs of secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk.log import redact  # type: ignore[attr-defined]

from airflow_sfn_ml.asl.refs import WHOLE, Path, pointer
from airflow_sfn_ml.exceptions import CompileError

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.base import MachineGroup

HARMLESS = re.compile(r"(request|client|next|idempotency|creation|pagination)_?token$|arn$", re.IGNORECASE)
"""Keys that name no secret although they sound like it."""
WAY_OUT = "Put it into Secrets Manager and let the job read it there, or set allow_secrets=True on the group"


def refuse_secrets(group: MachineGroup, values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse values for an execution's input that Airflow would mask, unless *group* allows them.

    :param values: by task and JSON pointer.
    :raises CompileError: with all of them.
    """
    if group.allow_secrets:
        return
    problems = [
        f"{task}: the value at {place} holds a secret (Airflow would mask it), and AWS shows an execution's input to "
        f"everyone who may read it. {WAY_OUT}"
        for task, rendered in values.items()
        for where, value in rendered.items()
        for place in _places(where, value)
    ]
    if problems:
        raise CompileError(problems)


def refuse_written(group: MachineGroup, definition: Mapping[str, Any]) -> None:
    """Refuse a definition that holds the value of a secret, which was known when the Dag was parsed.

    :raises CompileError: with every place.
    """
    if group.allow_secrets:
        return
    problems = [
        f"{group.group_id}: the definition holds a secret (Airflow would mask it) at {pointer(path)}, and AWS keeps "
        f"every version of it. {WAY_OUT}"
        for path in secret_paths(definition, by_key=False)
    ]
    if problems:
        raise CompileError(problems)


def _places(where: str, value: Any) -> list[str]:
    base = "" if where == WHOLE else where
    return [base + ("" if (inner := pointer(path)) == WHOLE else inner) or WHOLE for path in secret_paths(value)]


def secret_paths(value: Any, path: Path = (), *, by_key: bool = True, hidden: bool = False) -> Iterator[Path]:
    """Where *value* holds what Airflow would mask, however deep.

    :param by_key: whether a key such as ``password`` makes secrets of all text under it.
    :param hidden: whether it stands under such a key.
    """
    match value:
        case Mapping():
            for name, item in value.items():
                below = hidden or (by_key and _sounds_secret(str(name)))
                yield from secret_paths(item, (*path, str(name)), by_key=by_key, hidden=below)
        case list() | tuple():
            for position, item in enumerate(value):
                yield from secret_paths(item, (*path, position), by_key=by_key, hidden=hidden)
        case str():
            if value and (hidden or redact(value) != value):
                yield path


def _sounds_secret(key: str) -> bool:
    return not HARMLESS.search(key) and redact("text", key) != "text"
