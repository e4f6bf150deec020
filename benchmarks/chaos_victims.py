"""The processes of an Airflow, found by the folder that they work in, so that no other Airflow's are touched."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

BUSY = re.compile(r"airflow worker -- LocalExecutor: ([0-9a-f-]{36})")
TASK = re.compile(r"airflow worker -- ([0-9a-f-]{36})")


@dataclass(frozen=True)
class Process:
    """A process, with its title and its parent."""

    pid: int
    parent: int
    title: str


def processes(home: Path) -> Iterator[Process]:
    """The processes that work in *home*."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            with contextlib.suppress(OSError):
                if (folder / "cwd").readlink() == home:
                    status = (folder / "stat").read_text().rpartition(")")[2].split()
                    title = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                    if status[0] != "Z":
                        yield Process(int(folder.name), int(status[1]), title)


def tasks_at_work(home: Path) -> dict[str, dict[str, int]]:
    """The processes that run tasks: of each task instance the "task" process and its "worker", LocalExecutor's."""
    found: dict[str, dict[str, int]] = {}
    for who, title in (("task", TASK), ("worker", BUSY)):
        for process, ti_id in _titled(home, title):
            found.setdefault(ti_id, {})[who] = process.pid
    return found


def _titled(home: Path, title: re.Pattern[str]) -> list[tuple[Process, str]]:
    found = [(process, title.match(process.title)) for process in processes(home)]
    return [(process, match[1]) for process, match in found if match]


def kill(pid: int) -> None:
    """End a process as a crash would."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def end_all(home: Path, timeout: float = 10) -> list[Process]:
    """End every process that is left of the Airflow in *home*; those that are left all the same."""
    deadline = time.monotonic() + timeout
    while (left := list(processes(home))) and time.monotonic() < deadline:
        for process in left:
            kill(process.pid)
        time.sleep(0.2)
    return left
