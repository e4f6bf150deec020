"""An execution as JSON for the page: a line for every state, and everything about one of them. Pure.

Inputs and outputs may have 256 KiB each, and a machine may have hundreds of states; so only the state that someone has
selected is told in full.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from airflow_sfn_ml.history import Attempt, ExecutionView, failure
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.pictures.captions import WORDS, duration, tally
from airflow_sfn_ml.pictures.outline import Outline

LONGEST = 65_536
"""The most characters of an input or output that are sent; a browser shows no more with pleasure."""


@dataclass(frozen=True, slots=True)
class Line:
    """A state in the list of states.

    :param depth: how many Parallels and Maps it is in.
    """

    name: str
    type: str
    detail: str
    status: str
    note: str
    depth: int
    task_id: str | None = None


def lines(machine: Outline, tasks: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every state of *machine*, in the order of the definition, with its task in *tasks*."""
    return [asdict(line) for line in _lines(machine, tasks, 0)]


def _lines(machine: Outline, tasks: Mapping[str, str], depth: int) -> Iterator[Line]:
    for node in machine.nodes:
        if not node.is_state:
            continue
        status = node.status.value if node.status is not None else ""
        yield Line(node.name, node.kind, node.detail, status, node.note, depth, tasks.get(node.name))
        for inner in node.machines:
            yield from _lines(inner, tasks, depth + 1)


def details(view: ExecutionView, name: str, kind: str, console: Console, task: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is known of the state *name*.

    :param kind: its type, as the definition says.
    :param task: the Airflow task that follows it: ``task_id``, ``map_index`` and ``state``; empty if there is none.
    """
    state = view.state(name)
    why = failure(view, name)
    return {
        "name": name,
        "type": state.type or kind,
        "status": state.status.value,
        "word": WORDS[state.status],
        "parent": state.parent,
        "entered": _moment(state.entered),
        "exited": _moment(state.exited),
        "duration": _duration(state.entered, state.exited),
        "visits": state.entered_count,
        "iterations": [{"status": status.value, "word": WORDS[status], "count": n} for status, n in tally(state)],
        "map_run": state.map_run_arn,
        "error": state.error,
        "reason": why.reason,
        "exit_message": why.exit_message,
        "cause": pretty(state.cause),
        "job": state.job,
        "job_arn": state.job_arn,
        "job_url": console.job(state.job_arn),
        "log": f"{why.log_group}/{why.log_stream_prefix}" if why.log_group else None,
        "log_url": console.log(why),
        "attempts": [_attempt(attempt, console) for attempt in state.attempts],
        "input": pretty(state.input_text),
        "output": pretty(state.output_text),
        "task": dict(task) or None,
    }


def pretty(text: str | None) -> str | None:
    """JSON *text* with line breaks, other text as it is; what is too long is cut, and says so."""
    if text is None:
        return None
    try:
        shown = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        shown = text
    if len(shown) <= LONGEST:
        return shown
    return f"{shown[:LONGEST]}\n… {len(shown) - LONGEST:,} characters more: see AWS's console"


def summary(view: ExecutionView, described: Mapping[str, Any], console: Console) -> dict[str, Any]:
    """The execution as a whole."""
    arn = str(described["executionArn"])
    return {
        "arn": arn,
        "name": arn.rpartition(":")[2],
        "status": view.status,
        "word": view.status.lower().replace("_", " "),
        "started": _moment(view.started),
        "stopped": _moment(view.stopped),
        "duration": _duration(view.started, view.stopped),
        "error": view.error,
        "cause": pretty(view.cause),
        "failed_states": list(view.failed_states),
        "version": str(described.get("stateMachineVersionArn") or described.get("stateMachineArn") or ""),
        "url": console.execution(arn),
    }


def _attempt(attempt: Attempt, console: Console) -> dict[str, Any]:
    began = attempt.started or attempt.scheduled
    return {
        "number": attempt.number,
        "status": attempt.status.value,
        "word": WORDS[attempt.status],
        "redrive": attempt.redrive_count,
        "started": _moment(began),
        "ended": _moment(attempt.ended),
        "duration": _duration(began, attempt.ended),
        "error": attempt.error,
        "job": attempt.job,
        "job_url": console.job(attempt.job_arn),
        "request": pretty(attempt.request_text),
    }


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _duration(start: datetime | None, end: datetime | None) -> str | None:
    return None if start is None or end is None else duration(end - start)
