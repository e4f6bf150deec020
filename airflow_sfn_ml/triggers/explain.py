"""What the log of a task says about its state: a line while it runs, and the whole story when it failed."""

from __future__ import annotations

from collections.abc import Callable

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.history import Attempt, ExecutionView, Failure, failure
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.history.jobs import document
from airflow_sfn_ml.history.permissions import missing_permissions
from airflow_sfn_ml.triggers.settings import log_lines

TOO_LARGE = "States.DataLimitExceeded"
DATA_LIMIT = 262_144
"""How many bytes of JSON a state, a task or a variable may hold; no retry and no catch takes the error for it."""
REASON_LENGTH = 300
"""How much of an earlier attempt's reason is told."""
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


def failure_lines(view: ExecutionView, name: str, log_tail: LogTail, console: Console | None = None) -> list[str]:
    """Why the state *name* failed: error and cause, each attempt's, the job's own reason, what permission is missing,
    where to look, and the end of the job's log.

    :param log_tail: gives the last lines of a job's log.
    :param console: gives the addresses of AWS's console.
    """
    state = view.state(name)
    told = failure(view, name)
    lines = [f"Error: {state.error}"] if state.error else []
    lines += [f"{label}: {value}" for label, value in _facts(told) if value is not None]
    if state.error == TOO_LARGE:
        lines += _too_large(view, name)
    lines += [_attempt_line(attempt) for attempt in state.attempts[:-1]]
    tail = log_tail(told.log_group, told.log_stream_prefix or "", log_lines()) if told.log_group else []
    lines += [f"Lacks a permission: {lacking}" for lacking in missing_permissions("\n".join([*lines, *tail]))]
    lines += _links(told, console)
    if tail:
        lines += [f"Last lines of the job's log ({told.log_group}/{told.log_stream_prefix}...):", *tail]
    return lines


def _attempt_line(attempt: Attempt) -> str:
    """How an attempt failed that another one followed."""
    described = document(attempt.cause)
    reason = described.get("FailureReason") or described.get("ExitMessage") or (None if described else attempt.cause)
    line = f"Attempt {attempt.number} failed before: {attempt.error}"
    line += f": {str(reason)[:REASON_LENGTH]}" if reason else ""
    return line + (f" (job {attempt.job})" if attempt.job else "")


def _links(told: Failure, console: Console | None) -> list[str]:
    if console is None:
        return []
    links = {"Job": console.job(told.job_arn), "Log": console.log(told)}
    return [f"{what} in the console: {link}" for what, link in links.items() if link]


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


def _facts(told: Failure) -> list[tuple[str, object]]:
    return [
        ("Job", told.job),
        ("Reason", told.reason),
        ("Exit code", told.exit_code),
        ("Exit message", told.exit_message),
        ("Cause", told.cause),
    ]
