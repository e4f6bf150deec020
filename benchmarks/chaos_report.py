"""The table that the chaos test prints, whatever came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.chaos_checks import Found
from benchmarks.chaos_database import Database
from benchmarks.chaos_monkey import Monkey
from benchmarks.chaos_person import Life


def report(
    seed: int, lasted: float, lives: Sequence[Life], monkey: Monkey, database: Database, found: Found
) -> Iterator[str]:
    """What was done, and what happened."""
    yield f"seed {seed}: {len(lives)} Dag runs in {lasted:.0f} s"
    yield from _rows("planned", Counter(f"{life.plan.story}, {life.plan.clearing}" for life in lives))
    yield from _rows("ended", Counter(found.runs[life.plan.run_id] for life in lives if life.plan.run_id in found.runs))
    yield from _rows("killed", monkey.kills)
    yield from _rows("calls of AWS disturbed", monkey.faults)
    yield from _rows("executions", Counter(f"{each.machine} {each.status}" for each in found.executions))
    yield from _rows("redriven", Counter({"times": sum(each.redrives for each in found.executions)}))
    yield from _rows("jobs", Counter(found.jobs.values()))
    yield from _rows("cleared by a person", Counter({"rounds": sum(len(life.rounds) for life in lives)}))
    yield from _rows(
        "strays: failed by chance, then cleared", Counter(task for life in lives for task, _ in life.stray)
    )
    yield from _rows("earlier tries of tasks", database.tries())


def _rows(title: str, counted: Mapping[str, int]) -> Iterator[str]:
    yield f"  {title}"
    for name, count in sorted(counted.items()):
        yield f"    {name:44} {count:6}"
