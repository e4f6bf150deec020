"""Sensors that wait for a time."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.standard.sensors.date_time import DateTimeSensor, DateTimeSensorAsync
from airflow.providers.standard.sensors.time import TimeSensor
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor, WaitSensor

from airflow_sfn_ml.exceptions import NotPrepared
from tests.translators.machines import context, group_of, member, refusal, rendered, run

NOW = datetime.now(UTC)
VALUE = "{% $states.context.Execution.Input.values.t.`/wait/timestamp` %}"


def moment(build: Any, **values: Any) -> str:
    return str(rendered(group_of(build), context(**values))["t"]["/wait/timestamp"])


def text(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_time_delta_is_a_wait_until_a_moment_that_the_start_finds_out():
    state = member(TimeDeltaSensor, delta=timedelta(hours=1))
    assert (state["Type"], state["Timestamp"]) == ("Wait", VALUE)


def test_the_delta_counts_from_the_end_of_the_data_interval_else_from_the_run():
    end = NOW.replace(microsecond=0)
    run_after = SimpleNamespace(run_after=end + timedelta(minutes=1))

    def build() -> Any:
        return TimeDeltaSensor(task_id="t", delta=timedelta(hours=1))

    assert moment(build, data_interval_end=end, dag_run=run_after) == text(end + timedelta(hours=1))
    assert moment(build, data_interval_end=None, dag_run=run_after) == text(end + timedelta(minutes=61))
    assert moment(build, dag_run=run_after) == text(end + timedelta(minutes=61))


def test_a_delta_may_be_a_template_of_minutes():
    end = NOW.replace(microsecond=0)

    def build() -> Any:
        return TimeDeltaSensor(task_id="t", delta="{{ params.minutes }}")

    told = moment(build, data_interval_end=end, params={"minutes": 5}, dag_run=SimpleNamespace(run_after=end))
    assert told == text(end + timedelta(minutes=5))


def test_a_moment_is_rounded_up_to_a_second_and_in_utc():
    def build() -> Any:
        return DateTimeSensor(task_id="t", target_time="2026-01-01T02:00:00.5+02:00")

    assert moment(build) == "2026-01-01T00:00:01Z"


@pytest.mark.parametrize("cls", [DateTimeSensor, DateTimeSensorAsync])
def test_a_date_time_may_be_a_moment_or_a_template(cls: Any):
    assert moment(lambda: cls(task_id="t", target_time=datetime(2026, 1, 1, tzinfo=UTC))) == "2026-01-01T00:00:00Z"
    assert moment(lambda: cls(task_id="t", target_time="{{ ds }}"), ds="2026-01-02") == "2026-01-02T00:00:00Z"


def test_the_time_of_a_day_is_that_of_the_day_of_the_start():
    told = moment(lambda: TimeSensor(task_id="t", target_time=time(8, 30)))
    assert told == text(datetime.combine(datetime.now(UTC).date(), time(8, 30), UTC))


def test_a_moment_beyond_the_sensors_timeout_fails_the_start():
    def build() -> Any:
        return DateTimeSensor(task_id="t", target_time=NOW + timedelta(hours=2), timeout=3600)

    with pytest.raises(NotPrepared) as caught:
        moment(build)
    assert "seconds away and the sensor waits for at most 3,600 seconds; raise its timeout" in str(caught.value)


def test_a_span_is_a_wait_of_seconds():
    assert member(WaitSensor, time_to_wait=timedelta(minutes=2))["Seconds"] == 120
    assert member(WaitSensor, time_to_wait=3)["Seconds"] == 180
    told = rendered(
        group_of(lambda: WaitSensor(task_id="t", time_to_wait="{{ params.m }}")), context(params={"m": "2"})
    )
    assert told["t"] == {"/wait/seconds": 120}


def test_a_span_that_is_too_long_is_refused():
    assert refusal(WaitSensor, time_to_wait=timedelta(days=1), execution_timeout=timedelta(hours=1)) == (
        "g.t: time_to_wait is 86,400 seconds and must lie between 0 and 3,600"
    )


def test_a_wait_that_would_skip_is_refused():
    assert "soft_fail (whether its time is over is seen by the start of the execution, which fails" in refusal(
        TimeDeltaSensor, delta=timedelta(1), soft_fail=True
    )


def test_waits_run(local_aws: Any):
    def build() -> Any:
        WaitSensor(task_id="t", time_to_wait=timedelta(seconds=1)) >> DateTimeSensor(
            task_id="u", target_time=datetime.now(UTC) + timedelta(seconds=2)
        )

    view = run(local_aws, group_of(build))
    for name in ("t", "u"):
        assert str(view.state(name).status) == "succeeded"
