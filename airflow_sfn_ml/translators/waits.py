"""Sensors that only wait for a time: Wait states.

The moment or the span is finished by the start task, since it may depend on the run. A sensor that would be over
before that moment comes fails there too: the state that waits has no time limit of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from airflow_sfn_ml.asl import State, Wait
from airflow_sfn_ml.exceptions import TranslationError
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators.members import given
from airflow_sfn_ml.translators.policies import timeout_of
from airflow_sfn_ml.translators.preparations import Preparation, Prepared, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Row, add

_SENSORS = "airflow.providers.standard.sensors"
_SKIPPING = "whether its time is over is seen by the start of the execution, which fails; raise the timeout instead"
REFUSED = {"soft_fail": _SKIPPING, "never_fail": _SKIPPING}
LONGEST = 99_999_999
"""AWS's limit for the Seconds of a Wait."""
_RUN = (
    "{{ (data_interval_end if data_interval_end is defined and data_interval_end else dag_run.run_after).isoformat() }}"
)


def _always(value: Any) -> bool:
    return True


def _limit(operator: Any) -> int | None:
    """How long the sensor may wait, in seconds."""
    return timeout_of(operator.timeout, given(operator, "execution_timeout"))


def _until(operator: Any, moment: Any, do: Callable[[Any], datetime], code: tuple[str, str] | None) -> Translation:
    """Wait until what *do* makes of *moment*."""
    limit = _limit(operator)

    def finish(value: Any, start: Any) -> str:
        target = do(value)
        over = (target - datetime.now(UTC)).total_seconds()
        if limit is not None and over > limit:
            raise ValueError(
                f"{_timestamp(target)} is {over:,.0f} seconds away and the sensor waits for at most {limit:,} seconds; "
                "raise its timeout"
            )
        return _timestamp(target)

    return _waiting(operator, timestamp=prepared(moment, Preparation(finish, at_start=_always, code=code)))


def _waiting(operator: Any, **wait: Any) -> Translation:
    state: State = Wait("wait", **wait)
    return Translation(Procedure(operator.label, (state,), has_output=False))


def _timestamp(moment: datetime) -> str:
    """*moment* as a Wait takes it: in UTC, in whole seconds, not before it."""
    whole = moment.astimezone(UTC) + timedelta(microseconds=-moment.microsecond % 1_000_000)
    return whole.strftime("%Y-%m-%dT%H:%M:%SZ")


def _moment(value: Any) -> datetime:
    """The moment that *value* says, as Airflow reads it: without a zone it is in UTC."""
    from airflow.sdk import timezone

    found = value if isinstance(value, datetime) else timezone.parse(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _span(value: Any) -> timedelta:
    """The span that *value* says: a number is minutes."""
    return value if isinstance(value, timedelta) else timedelta(minutes=int(value))


# TimeDeltaSensor


def _time_delta(operator: Any) -> Translation:
    delta = operator.delta
    known = delta if isinstance(delta, timedelta) else None
    if known is not None:
        return _until(operator, _RUN, lambda value: _moment(value) + known, None)
    return _until(
        operator,
        {"run": _RUN, "minutes": delta},
        lambda value: _moment(value["run"]) + _span(value["minutes"]),
        ("(function($v) { $fromMillis($toMillis($v.run) + $number($v.minutes) * 60000) })(", ")"),
    )


# DateTimeSensor


def _date_time(operator: Any) -> Translation:
    target = operator.target_time
    if isinstance(target, datetime):
        target = target.isoformat()
    return _until(operator, target, _moment, ("$fromMillis($toMillis(", "))"))


# TimeSensor


def _time(operator: Any) -> Translation:
    zone = operator.dag.timezone
    clock = operator.target_datetime.astimezone(zone).time()

    def today(value: Any) -> datetime:
        return datetime.combine(datetime.now(zone).date(), time.fromisoformat(str(value)), zone)

    return _until(operator, clock.isoformat(), today, None)


# WaitSensor


def _wait(operator: Any) -> Translation:
    limit = timeout_of(given(operator, "execution_timeout"))

    def finish(value: Any, start: Any) -> int:
        seconds = int(_span(value).total_seconds())
        if not 0 <= seconds <= (limit or LONGEST):
            raise TranslationError(
                f"{operator.task_id}: time_to_wait is {seconds:,} seconds and must lie between 0 and "
                f"{limit or LONGEST:,}"
            )
        return seconds

    span = operator.time_to_wait
    if isinstance(span, timedelta):
        return _waiting(operator, seconds=finish(span, None))
    code = ("$floor($number(", ") * 60)")
    return _waiting(operator, seconds=Prepared(span, (((), Preparation(finish, code=code)),)))


_NOTE = "The moment is known when the execution starts; if it lies further away than `timeout`, the start fails."

add(
    Row(f"{_SENSORS}.time_delta.TimeDeltaSensor", build=_time_delta, refused=REFUSED, note=_NOTE),
    Row(f"{_SENSORS}.time_delta.TimeDeltaSensorAsync", build=_time_delta, refused=REFUSED, note=_NOTE),
    Row(f"{_SENSORS}.date_time.DateTimeSensor", build=_date_time, refused=REFUSED, note=_NOTE),
    Row(f"{_SENSORS}.date_time.DateTimeSensorAsync", build=_date_time, refused=REFUSED, note=_NOTE),
    Row(
        f"{_SENSORS}.time.TimeSensor",
        build=_time,
        refused=REFUSED,
        note="The day is that on which the execution starts, in the Dag's time zone. " + _NOTE,
    ),
    Row(f"{_SENSORS}.time.TimeSensorAsync", build=_time, refused=REFUSED, note=_NOTE),
    Row(f"{_SENSORS}.time_delta.WaitSensor", build=_wait, refused=REFUSED, note="One Wait of so many seconds."),
)
