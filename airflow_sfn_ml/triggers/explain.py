"""What the log of a task says about its state: a line while it runs, and the whole story when it failed."""

from __future__ import annotations

from collections.abc import Callable

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.history import ExecutionView, failure
from airflow_sfn_ml.triggers.settings import log_lines

TOO_LARGE = "States.DataLimitExceeded"
DATA_LIMIT = 262_144
"""How many bytes of JSON a state, a task or a variable may hold; no retry and no catch takes the error for it."""
LogTail = Callable[[str, str, int], list[str]]


def progress_line(view: ExecutionView, name: str) -> str:
    """One line about the state *name*; it changes only when there is something new to tell."""
    state = view.state(name)
    line = f"State {name}: {state.status}"
    if state.attempts and state.attempts[-1].job:
        line += f", job {state.attempts[-1].job}"
    if len(state.attempts) > 1:
        earlier = state.attempts[-2]
        line += f" (attempt {len(state.attempts)}; the one before failed with {earlier.error})"
    if state.iterations:
        counts = ", ".join(f"{count} {status}" for status, count in sorted(state.iterations.items()))
        line += f", iterations: {counts} of {state.length}"
    if state.entered_count > 1:
        line += f", entered {state.entered_count} times"
    return line


def request_line(view: ExecutionView, name: str) -> str:
    """What the last attempt of the state *name* asked the service: the request as it was when it left, in one line."""
    attempts = view.state(name).attempts
    text = attempts[-1].request_text if attempts else None
    return f"Request of attempt {attempts[-1].number}: {text}" if text else ""


def failure_lines(view: ExecutionView, name: str, log_tail: LogTail) -> list[str]:
    """Why the state *name* failed: error and cause, each attempt's, the job's own reason and the end of its log."""
    state = view.state(name)
    told = failure(view, name)
    lines = []
    if state.error:
        lines.append(f"Error: {state.error}")
    lines += [f"{label}: {value}" for label, value in _facts(told) if value]
    if state.error == TOO_LARGE:
        lines += _too_large(view, name)
    for attempt in state.attempts[:-1]:
        lines.append(f"Attempt {attempt.number} failed before: {attempt.error}")
    if told.log_group and told.log_stream_prefix:
        tail = log_tail(told.log_group, told.log_stream_prefix, log_lines())
        if tail:
            lines += [f"Last lines of the job's log ({told.log_group}/{told.log_stream_prefix}...):", *tail]
    return lines


def forgotten_line(error: BaseException, arn: str | None, start_task_id: str) -> str:
    """What to do when AWS answers *error* because it does not know the execution *arn* any more; else empty."""
    if code(error) not in ("ExecutionDoesNotExist", "StateMachineDoesNotExist"):
        return ""
    return (
        f"AWS does not know {arn} any more: it keeps executions for 90 days after their end, and none of a state "
        f"machine that was deleted. Clear {start_task_id} to run everything anew"
    )


def _too_large(view: ExecutionView, name: str) -> list[str]:
    """What exceeded AWS's limit, as far as the history tells sizes, and what to do."""
    parts = [state for state in view.states.values() if name in (state.name, state.parent) and state.output_text]
    sizes = sorted(
        ((len(state.output_text.encode()), state.name) for state in parts if state.output_text), reverse=True
    )
    told = ", ".join(f"{part} {size:,}" for size, part in sizes[:3])
    known = f" (bytes of the largest outputs in it: {told})" if told else ""
    job = next((attempt.job for attempt in reversed(view.state(name).attempts) if attempt.job), None)
    whole = f"; the whole answer is still to be had with Describe of {job}" if job else ""
    return [
        f"What state {name} gave exceeds the {DATA_LIMIT:,} bytes (256 KiB) that AWS allows{known}{whole}. "
        "Write large results to S3 and hand on their address; a redrive fails again until the request is changed"
    ]


def _facts(told: object) -> list[tuple[str, object]]:
    names = ("job", "reason", "exit_message", "cause")
    labels = ("Job", "Reason", "Exit message", "Cause")
    return [(label, getattr(told, name, None)) for label, name in zip(labels, names, strict=True)]
