"""The command line without Airflow's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, NoReturn

from airflow_sfn_ml.cli.quiet import quietly
from airflow_sfn_ml.cli.table import COMMANDS, FAILED, HELP, USAGE, Command
from airflow_sfn_ml.exceptions import SfnMlError

PIPE_CLOSED = 141
"""What a shell says of a program that wrote to a closed pipe."""


class Parser(argparse.ArgumentParser):
    """A parser that leaves the exit status 2 to `plan`."""

    def error(self, message: str) -> NoReturn:
        """Write *message* and leave."""
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command in *arguments*; the exit status."""
    parsed = _parser().parse_args(arguments)
    return run(parsed.command, parsed)


def run(command: Command, arguments: Any) -> int:
    """Carry out *command*; errors of this package become one line on standard error."""
    module, _, name = command.runs.partition(":")
    try:
        function: Callable[[Any], int] = getattr(import_module(f"airflow_sfn_ml.cli.{module}"), name)
        return quietly(function, arguments) if needs_airflow(arguments) else function(arguments)
    except SfnMlError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        sys.stderr.close()
        return PIPE_CLOSED


def needs_airflow(arguments: Any) -> bool:
    """Whether Airflow is loaded: not for a definition from a file, and not for the embedded AWS."""
    return hasattr(arguments, "verbose") and not getattr(arguments, "asl", None)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="python -m airflow_sfn_ml", description=f"{HELP}.")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        sub = subparsers.add_parser(
            command.name, help=command.help, description=f"{command.help}. {command.description}".rstrip()
        )
        for argument in command.arguments:
            sub.add_argument(*argument.flags, **argument.options)
        sub.set_defaults(command=command)
    return parser
