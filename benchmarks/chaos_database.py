"""What Airflow's database says, read past its API: that one is killed too."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RETRIES = 2
"""Of the start task of a group."""


@dataclass(frozen=True)
class Attempt:
    """One try of a task, or what is left of one that was cleared."""

    task_id: str
    number: int
    state: str | None
    max_tries: int
    ended: str


@dataclass(frozen=True)
class Tasks:
    """The tasks of a Dag run as they are, and as they were before they were tried again or cleared."""

    now: dict[str, Attempt]
    before: tuple[Attempt, ...]

    @property
    def states(self) -> dict[str, str | None]:
        """The states, by task."""
        return {task_id: attempt.state for task_id, attempt in self.now.items()}

    def generation(self, start: str) -> int:
        """How often the task *start* was cleared: Airflow raises ``max_tries`` then, and only then."""
        return self.now[start].max_tries - RETRIES


class Database:
    """The SQLite database of an Airflow, which is only read."""

    def __init__(self, home: Path) -> None:
        self._path = home / "airflow.db"

    def runs(self) -> dict[str, str]:
        """The states of all Dag runs, by their ids."""
        return {str(run_id): str(state) for run_id, state in self._rows("SELECT run_id, state FROM dag_run")}

    def tasks(self, run_ids: Iterable[str] | None = None) -> dict[str, Tasks]:
        """The tasks of Dag runs: of all, or of those with these ids."""
        columns = "run_id, task_id, try_number, state, max_tries, end_date"
        wanted = None if run_ids is None else set(run_ids)
        now: dict[str, dict[str, Attempt]] = defaultdict(dict)
        before: dict[str, list[Attempt]] = defaultdict(list)
        for run_id, task_id, *rest in self._rows(f"SELECT {columns} FROM task_instance"):
            now[run_id][task_id] = _attempt(task_id, *rest)
        for run_id, task_id, *rest in self._rows(f"SELECT {columns} FROM task_instance_history ORDER BY try_number"):
            before[run_id].append(_attempt(task_id, *rest))
        return {
            run_id: Tasks(tasks, tuple(before[run_id]))
            for run_id, tasks in now.items()
            if wanted is None or run_id in wanted
        }

    def xcoms(self) -> dict[tuple[str, str], Any]:
        """What tasks have returned, by run and task."""
        rows = self._rows("SELECT run_id, task_id, value FROM xcom WHERE key = 'return_value'")
        return {(run_id, task_id): json.loads(value) for run_id, task_id, value in rows}

    def task_of(self, ti_id: str) -> str:
        """The task that a task instance is of; "?" if it was cleared meanwhile."""
        rows = self._rows("SELECT task_id FROM task_instance WHERE id = ?", ti_id.replace("-", ""))
        return str(rows[0][0]) if rows else "?"

    def tries(self) -> Counter[str]:
        """How often tasks ended in which state before they were tried again."""
        rows = self._rows("SELECT task_id, state, count(*) FROM task_instance_history GROUP BY 1, 2")
        return Counter({f"{task_id} {state}": count for task_id, state, count in rows})

    def _rows(self, query: str, *values: Any) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=20)) as connection:
            return connection.execute(query, values).fetchall()


def _attempt(task_id: str, number: int, state: str | None, max_tries: int, ended: str | None) -> Attempt:
    return Attempt(task_id, number, state, max_tries, ended or "")
