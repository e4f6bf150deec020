"""Keep standard output for the answer: Airflow's logs go there too, and a program could not read the two apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def quietly(function: Callable[[Any], int], arguments: Any) -> int:
    """Call *function* as Airflow calls those of its own commands that answer in JSON: without logs and warnings."""
    from airflow.utils.cli import suppress_logs_and_warning

    statuses: list[int] = []

    def call(given: Any) -> None:
        statuses.append(function(given))

    suppress_logs_and_warning(call)(arguments)
    return statuses[0]
