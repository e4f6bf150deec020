"""The words of a picture: what a state does, and what has become of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import StateStatus, StateView

WORDS: Mapping[StateStatus, str] = {status: status.value.replace("_", " ") for status in StateStatus}
"""The status as a word, which always stands beside its colour and its glyph."""

_INTEGRATION = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:(?:aws-sdk:)?(?P<call>[^:]+:.+)")
_FUNCTION = re.compile(r"arn:[^:]*:(?P<service>lambda|states):[^:]*:[^:]*:(?:function|activity):(?P<name>.+)")
_ACTIVITY = re.compile(r"arn:[^:]*:states:[^:]*:[^:]*:activity:")


def text(value: object) -> str | None:
    """*value* where a definition really holds a text there, and not null or something else."""
    return value if isinstance(value, str) else None


def detail(state: asl.State) -> str:
    """What *state* does: ``sagemaker:createTrainingJob.sync`` for a Task, ``Wait 30 s`` for a Wait."""
    match state:
        case asl.Task():
            return _call(text(state.resource)) or "Task"
        case asl.Wait():
            return _wait(state)
        case asl.Fail():
            return f"Fail {text(state.error) or ''}".strip()
        case asl.Parallel():
            count = len(state.branches)
            return f"Parallel, {count} branch{'es' * (count != 1)}"
        case asl.Map():
            return _map(state)
        case _:
            return state.type


def _call(resource: str | None) -> str | None:
    if resource is None:
        return None
    direct = _FUNCTION.fullmatch(resource)
    if direct is not None:
        return f"{'activity' if _ACTIVITY.match(resource) else 'lambda'}:{direct['name']}"
    integration = _INTEGRATION.fullmatch(resource)
    return integration["call"] if integration else resource


def _wait(state: asl.Wait) -> str:
    if isinstance(state.seconds, int | float):
        return f"Wait {duration(timedelta(seconds=state.seconds))}" if 0 <= state.seconds < 1e11 else "Wait"
    until = text(state.timestamp) or text(state.timestamp_path)
    if until is not None:
        return f"Wait until {until}"
    seconds = text(state.seconds) or text(state.seconds_path)
    return f"Wait {seconds}" if seconds else "Wait"


def _map(state: asl.Map) -> str:
    config = state.item_processor.processor_config if state.item_processor else None
    words = ["Map"]
    if isinstance(config, Mapping) and config.get("Mode") == "DISTRIBUTED":
        words.append("distributed")
    if isinstance(state.max_concurrency, int) and state.max_concurrency > 0:
        words.append(f"{state.max_concurrency} at once")
    return ", ".join(words)


def note(view: StateView) -> str:
    """The status of a state in one line: its word, how often, how long, which error."""
    if view.status is StateStatus.NOT_ENTERED:
        return WORDS[view.status]
    parts = [WORDS[view.status]]
    if view.iterations or view.length is not None:
        parts.append(iterations(view))
    if view.entered_count > 1:
        parts.append(visits(view))
    if len(view.attempts) > 1:
        parts.append(f"attempt {len(view.attempts)}" if view.status.is_open else f"{len(view.attempts)} attempts")
    once = view.entered if view.entered_count <= 1 else None
    if once is not None and view.exited is not None:
        parts.append(duration(view.exited - once))
    if view.error and view.status is not StateStatus.SUCCEEDED:
        parts.append(view.error)
    elif once is not None and view.status.is_open:
        parts.append(f"since {_clock(once)}")
    return " · ".join(parts)


def iterations(view: StateView) -> str:
    """The iterations of a Map: ``8 succeeded, 1 running of 10``."""
    counts = _counts(view.iterations)
    if view.length is None:
        return counts
    if not counts:
        return f"{view.length} item{'s' * (view.length != 1)}"
    return f"{counts} of {view.length}"


def visits(view: StateView) -> str:
    """How often a state was entered, and with which result where the results differ."""
    if len([count for count in view.outcomes.values() if count]) > 1:
        return _counts(view.outcomes)
    return f"{view.entered_count} visits"


def tally(view: StateView) -> tuple[tuple[StateStatus, int], ...]:
    """How many iterations of a Map have which status, in a fixed order; those to come are not_entered."""
    if not view.iterations and not view.length:
        return ()
    counts = dict(view.iterations)
    waiting = (view.length or 0) - sum(counts.values())
    if waiting > 0:
        counts[StateStatus.NOT_ENTERED] = counts.get(StateStatus.NOT_ENTERED, 0) + waiting
    return tuple((status, counts[status]) for status in _ORDER if counts.get(status))


_ORDER = tuple(sorted(StateStatus, key=lambda status: (status is StateStatus.NOT_ENTERED, status.is_open)))


def _counts(counts: Mapping[StateStatus, int]) -> str:
    return ", ".join(f"{counts[status]} {WORDS[status]}" for status in _ORDER if counts.get(status))


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:%H:%M:%S}"


def duration(span: timedelta) -> str:
    """*span* in its two largest units: ``0.4 s``, ``12 s``, ``4 min 12 s``, ``2 h 5 min``, ``3 d 4 h``."""
    seconds = max(span.total_seconds(), 0.0)
    if seconds < 10 and seconds != int(seconds):
        return f"{seconds:.1f} s"
    total = round(seconds)
    for size, unit, smaller, smaller_unit in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if total >= size:
            rest = total % size // smaller
            return f"{total // size} {unit} {rest} {smaller_unit}" if rest else f"{total // size} {unit}"
    return f"{total} s"
