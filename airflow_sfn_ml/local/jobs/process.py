"""One process of a job: start it, read it, stop it the way SageMaker stops a container."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
FLUSH_SECONDS = 0.3


@dataclass(frozen=True)
class Launch:
    """What to run: `root` stands for /opt/ml, as a mount or by the paths in `command` and `environment` themselves."""

    command: Sequence[str]
    environment: dict[str, str]
    directory: str
    root: Path
    mount: bool
    isolate: bool = False

    def write(self, path: Path) -> Path:
        """The file that the launcher reads."""
        path.write_text(
            json.dumps(
                {
                    "command": list(self.command),
                    "directory": self.directory,
                    "root": str(self.root),
                    "mount": self.mount,
                    "isolate": self.isolate,
                    "parent": os.getpid(),
                }
            )
        )
        return path


class Process:
    """A started process; `lines` gets what it wrote, in batches, as it writes."""

    def __init__(self, launch: Launch, spec: Path, lines: Callable[[list[str]], None]) -> None:
        self._lines = lines
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(LAUNCHER), str(launch.write(spec))],
            env=launch.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True, name=f"output of {spec.parent.name}")
        self._reader.start()

    @property
    def ended(self) -> bool:
        """Whether it has ended; `wait` tells how."""
        return self._process.poll() is not None

    def wait(self) -> int:
        """Wait for the end and the last line; the return code, negative for a signal."""
        code = self._process.wait()
        self._signal(signal.SIGKILL)
        self._reader.join()
        return code

    def stop(self, grace_seconds: float) -> None:
        """SIGTERM, and SIGKILL for what is still there after the grace period."""
        self._signal(signal.SIGTERM)
        killer = threading.Timer(grace_seconds, self.kill)
        killer.daemon = True
        killer.start()

    def kill(self) -> None:
        """End it and everything that it started, now."""
        if self._process.returncode is None:
            self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)

    def _read(self) -> None:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        batch: list[str] = []
        rest, flushed = b"", time.monotonic()
        while True:
            ready, _, _ = select.select([pipe], [], [], FLUSH_SECONDS if batch else None)
            chunk = os.read(pipe, 65536) if ready else None
            if chunk:
                *complete, rest = (rest + chunk).split(b"\n")
                batch += [line.decode(errors="replace").rstrip("\r") for line in complete]
            if batch and (chunk is None or time.monotonic() - flushed > FLUSH_SECONDS):
                self._lines(batch)
                batch, flushed = [], time.monotonic()
            if chunk == b"":
                break
        if rest:
            batch.append(rest.decode(errors="replace"))
        if batch:
            self._lines(batch)
        self._process.stdout.close()


def can_mount(directory: Path) -> bool:
    """Whether processes here can have an /opt/ml of their own; tried, not guessed."""
    if sys.platform != "linux":
        return False
    root = directory / "probe"
    root.mkdir(parents=True, exist_ok=True)
    spec = Launch((), {}, "/", root, mount=True).write(directory / "probe.json")
    tried = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), str(spec)], capture_output=True, start_new_session=True, check=False
    )
    return tried.returncode == 0
