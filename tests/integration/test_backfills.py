"""Backfills and limits on a real Airflow: never more executions than allowed, and the right ones run again."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest

from tests.integration.test_runs import executions, until

pytestmark = pytest.mark.integration
FIRST = date(2026, 1, 1)


class Sampler:
    """How many executions of a machine run at the same time, looked at again and again."""

    def __init__(self, stack: Any, dag_id: str) -> None:
        self.client = stack.aws.client("stepfunctions")
        self.machine = f"arn:aws:states:us-east-1:123456789012:stateMachine:{dag_id}-g"
        self.seen: Counter[int] = Counter()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    @property
    def most(self) -> int:
        """The most that ran at once."""
        return max(self.seen, default=0)

    def _look(self) -> None:
        while not self._over.wait(0.3):
            try:
                found = self.client.list_executions(stateMachineArn=self.machine, statusFilter="RUNNING")
            except self.client.exceptions.StateMachineDoesNotExist:
                continue
            self.seen[len(found["executions"])] += 1

    @contextmanager
    def looking(self) -> Iterator[Sampler]:
        """Look as long as the block runs."""
        self._thread.start()
        try:
            yield self
        finally:
            self._over.set()
            self._thread.join()


def put(stack: Any, key: str) -> None:
    stack.aws.client("s3").put_object(Bucket="models", Key=key, Body=b"1")


def give(stack: Any, dag_id: str, days: list[date]) -> None:
    """Put what the tasks of *days* need."""
    for day in days:
        put(stack, f"{dag_id}/given/{day}")


def create(stack: Any, dag_id: str, days: list[date], at_once: int, reprocess: str = "none") -> None:
    """Make a backfill of *days*."""
    span = ["--from-date", str(days[0]), "--to-date", str(days[-1])]
    options = ["--max-active-runs", str(at_once), "--reprocess-behavior", reprocess]
    stack.unpause(dag_id)
    stack.run_cli(["backfill", "create", "--dag-id", dag_id, *span, *options])


def ended(stack: Any, dag_id: str, days: list[date]) -> dict[str, str]:
    """Wait until all backfills have ended; the states of the runs of *days*."""

    def are_over() -> bool:
        found = stack.api.get("/backfills", dag_id=dag_id)["backfills"]
        return bool(found) and all(each["completed_at"] for each in found)

    stack.until(are_over, 120 + 20 * len(days), f"the backfill of {dag_id} did not end")
    return {run_id: run["state"] for run_id, run in runs(stack, dag_id, days).items()}


def runs(stack: Any, dag_id: str, days: list[date]) -> dict[str, dict[str, Any]]:
    """The runs of *days*."""
    wanted = {str(day) for day in days}
    found = stack.runs(dag_id, "backfill")
    return {run["dag_run_id"]: run for run in found if run["logical_date"][:10] in wanted}


def told(stack: Any, dag_id: str, days: list[date]) -> dict[str, dict[str, Any]]:
    """What the start tasks of *days* have told."""
    return {run_id: stack.xcom(dag_id, run_id, "g.start") for run_id in runs(stack, dag_id, days)}


@pytest.mark.parametrize(
    ("dag_id", "count", "at_once"),
    [("days_of_4", 6, 3), pytest.param("days_of_8", 30, 4, marks=pytest.mark.thorough)],
)
def test_a_backfill_runs_each_day_once_and_never_more_at_once_than_it_may(
    airflow_stack: Any, dag_id: str, count: int, at_once: int
):
    days = [FIRST + timedelta(days=number) for number in range(count)]
    missing = days[2]
    give(airflow_stack, dag_id, [day for day in days if day != missing])
    sampler = Sampler(airflow_stack, dag_id)
    with sampler.looking():
        create(airflow_stack, dag_id, days, at_once)
        until(lambda: sampler.most == at_once, 120)
        put(airflow_stack, f"{dag_id}/gate")
        states = ended(airflow_stack, dag_id, days)
    assert sampler.most == at_once, sampler.seen
    (failed,) = [run_id for run_id, state in states.items() if state != "success"]
    assert str(missing) in failed
    first = told(airflow_stack, dag_id, days)
    assert len(first) == count
    assert {item["execution_arn"] for item in first.values()} == {
        item["executionArn"] for item in executions(airflow_stack, first[failed]["execution_arn"])
    }
    assert {item["generation"] for item in first.values()} == {0}

    # what failed runs again, and nothing else
    give(airflow_stack, dag_id, [missing])
    create(airflow_stack, dag_id, days, at_once, "failed")
    assert set(ended(airflow_stack, dag_id, days).values()) == {"success"}
    second = told(airflow_stack, dag_id, days)
    assert [run_id for run_id in first if first[run_id] != second[run_id]] == [failed]
    assert second[failed]["generation"] == 1
    assert len(executions(airflow_stack, second[failed]["execution_arn"])) == count + 1


@pytest.mark.thorough
def test_a_backfill_that_reprocesses_what_is_complete_begins_a_new_generation_of_each(airflow_stack: Any):
    days, other = [date(2026, 3, 1), date(2026, 3, 2)], [date(2026, 3, 3)]
    put(airflow_stack, "days_of_4/gate")
    give(airflow_stack, "days_of_4", days + other)
    create(airflow_stack, "days_of_4", days + other, 3)
    assert set(ended(airflow_stack, "days_of_4", days + other).values()) == {"success"}
    before, untouched = told(airflow_stack, "days_of_4", days), told(airflow_stack, "days_of_4", other)
    create(airflow_stack, "days_of_4", days, 2, "completed")
    assert set(ended(airflow_stack, "days_of_4", days).values()) == {"success"}
    after = told(airflow_stack, "days_of_4", days)
    assert [item["generation"] for item in before.values()] == [0, 0]
    assert [item["generation"] for item in after.values()] == [1, 1]
    assert told(airflow_stack, "days_of_4", other) == untouched


def test_a_limited_group_waits_without_a_worker_and_never_runs_more_than_its_limit(airflow_stack: Any):
    sampler = Sampler(airflow_stack, "limited_group")
    ids = [f"limit-{number}" for number in range(4)]

    def waiting() -> list[str]:
        logs = {run_id: airflow_stack.task_log("limited_group", run_id, "g.start") for run_id in ids}
        return [run_id for run_id, log in logs.items() if "max_concurrent_executions is 2" in log]

    with sampler.looking():
        try:
            for run_id in ids:
                airflow_stack.trigger("limited_group", run_id=run_id)
            (one, other) = until(lambda: found if len(found := waiting()) == 2 else None, 240)
        finally:
            for run_id in ids:
                put(airflow_stack, f"limited_group/{run_id}")
        assert {airflow_stack.wait("limited_group", run_id, 300) for run_id in ids} == {"success"}
    assert sampler.most == 2, sampler.seen
    for run_id in ids:
        instances = {ti["task_id"]: ti for ti in airflow_stack.task_instances("limited_group", run_id)}
        assert {ti["state"] for ti in instances.values()} == {"success"}
        assert airflow_stack.xcom("limited_group", run_id, "g.start")["generation"] == 0
    for run_id in (one, other):
        log = airflow_stack.task_log("limited_group", run_id, "g.start", 1)
        assert "execution:limited_group-g:limit-" in log


def test_a_dag_run_that_was_deleted_and_created_anew_has_an_execution_of_its_own(airflow_stack: Any):
    found = []
    for _ in range(2):
        run_id = airflow_stack.trigger("renewed", run_id="again")
        assert airflow_stack.wait("renewed", run_id) == "success"
        found.append(airflow_stack.xcom("renewed", run_id, "g.start"))
        airflow_stack.api.delete(f"/dags/renewed/dagRuns/{run_id}")
    assert [item["namesake"] for item in found] == [0, 1]
    assert found[0]["execution_arn"] != found[1]["execution_arn"]
