"""What docs/running.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_sfn_ml import get_provider_info

PAGE = (Path(__file__).parents[2] / "docs" / "running.md").read_text()


def test_the_group_with_a_limit_is_what_the_page_says():
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    exec(compile(code, "running.md", "exec"), {})


def test_the_pause_between_looks_for_room_is_the_provider_s():
    (seconds,) = re.findall(r"`\[sfn_ml\] limit_interval` seconds \((\d+)\)", PAGE)
    assert float(seconds) == float(get_provider_info()["config"]["sfn_ml"]["options"]["limit_interval"]["default"])


def test_the_page_names_the_grace_of_the_command():
    from airflow_sfn_ml.cli.table import COMMANDS

    (command,) = [command for command in COMMANDS if command.name == "orphans"]
    (grace,) = [argument for argument in command.arguments if "--grace" in argument.flags]
    assert f"`--grace` seconds ({grace.options['default']})" in PAGE
