"""Whether a Dag run still needs an execution."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_sfn_ml.cli.belonging import Belonging, why_orphan
from airflow_sfn_ml.deploy.names import execution_name, repair_arn

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GRACE = timedelta(minutes=2)
ARN = f"arn:aws:states:us-east-1:123456789012:execution:d-g:{execution_name('d', 'r', 'g', -1, 0)}"


def described(arn: str = ARN, age: timedelta = timedelta(hours=1)) -> dict[str, Any]:
    return {"executionArn": arn, "startDate": NOW - age}


def why(arn: str = ARN, age: timedelta = timedelta(hours=1), **known: Any) -> str:
    return why_orphan(Belonging("d", "g", **{"run_id": "r", **known}), described(arn, age), NOW, GRACE)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_dag_run_that_is_not_over_needs_its_execution_and_every_repair_of_it(state: str):
    assert why(state=state, told=ARN) == ""
    assert why(repair_arn(ARN, 2), state=state, told=ARN) == ""


def test_while_the_start_task_has_told_nothing_the_execution_may_be_its_own():
    assert why(state="running") == ""


def test_an_execution_that_another_has_taken_the_place_of_is_left_over():
    assert why(state="running", told=f"{ARN}-next") == f"its Dag run has started another since: {ARN}-next"
    assert why(repair_arn(ARN, 1), state="running", told=f"{ARN}-next")


@pytest.mark.parametrize("state", ["success", "failed"])
def test_the_execution_of_a_dag_run_that_is_over_is_left_over_after_a_while(state: str):
    assert why(state=state, told=ARN, ended=NOW - GRACE / 2) == ""
    assert why(state=state, told=ARN, ended=NOW - GRACE * 2) == f"its Dag run is over ({state})"


def test_the_execution_of_a_dag_run_that_is_gone_is_left_over():
    assert why() == "its Dag run was deleted"


def test_an_execution_that_tells_nothing_is_ours_by_its_name_and_not_before_its_start_task_could_tell():
    assert why(run_id="") == "no Dag run has started it, or it was deleted"
    assert why(run_id="", age=timedelta(minutes=5)) == ""
    assert why("arn:aws:states:us-east-1:123456789012:execution:d-g:by-hand", run_id="") == ""
