"""Lists that tasks of the group give, as items of a Map: checked and multiplied while the machine runs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.asl.refs import Code, Given, Ref
from airflow_sfn_ml.compiler.jsonata import literal


def plain_list(value: Any) -> Any:
    """A dict as the pairs that Airflow makes of it."""
    return [list(pair) for pair in value.items()] if isinstance(value, Mapping) else value


def is_list(task_id: str, key: str, value: Any) -> Any:
    """*value*, or a failure where it is no list when it is known."""
    if isinstance(value, list):
        return value
    what = f"the output of {value.task}" if isinstance(value, Ref) else "what it is given"
    complaint = f"{task_id} is mapped over {what} ({key}), which is not a list".replace("'", "")
    return Code(("($type(", Given(value), ") = 'array' ? ", Given(value), f" : $error('{complaint}'))"))


def product_of(lists: Mapping[str, Any]) -> Code:
    """Every combination of *lists* in Airflow's order, made while the machine runs."""
    parts: list[str | Given] = ["("]
    for position, value in enumerate(lists.values()):
        parts += [f"$l{position} := ", Given(value), "; "]
    count = " * ".join(f"$count($l{position})" for position in range(len(lists)))
    fields = []
    for position, key in enumerate(lists):
        behind = "".join(f" / $count($l{other})" for other in range(position + 1, len(lists)))
        index = f"$floor($i{behind}) % $count($l{position})"
        fields.append(f"{literal(key)}: $l{position}[{index}]")
    parts.append(f"$n := {count}; $n = 0 ? [] : $map([0..$n - 1], function($i) {{ {{{', '.join(fields)}}} }})[])")
    return Code(tuple(parts))
