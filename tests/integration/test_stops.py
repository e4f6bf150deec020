"""Whoever ends something in Airflow ends the paid work that belongs to it, and nothing else."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.test_runs import executions, states, until

pytestmark = pytest.mark.integration

WITHIN = 30
"""Seconds until paid work has to be stopped."""


@pytest.fixture(scope="module")
def begun(airflow_stack: Any) -> dict[str, str]:
    """Runs that can begin together, since they wait until a test ends them; by what they are for."""
    wanted = {"marked": "stop_sides", "other": "stop_sides", "limit": "stop_timeout", "deleted": "stop_deleted"}
    wanted |= {"task": "stop_one", "success": "stop_one", "moves": "stop_one", "limited": "stop_limited"}
    return {name: airflow_stack.trigger(dag_id) for name, dag_id in wanted.items()}


def started(stack: Any, dag_id: str, tasks: list[str], run_id: str | None = None) -> str:
    """A run of *dag_id* in which the jobs of *tasks* are at work and followed: *run_id*, or a new one."""
    run_id = run_id or stack.trigger(dag_id)
    until(lambda: states(stack, dag_id, run_id).get("g.start") == "success", 240)
    for task in tasks:
        until(lambda task=task: f"job {task}-" in stack.task_log(dag_id, run_id, f"g.{task}"), 60)
    return run_id


def jobs(stack: Any, arn: str) -> dict[str, str]:
    """The names of the jobs that the execution *arn* has started, and what SageMaker says of them."""
    stepfunctions, sagemaker = stack.aws.client("stepfunctions"), stack.aws.client("sagemaker")
    events = stepfunctions.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    found = {}
    for event in events:
        if event["type"] == "TaskSubmitted":
            answer = event["taskSubmittedEventDetails"]["output"]
            name = answer.partition("processing-job/")[2].partition('"')[0]
            found[name] = sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"]
    return found


def arn_of(stack: Any, dag_id: str, run_id: str) -> str:
    return str(stack.xcom(dag_id, run_id, "g.start")["execution_arn"])


def status(stack: Any, arn: str) -> str:
    return str(stack.aws.client("stepfunctions").describe_execution(executionArn=arn)["status"])


def all_stop(stack: Any, arn: str, *errors: str, seconds: float = WITHIN) -> None:
    """Check that the execution *arn* and all of its jobs stop in time."""
    until(lambda: status(stack, arn) == "ABORTED", seconds)
    assert stack.aws.client("stepfunctions").describe_execution(executionArn=arn)["error"] in errors
    until(lambda: set(jobs(stack, arn).values()) == {"Stopped"}, seconds)


def logged(stack: Any, dag_id: str, run_id: str, task_id: str, *lines: str) -> None:
    """Wait until the task's log tells *lines*. What a trigger says after its task has ended is in the triggerer's."""

    def told() -> bool:
        logs = stack.task_log(dag_id, run_id, task_id) + (stack.logs / "triggerer.log").read_text()
        return all(line in logs for line in lines)

    until(told, 30)


def test_a_dag_run_that_is_marked_failed_stops_all_branches_and_no_other_run(airflow_stack: Any, begun: Any):
    other = started(airflow_stack, "stop_sides", ["left"], begun["other"])
    run_id = started(airflow_stack, "stop_sides", ["left", "right"], begun["marked"])
    arn, others = arn_of(airflow_stack, "stop_sides", run_id), arn_of(airflow_stack, "stop_sides", other)
    airflow_stack.api.patch(f"/dags/stop_sides/dagRuns/{run_id}", {"state": "failed"})
    all_stop(airflow_stack, arn, "Airflow.DagRunFailed")
    assert len(jobs(airflow_stack, arn)) == 2
    assert f"Stopping {arn}, since the Dag run failed" in airflow_stack.task_log("stop_sides", run_id, "g.left")
    stopped = [f"Job {name} has stopped, or is stopping" for name in jobs(airflow_stack, arn)]
    logged(airflow_stack, "stop_sides", run_id, "g.left", *stopped)

    assert status(airflow_stack, others) == "RUNNING", "nothing else's work stops"
    assert set(jobs(airflow_stack, others).values()) == {"InProgress"}
    airflow_stack.api.patch(f"/dags/stop_sides/dagRuns/{other}", {"state": "failed"})
    all_stop(airflow_stack, others, "Airflow.DagRunFailed")


def test_a_dag_run_that_reaches_its_time_limit_stops_everything(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_timeout", ["left", "right"], begun["limit"])
    arn = arn_of(airflow_stack, "stop_timeout", run_id)
    until(lambda: airflow_stack.run("stop_timeout", run_id)["state"] == "failed", 120)
    all_stop(airflow_stack, arn, "Airflow.DagRunTimedOut")
    assert states(airflow_stack, "stop_timeout", run_id)["g.left"] == "skipped", "which is what Airflow does"
    assert len(jobs(airflow_stack, arn)) == 2


def test_a_task_instance_that_is_deleted_stops_its_work(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_one", ["one"], begun["task"])
    arn = arn_of(airflow_stack, "stop_one", run_id)
    airflow_stack.api.delete(f"/dags/stop_one/dagRuns/{run_id}/taskInstances/g.one")
    all_stop(airflow_stack, arn, "Airflow.TaskDeleted")


def test_a_dag_that_is_deleted_stops_the_work_of_its_runs(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_deleted", ["one", "other"], begun["deleted"])
    arn = arn_of(airflow_stack, "stop_deleted", run_id)
    airflow_stack.run_cli(["dags", "delete", "stop_deleted", "--yes"])
    all_stop(airflow_stack, arn, "Airflow.DagRunDeleted")
    assert len(jobs(airflow_stack, arn)) == 2


def test_marking_a_success_stops_nothing_and_the_next_task_follows(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_one", ["one"], begun["success"])
    arn = arn_of(airflow_stack, "stop_one", run_id)
    airflow_stack.patch_task("stop_one", run_id, "g.one", "success")
    until(lambda: states(airflow_stack, "stop_one", run_id)["g.last"] == "deferred")
    time.sleep(5)
    assert status(airflow_stack, arn) == "RUNNING"
    assert set(jobs(airflow_stack, arn).values()) == {"InProgress"}
    airflow_stack.patch_task("stop_one", run_id, "g.last", "failed")
    all_stop(airflow_stack, arn, "Airflow.TaskMarkedFailed")


def test_marking_failed_stops_the_retries_too_and_lets_the_others_run(airflow_stack: Any):
    run_id = started(airflow_stack, "stop_retries", ["again", "beside"])
    arn = arn_of(airflow_stack, "stop_retries", run_id)
    until(lambda: "State again: retrying" in airflow_stack.task_log("stop_retries", run_id, "g.again"))
    airflow_stack.patch_task("stop_retries", run_id, "g.again", "failed")
    assert airflow_stack.wait("stop_retries", run_id, 180) == "failed"
    assert states(airflow_stack, "stop_retries", run_id) == {
        "g.start": "success",
        "g.again": "failed",
        "g.beside": "success",
    }
    until(lambda: status(airflow_stack, arn) == "FAILED")
    ended = {name.rsplit("-", 1)[1]: what for name, what in jobs(airflow_stack, arn).items() if "again-" in name}
    assert ended == {"0": "Failed", "1": "Stopped"}


def test_a_time_limit_of_a_task_stops_its_job_and_no_other(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_limited", [], begun["limited"])
    arn = arn_of(airflow_stack, "stop_limited", run_id)
    assert airflow_stack.wait("stop_limited", run_id, 180) == "failed"
    assert states(airflow_stack, "stop_limited", run_id) == {
        "g.start": "success",
        "g.limited": "failed",
        "g.beside": "success",
    }
    ended = {name.partition("-")[0]: what for name, what in jobs(airflow_stack, arn).items()}
    assert ended == {"limited": "Stopped", "beside": "Completed"}
    log = airflow_stack.task_log("stop_limited", run_id, "g.limited")
    assert "States.Timeout" in log
    assert "has stopped, or is stopping" in log


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_start_task_that_is_marked_failed_leaves_no_execution(airflow_stack: Any, when: str):
    run_id = airflow_stack.trigger("stop_start", run_id=f"{when}-{time.time_ns()}")
    sign = "About to start" if when == "before" else "Started execution"
    until(lambda: sign in airflow_stack.task_log("stop_start", run_id, "g.start"), 180)
    airflow_stack.patch_task("stop_start", run_id, "g.start", "failed")
    assert airflow_stack.wait("stop_start", run_id, 60) == "failed"
    until(lambda: "Task killed!" in airflow_stack.task_log("stop_start", run_id, "g.start"), 60)
    machine = "arn:aws:states:us-east-1:123456789012:execution:stop_start-g:x"
    found = [item for item in executions(airflow_stack, machine) if item["name"].startswith(run_id)]
    assert [item["status"] for item in found] == ([] if when == "before" else ["ABORTED"])


def test_a_dag_run_that_is_marked_failed_between_two_tasks_stops_what_nobody_follows(airflow_stack: Any):
    run_id = started(airflow_stack, "stop_between", ["brief"])
    arn = arn_of(airflow_stack, "stop_between", run_id)
    scheduler = airflow_stack.servers["scheduler"]
    scheduler.pause()  # so that no task follows after the first
    try:
        until(lambda: states(airflow_stack, "stop_between", run_id)["g.brief"] == "success", 60)
        until(lambda: len(jobs(airflow_stack, arn)) == 2)
        airflow_stack.api.patch(f"/dags/stop_between/dagRuns/{run_id}", {"state": "failed"})
    finally:
        scheduler.resume()
    until(lambda: status(airflow_stack, arn) == "ABORTED", WITHIN)
    ended = {name.partition("-")[0]: what for name, what in jobs(airflow_stack, arn).items()}
    assert ended == {"brief": "Completed", "last": "Stopped"}


@contextlib.contextmanager
def another_triggerer(stack: Any) -> Iterator[int]:
    """The id of a second triggerer, as the database knows it; it is gone afterwards."""
    with contextlib.closing(sqlite3.connect(stack.home / "airflow.db", timeout=30)) as database:
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        added = database.execute(
            "insert into job (state, job_type, latest_heartbeat, start_date) values ('running', 'TriggererJob', ?, ?)",
            (now, now),
        )
        database.commit()
        try:
            yield int(added.lastrowid or 0)
        finally:
            database.execute("delete from job where id = ?", (added.lastrowid,))
            database.commit()


def test_a_triggerer_that_stalls_and_finds_its_triggers_with_another_stops_nothing(airflow_stack: Any, begun: Any):
    run_id = started(airflow_stack, "stop_one", ["one"], begun["moves"])
    arn = arn_of(airflow_stack, "stop_one", run_id)
    triggerer = airflow_stack.servers["triggerer"]
    with (
        another_triggerer(airflow_stack) as other,
        contextlib.closing(sqlite3.connect(airflow_stack.home / "airflow.db", timeout=30)) as database,
    ):
        triggerer.pause()
        try:
            wanted = "select trigger_id from task_instance where run_id = ? and task_id = 'g.one'"
            database.execute(f"update trigger set triggerer_id = ? where id = ({wanted})", (other, run_id))
            database.commit()
        finally:
            triggerer.resume()
        until(lambda: "invoking on_kill" in airflow_stack.task_log("stop_one", run_id, "g.one"), 30)
        time.sleep(3)
    assert states(airflow_stack, "stop_one", run_id)["g.one"] == "deferred"
    assert status(airflow_stack, arn) == "RUNNING"
    assert set(jobs(airflow_stack, arn).values()) == {"InProgress"}
    # The other triggerer is gone, so the trigger comes back; Airflow begins its log anew.
    until(
        lambda: "on_kill" not in (log := airflow_stack.task_log("stop_one", run_id, "g.one")) and "job one" in log, 30
    )
    airflow_stack.patch_task("stop_one", run_id, "g.one", "failed")
    all_stop(airflow_stack, arn, "Airflow.TaskMarkedFailed")
