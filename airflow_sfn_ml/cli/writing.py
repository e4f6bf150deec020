"""How commands write: a table for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

Row = dict[str, Any]


def write_rows(rows: Sequence[Row], output: str, empty: str = "nothing to show") -> None:
    """Write *rows*, which all have the same keys; *empty* is what a table without rows says."""
    if output == "json":
        write_json(rows)
    elif not rows:
        print(empty, file=sys.stderr)
    else:
        _console().print(_table(rows))


def write_json(value: Any) -> None:
    """Write *value* as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def write_text(text: str) -> None:
    """Write *text* as it is, and end the line."""
    sys.stdout.write(text if text.endswith("\n") else f"{text}\n")


def moment(time: datetime | None) -> str:
    """*time* for people, in UTC and to the second."""
    if time is None:
        return ""
    from datetime import UTC

    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _console() -> Any:
    from rich.console import Console

    # A pipe has no width: cutting what a program may read would be worse than long lines.
    width = None if sys.stdout.isatty() else 250
    return Console(file=sys.stdout, width=width, soft_wrap=False, highlight=False)


def _table(rows: Sequence[Row]) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in rows[0]:
        number = all(isinstance(row[name], (int, float)) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row.values()))
    return table


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.4f}".rstrip("0").rstrip(".")
        case datetime():
            return moment(value)
        case list() | tuple():
            return "\n".join(str(item) for item in value)
        case _:
            return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)
