"""The page on the command line knows every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from airflow_sfn_ml.cli.table import COMMANDS

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_a_command_is_in_the_table_of_the_page(command):
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{command.name}")]
    assert len(rows) == 1


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_argument_has_a_help(command):
    for argument in command.arguments:
        assert argument.options.get("help"), (command.name, argument.flags)


def test_every_command_answers_in_json():
    for command in COMMANDS:
        choices = [a.options["choices"] for a in command.arguments if "--output" in a.flags]
        assert choices, command.name
        assert "json" in choices[0]
