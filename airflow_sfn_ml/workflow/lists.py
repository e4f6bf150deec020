"""Lists that show themselves as tables in a notebook, without scripts from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, ClassVar


class Html(str):
    """HTML that a notebook shows."""

    def _repr_html_(self) -> str:
        return str(self)


class _Table(list[Any]):
    """A list of records with columns to show."""

    columns: ClassVar[Mapping[str, str]] = {}
    """The heading of each column and what it shows of a record."""

    def to_html(self) -> Html:
        """The list as a table."""
        head = "".join(f"<th>{escape(title)}</th>" for title in self.columns)
        rows = "".join(f"<tr>{''.join(_cells(record, self.columns.values()))}</tr>" for record in self)
        return Html(f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>")

    def _repr_html_(self) -> str:
        return self.to_html()


def _cells(record: Any, names: Iterable[str]) -> Iterable[str]:
    for name in names:
        value = record.get(name) if isinstance(record, Mapping) else getattr(record, name, None)
        yield f"<td>{'' if value is None else escape(str(value))}</td>"


class EventsList(_Table):
    """The events of an execution."""

    columns: ClassVar[Mapping[str, str]] = {"ID": "id", "Type": "type", "Time": "timestamp", "After": "previousEventId"}


class WorkflowList(_Table):
    """The state machines of an account."""

    columns: ClassVar[Mapping[str, str]] = {"Name": "name", "ARN": "stateMachineArn", "Created": "creationDate"}


class ExecutionsList(_Table):
    """The executions of a state machine."""

    columns: ClassVar[Mapping[str, str]] = {
        "Name": "name",
        "Status": "status",
        "Started": "start_date",
        "Ended": "stop_date",
    }
