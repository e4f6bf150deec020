"""One container of a job, as a process: where it looks for programs, how it ended."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence
from pathlib import Path

from airflow_sfn_ml.local.jobs.present import OPT_ML, Presentation

_PYTHON = re.compile(r"^(?:.*/)?python(?:3(?:\.\d+)?)?$")
_INTERPRETERS = re.compile(r"^(?:.*/)?(?:python(?:3(?:\.\d+)?)?|bash|sh)$")
_SKIPPED_PIP = """\
import sys

print("[local] pip is not run here: packages come from the interpreter of the image map.", "pip", *sys.argv[1:])
"""


class CannotStartError(Exception):
    """The command of a job cannot be run; the message is the job's FailureReason."""


def install_programs(directory: Path, python: str) -> Path:
    """A folder for PATH where `python`, `python3` and `pip` are those of the image's interpreter.

    They are scripts, not links: a link to the Python of a virtual environment would not find its packages.
    """
    programs, modules = directory / "bin", directory / "site"
    programs.mkdir(parents=True)
    (modules / "pip").mkdir(parents=True)
    (modules / "pip" / "__init__.py").touch()
    (modules / "pip" / "__main__.py").write_text(_SKIPPED_PIP)
    scripts = {"python": '"$@"', "python3": '"$@"', "pip": '-m pip "$@"', "pip3": '-m pip "$@"'}
    for name, arguments in scripts.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{python}" {arguments}\n')
        program.chmod(0o755)
    return directory


def resolve(command: Sequence[str], python: str, shown: Presentation) -> list[str]:
    """`command` with the image's Python; refuses a script that is not there."""
    if not command:
        raise CannotStartError(
            "ClientError: the job names no ContainerEntrypoint, and the entrypoint of its image is not available here; "
            "give ContainerEntrypoint (a training job may instead give the hyperparameters sagemaker_program "
            "and sagemaker_submit_directory)"
        )
    script = _script(command)
    if script and not shown.real(script).exists():
        raise CannotStartError(
            f"AlgorithmError: the script {script} is not in the container "
            f"(command: {' '.join(command)}), exit code: {2 if _INTERPRETERS.match(command[0]) else 127}"
        )
    first = python if _PYTHON.match(command[0]) else command[0]
    return shown.command([first, *command[1:]])


def _script(command: Sequence[str]) -> str | None:
    """The file below /opt/ml that the command runs, if it runs one."""
    if command[0].startswith(OPT_ML):
        return command[0]
    if not _INTERPRETERS.match(command[0]):
        return None
    for word in command[1:]:
        if word in ("-c", "-m"):
            return None
        if not word.startswith("-"):
            return word if word.startswith(OPT_ML) else None
    return None


def exit_code(code: int) -> int:
    """The exit code of a container whose process returned `code`: 128 + the signal for a signal."""
    return 128 - code if code < 0 else code


def ending(code: int) -> str:
    """How a process ended, in words, when it was a signal; else nothing."""
    if code >= 0 and code <= 128:
        return ""
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        return ""
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"the process was ended by {name}{hint}"
