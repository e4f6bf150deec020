"""Show what the demo does while it does it: a live grid on a terminal, a line per change anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

STAGES = 6
WORDS = {
    None: "",
    "deferred": "running",  # in Step Functions; nothing waits for it but a trigger
    "up_for_retry": "retry",
    "upstream_failed": "not reached",
}
GLYPHS = {"success": "✓", "failed": "✗", "skipped": "-", "not reached": "-", "": "·"}
COLOURS = {"success": "green", "failed": "red", "running": "cyan", "skipped": "dim", "not reached": "dim"}


@dataclass(frozen=True)
class TaskView:
    """One task of a run."""

    name: str
    word: str
    seconds: float | None


@dataclass(frozen=True)
class RunView:
    """One run and its tasks, in the order of the workflow."""

    label: str
    state: str
    tasks: tuple[TaskView, ...]

    @property
    def ended(self) -> bool:
        """Whether nothing more happens in it."""
        return self.state in ("success", "failed")


def view(label: str, run: dict[str, Any], instances: Sequence[dict[str, Any]], order: Sequence[str]) -> RunView:
    """A run as the API tells it, its tasks in *order*."""
    found = {instance["task_id"]: instance for instance in instances}
    return RunView(label, run.get("state", "queued"), tuple(_task(name, found.get(name, {})) for name in order))


def _task(task_id: str, instance: dict[str, Any]) -> TaskView:
    state = instance.get("state")
    word = WORDS.get(state, state or "")
    start, end = instance.get("start_date"), instance.get("end_date")
    seconds = None
    if start and word not in ("skipped", "not reached", ""):
        until = datetime.fromisoformat(end) if end else datetime.now(UTC)
        seconds = (until - datetime.fromisoformat(start)).total_seconds()
        if seconds < 0:  # Airflow 3.3.2 keeps the end of an earlier try when a later one is ended by a trigger
            seconds = None
    return TaskView(task_id.rpartition(".")[2], word, seconds)


class Progress(Protocol):
    """What the demo tells while it works."""

    def stage(self, number: int, title: str, detail: str) -> None:
        """A new part of the demo begins."""

    def note(self, line: str) -> None:
        """Something worth a line of its own."""

    def show(self, runs: Sequence[RunView]) -> None:
        """The runs of this part, as they are now."""

    def watching(self) -> Any:
        """A context in which `show` is called again and again."""


def for_terminal() -> Progress:
    """A live grid if standard output is a terminal, plain lines if not."""
    return Grid() if sys.stdout.isatty() else Lines()


class Lines:
    """One line for each change."""

    def __init__(self) -> None:
        self._told: set[str] = set()
        self._began = time.monotonic()

    def stage(self, number: int, title: str, detail: str) -> None:
        """Print the stage's title."""
        print(f"[{number}/{STAGES}] {title:14} {detail}", flush=True)

    def note(self, line: str) -> None:
        """Print the line below the stage."""
        print(f"      {line}", flush=True)

    def show(self, runs: Sequence[RunView]) -> None:
        """Print what has changed since the last time."""
        for run in runs:
            for task in run.tasks:
                if task.word in ("success", "failed", "running", "skipped", "not reached"):
                    took = f"{task.seconds:5.1f} s" if task.word in ("success", "failed") and task.seconds else ""
                    self._once(f"{run.label}  {task.name:12} {task.word:11}", took)
            if run.ended:
                self._once(f"{run.label}  run ended: {run.state}", _share(runs))

    def _once(self, line: str, rest: str) -> None:
        if line not in self._told:
            self._told.add(line)
            print(f"      {time.monotonic() - self._began:5.0f} s  {line} {rest}".rstrip(), flush=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Nothing is needed around the lines."""
        yield


class Grid:
    """The runs as rows and the tasks as columns, redrawn in place, with a bar below."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live: Live | None = None

    def stage(self, number: int, title: str, detail: str) -> None:
        """Print the stage's title."""
        self._console.print(f"[bold]\\[{number}/{STAGES}][/] {title:14} {detail}")

    def note(self, line: str) -> None:
        """Print the line below the stage."""
        self._console.print(f"      {line}", markup=False)

    def show(self, runs: Sequence[RunView]) -> None:
        """Draw the grid as it is now."""
        if self._live is not None and runs:
            self._live.update(_grid(runs), refresh=True)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """The grid stays in its place while this lasts, and stands in the scrollback after it."""
        with Live(console=self._console, auto_refresh=False) as live:
            self._live = live
            yield
        self._live = None


def _grid(runs: Sequence[RunView]) -> RenderableType:
    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("      date", *(task.name for task in runs[0].tasks)):
        grid.add_column(heading, header_style="dim", no_wrap=True, min_width=11)
    for run in runs:
        grid.add_row(f"      {run.label}", *(_cell(task) for task in run.tasks))
    if len(runs) == 1:
        return grid
    done = sum(run.ended for run in runs)
    bar = Table.grid(padding=(0, 1))
    bar.add_row("     ", ProgressBar(total=len(runs), completed=done, width=40), _share(runs))
    return Group(grid, bar)


def _cell(task: TaskView) -> str:
    glyph = GLYPHS.get(task.word, "●")
    text = f"{task.seconds:.1f} s" if task.word == "success" and task.seconds is not None else task.word
    colour = COLOURS.get(task.word, "yellow" if task.word else "dim")
    return f"[{colour}]{glyph} {text}[/]"


def _share(runs: Sequence[RunView]) -> str:
    return f"({sum(run.ended for run in runs)} of {len(runs)})" if len(runs) > 1 else ""
