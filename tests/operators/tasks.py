"""Tasks in a process of their own: a context with what Airflow keeps between tries, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any


class Store(dict[str, Any]):
    """What ``context["task_state_store"]`` does."""

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        self[key] = value


class Tries:
    """The tries of one task in one Dag run.

    :param retries: what the task has.
    """

    def __init__(self, dag_id: str, retries: int = 2, task_id: str = "t", run_id: str = "r") -> None:
        self.ids = {"dag_id": dag_id, "task_id": task_id, "run_id": run_id, "map_index": -1}
        self.retries = retries
        self.max_tries = retries
        self.try_number = 0
        self.store = Store()
        self.xcoms: dict[str, Any] = {}

    def next(self, **more: Any) -> dict[str, Any]:
        """The context of the next try; Airflow forgets the XComs of the one before."""
        self.try_number += 1
        self.xcoms = {}
        ti = SimpleNamespace(
            **self.ids,
            try_number=self.try_number,
            max_tries=self.max_tries,
            start_date=datetime.now(UTC),
            xcom_push=lambda key, value: self.xcoms.__setitem__(key, value),
            **more,
        )
        return {"ti": ti, "task_instance": ti, "task_state_store": self.store}

    def clear(self) -> None:
        """What a person does."""
        self.max_tries = self.try_number + self.retries

    def delete(self) -> None:
        """Delete the Dag run, and make it anew."""
        self.store.clear()
        self.max_tries, self.try_number = self.retries, 0


def execute(operator: Any, context: dict[str, Any]) -> Any:
    """Run *operator* as a worker does."""
    return operator.execute.__wrapped__(operator, context)
