#!/usr/bin/env python3
"""One command each: `python3 run.py demo`, `python3 run.py test`, `python3 run.py check`.

Needs Python 3.11 or newer and nothing else: the first call makes `.venv` beside this file and installs the exact
versions of `constraints.txt` into it; later calls find it ready in less than a second.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.sha256"
LOG = VENV / "install.log"
EXTRAS = "local,demo,dev"
CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "types": ["-m", "mypy"],
    "layers": ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    "tests": ["-m", "pytest"],
}
SERVERS = ["-m", "pytest", "-m", "integration and not aws and not thorough"]
"""The tests that start servers wait most of their time, so `check` runs them beside everything else."""
OTHERS = ["-m", "not integration and not aws and not thorough"]


def main(arguments: Sequence[str]) -> int:
    """Do what the command line asks for and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("demo", add_help=False, help="run the example workflow here (demo --help tells more)")
    commands.add_parser("test", add_help=False, help="run the tests; further arguments are pytest's")
    commands.add_parser("check", help="lint, types, layers and tests")
    chosen, rest = parser.parse_known_args(arguments)
    if chosen.command == "check" and rest:
        parser.error(f"check takes no arguments: {' '.join(rest)}")
    if not prepare():
        return 1
    match chosen.command:
        case "demo":
            return run("-m", "demo", *rest)
        case "test":
            return run(*CHECKS["tests"], *rest)
        case _:
            return check()


def check() -> int:
    """Run every check, also after one has failed, and tell which did."""
    statuses = {}
    with tempfile.TemporaryFile() as told:
        beside = subprocess.Popen([str(PYTHON), *SERVERS], cwd=ROOT, env=environment(), stdout=told, stderr=told)
        try:
            for name, command in CHECKS.items():
                print(f"== {name}", flush=True)
                statuses[name] = run(*command, *(OTHERS if name == "tests" else ()))
            statuses["tests with servers"] = beside.wait()
        finally:
            if beside.poll() is None:
                beside.terminate()
                beside.wait()
        told.seek(0)
        print(f"== tests with servers\n{told.read().decode(errors='replace')}", flush=True)
    failed = [name for name, status in statuses.items() if status]
    print(f"== failed: {', '.join(failed)}" if failed else "== all checks passed")
    return 1 if failed else 0


def run(*command: str) -> int:
    """Run the environment's Python with *command*; ctrl-C and SIGTERM go to it, and its answer is ours."""
    process = subprocess.Popen([str(PYTHON), *command], cwd=ROOT, env=environment())
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the child has got it too, and stops what it started


def environment() -> dict[str, str]:
    """The caller's environment, less what would bring other packages in."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    kept["PATH"] = f"{VENV / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
    if not kept.get("HOME"):
        kept["HOME"] = str(VENV)  # pip, uv and Airflow want one
    kept.setdefault("UV_SYSTEM_CERTS", "true")  # as pip does: a company's own certificates count
    return kept


def prepare() -> bool:
    """Make the environment unless it is as pyproject.toml and constraints.txt want it; say whether it is ready."""
    if sys.version_info < (3, 11):  # noqa: UP036 - this is the one file that an older Python may be asked to run
        print(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}", file=sys.stderr)
        return False
    with only_one():
        wanted = fingerprint()
        if STAMP.is_file() and PYTHON.exists() and STAMP.read_text() == wanted:
            return True
        started = time.monotonic()
        print("[1/2] making .venv", flush=True)
        venv.create(VENV, clear=True, with_pip=True)
        if not install():
            return False
        STAMP.write_text(wanted)
        print(f"      ready after {time.monotonic() - started:.0f} s", flush=True)
    return True


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock of this checkout's environment."""
    with (ROOT / ".venv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fingerprint() -> str:
    """What the environment depends on, as a digest."""
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def install() -> bool:
    """Install the project and the versions it was tested with: with uv, which takes a minute; without one, with pip."""
    constraints = ["--constraint", "constraints.txt"]
    what = [*constraints, "--editable", f".[{EXTRAS}]"]
    pip = [str(PYTHON), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    uv = shutil.which("uv")
    if uv is None and install_with([*pip, *constraints, "uv"]):
        uv = str(VENV / "bin" / "uv")
    if uv is not None:
        print("[2/2] installing Airflow, the project and its tools (about a minute)", flush=True)
        if install_with([uv, "pip", "install", "--python", str(PYTHON), *what]):
            return True
        print("      uv could not", flush=True)
    print("[2/2] installing Airflow, the project and its tools with pip (about five minutes)", flush=True)
    if install_with([*pip, *what]):
        return True
    print("\n".join(LOG.read_text(errors="replace").splitlines()[-30:]), file=sys.stderr)
    print(f"The installation failed. The whole log: {LOG}", file=sys.stderr)
    return False


def install_with(command: list[str]) -> bool:
    """Run the installer into the log file, with a sign of life while it works."""
    started = told = time.monotonic()
    with LOG.open("a") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while process.poll() is None:
                time.sleep(0.2)
                if time.monotonic() - told >= 15:
                    told = time.monotonic()
                    print(f"      {told - started:4.0f} s  {doing_now()}", flush=True)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return process.returncode == 0


def doing_now() -> str:
    """The installer's last line, cut to a terminal's width."""
    lines = [line.strip() for line in LOG.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:90] if lines else "starting"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
