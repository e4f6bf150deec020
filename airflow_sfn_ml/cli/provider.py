"""The commands as Airflow takes them from a provider; Airflow imports this for every one of its own commands."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from airflow.cli.cli_config import ActionCommand, Arg, GroupCommand

from airflow_sfn_ml.cli.table import COMMANDS, HELP, Argument, Command


def get_commands() -> list[Any]:
    """The group ``sfn-ml`` with its commands."""
    return [GroupCommand(name="sfn-ml", help=HELP, subcommands=tuple(_action(command) for command in COMMANDS))]


def _action(command: Command) -> Any:
    return ActionCommand(
        name=command.name,
        help=command.help,
        description=f"{command.help}. {command.description}".rstrip(),
        func=_function(command),
        args=tuple(_argument(argument) for argument in command.arguments),
    )


def _argument(argument: Argument) -> Any:
    return Arg(flags=argument.flags, **argument.options)  # type: ignore[no-untyped-call]


def _function(command: Command) -> Callable[[Any], None]:
    def call(arguments: Any) -> None:
        from airflow_sfn_ml.cli.parser import run

        status = run(command, arguments)
        if status:
            sys.exit(status)

    return call
