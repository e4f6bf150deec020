"""Groups on a real Airflow (scheduler, triggerer, api-server, dag-processor) and the embedded AWS."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.integration


def until(what: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true value of *what*."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s")


def states(stack: Any, dag_id: str, run_id: str) -> dict[str, str]:
    return {ti["task_id"]: ti["state"] for ti in stack.task_instances(dag_id, run_id)}


def execution(stack: Any, dag_id: str, run_id: str) -> dict[str, Any]:
    """What AWS says of the run's execution."""
    told = stack.xcom(dag_id, run_id, "g.start")
    return dict(stack.aws.client("stepfunctions").describe_execution(executionArn=told["execution_arn"]))


def executions(stack: Any, arn: str) -> list[dict[str, Any]]:
    """All executions of the machine that *arn* is one of."""
    machine = arn.replace(":execution:", ":stateMachine:").rsplit(":", 1)[0]
    return list(stack.aws.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])


def test_a_group_runs_as_one_execution_and_only_start_takes_a_worker(airflow_stack: Any):
    run_id = airflow_stack.trigger("shapes")
    assert airflow_stack.wait("shapes", run_id, 180) == "success"
    instances = {ti["task_id"]: ti for ti in airflow_stack.task_instances("shapes", run_id)}
    assert {ti["state"] for ti in instances.values()} == {"success"}
    on_worker = {name for name, ti in instances.items() if ti["hostname"]}
    # c has an outlet, which only a worker can tell; everything else of the group never saw one.
    assert on_worker == {"config", "collect", "g.start", "g.c"}

    describe = airflow_stack.aws.client("sagemaker").describe_processing_job
    pushed = airflow_stack.xcom("shapes", run_id, "g.a")["Processing"]
    described = describe(ProcessingJobName=pushed["ProcessingJobName"])
    described.pop("ResponseMetadata")
    assert set(pushed) == set(described)
    assert pushed["ProcessingJobArn"] == described["ProcessingJobArn"]
    assert pushed["ExitMessage"] == run_id
    assert airflow_stack.xcom("shapes", run_id, "g.gather") is None

    model = airflow_stack.xcom("shapes", run_id, "g.c")["Training"]["ModelArtifacts"]["S3ModelArtifacts"]
    assert airflow_stack.xcom("shapes", run_id, "collect") == [f"b after {run_id}", model, "from outside"]
    assert execution(airflow_stack, "shapes", run_id)["status"] == "SUCCEEDED"
    told = airflow_stack.run_cli(["sfn-ml", "durations", "shapes", "-o", "json"])
    took = json.loads(told[told.index("{") :])
    assert set(took) == {"a", "b", "c", "gather", "d", "whole"}
    assert all(0 <= seconds < 120 for seconds in took.values())
    log = airflow_stack.task_log("shapes", run_id, "g.a")
    assert "Following state a of arn:aws:states" in log
    assert f'"SAY":"{run_id}"' in log.replace(" ", ""), "the resolved request is in the log"


def test_a_failing_script_shows_its_traceback_in_the_tasks_log(airflow_stack: Any):
    run_id = airflow_stack.trigger("broken")
    assert airflow_stack.wait("broken", run_id, 120) == "failed"
    assert states(airflow_stack, "broken", run_id) == {
        "g.start": "success",
        "g.prepare": "success",
        "g.fit": "failed",
        "g.evaluate": "upstream_failed",
    }
    log = airflow_stack.task_log("broken", run_id, "g.fit")
    assert "State fit failed: States.TaskFailed" in log
    assert "Traceback (most recent call last)" in log
    assert "ValueError: no such column: income" in log
    assert "Reason: AlgorithmError" in log
    assert "Attempt 1 failed before: States.TaskFailed" in log

    jobs = airflow_stack.aws.client("sagemaker").list_training_jobs(NameContains="fit-")["TrainingJobSummaries"]
    prefix = {job["TrainingJobName"].rsplit("-", 1)[0] for job in jobs if job["TrainingJobStatus"] == "Failed"}
    retries = sorted(job["TrainingJobName"].rsplit("-", 1)[1] for job in jobs if job["TrainingJobStatus"] == "Failed")
    assert len(prefix) == 1
    assert retries == ["0", "1"]


def test_a_start_task_that_is_killed_right_after_starting_adopts_its_execution(airflow_stack: Any):
    run_id = airflow_stack.trigger("dies")
    assert airflow_stack.wait("dies", run_id, 180) == "success"
    instances = {ti["task_id"]: ti for ti in airflow_stack.task_instances("dies", run_id)}
    assert instances["g.start"]["try_number"] == 2
    arn = airflow_stack.xcom("dies", run_id, "g.start")["execution_arn"]
    assert [item["executionArn"] for item in executions(airflow_stack, arn)] == [arn]
    assert "Adopted execution" in airflow_stack.task_log("dies", run_id, "g.start", try_number=2)


def test_marking_a_running_member_failed_stops_the_execution_and_its_job(airflow_stack: Any):
    run_id = airflow_stack.trigger("slow")
    until(lambda: states(airflow_stack, "slow", run_id).get("g.sleep") == "deferred", 90)
    log = until(lambda: "job sleep-" in airflow_stack.task_log("slow", run_id, "g.sleep") and "yes", 60)
    assert log == "yes"
    airflow_stack.patch_task("slow", run_id, "g.sleep", "failed")
    until(lambda: execution(airflow_stack, "slow", run_id)["status"] == "ABORTED", 30)
    assert execution(airflow_stack, "slow", run_id)["error"] == "Airflow.TaskMarkedFailed"
    assert airflow_stack.wait("slow", run_id, 60) == "failed"
    assert states(airflow_stack, "slow", run_id)["g.after"] == "upstream_failed"
    sagemaker = airflow_stack.aws.client("sagemaker")
    newest = sagemaker.list_processing_jobs(NameContains="sleep-", SortBy="CreationTime", SortOrder="Descending")
    name = newest["ProcessingJobSummaries"][0]["ProcessingJobName"]
    until(lambda: sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopped", 30)


def test_a_restart_of_the_triggerer_stops_nothing_and_loses_nothing(airflow_stack: Any):
    run_id = airflow_stack.trigger("slow")
    until(lambda: "job sleep-" in airflow_stack.task_log("slow", run_id, "g.sleep"), 90)
    airflow_stack.restart("triggerer")
    time.sleep(3)
    assert execution(airflow_stack, "slow", run_id)["status"] == "RUNNING"
    arn = airflow_stack.xcom("slow", run_id, "g.start")["execution_arn"]
    airflow_stack.aws.client("stepfunctions").stop_execution(executionArn=arn, error="Someone", cause="stopped it")
    assert airflow_stack.wait("slow", run_id, 120) == "failed"
    assert states(airflow_stack, "slow", run_id) == {
        "g.start": "success",
        "g.sleep": "failed",
        "g.after": "upstream_failed",
    }
    assert "State sleep was stopped" in airflow_stack.task_log("slow", run_id, "g.sleep")


def test_a_job_that_someone_stops_fails_its_task(airflow_stack: Any):
    run_id = airflow_stack.trigger("slow")
    until(lambda: "job sleep-" in airflow_stack.task_log("slow", run_id, "g.sleep"), 90)
    sagemaker = airflow_stack.aws.client("sagemaker")
    newest = sagemaker.list_processing_jobs(NameContains="sleep-", SortBy="CreationTime", SortOrder="Descending")
    sagemaker.stop_processing_job(ProcessingJobName=newest["ProcessingJobSummaries"][0]["ProcessingJobName"])
    assert airflow_stack.wait("slow", run_id, 60) == "failed"
    assert states(airflow_stack, "slow", run_id)["g.sleep"] == "failed"
    assert "the job ended as Stopped" in airflow_stack.task_log("slow", run_id, "g.sleep")


def test_an_execution_timeout_is_the_states_and_ends_its_job(airflow_stack: Any):
    run_id = airflow_stack.trigger("limited")
    assert airflow_stack.wait("limited", run_id, 120) == "failed"
    assert states(airflow_stack, "limited", run_id) == {"g.start": "success", "g.sleep": "failed"}
    assert "States.Timeout" in airflow_stack.task_log("limited", run_id, "g.sleep")


def test_clearing_start_begins_a_new_generation(airflow_stack: Any):
    run_id = airflow_stack.trigger("limited")
    assert airflow_stack.wait("limited", run_id, 120) == "failed"
    first = airflow_stack.xcom("limited", run_id, "g.start")
    airflow_stack.clear("limited", run_id, ["g.start", "g.sleep"])
    until(lambda: airflow_stack.xcom("limited", run_id, "g.start") not in (None, first), 60)
    second = airflow_stack.xcom("limited", run_id, "g.start")
    assert (first["generation"], second["generation"]) == (0, 1)
    assert first["execution_arn"] != second["execution_arn"]
    assert first["state_machine_version_arn"] == second["state_machine_version_arn"]
    assert airflow_stack.wait("limited", run_id, 120) == "failed"


def test_a_start_that_was_marked_a_success_by_hand_fails_its_followers_with_the_reason(airflow_stack: Any):
    run_id = airflow_stack.trigger("paused_start")
    until(lambda: states(airflow_stack, "paused_start", run_id).get("hold") in ("running", "success"), 60)
    airflow_stack.patch_task("paused_start", run_id, "g.start", "success")
    assert airflow_stack.wait("paused_start", run_id, 120) == "failed"
    assert "was it marked a success by hand?" in airflow_stack.task_log("paused_start", run_id, "g.work")


def test_a_machine_that_was_written_as_a_whole_shows_what_it_chose_caught_and_repeated(airflow_stack: Any):
    run_id = airflow_stack.trigger("written")
    assert airflow_stack.wait("written", run_id, 180) == "success"
    assert states(airflow_stack, "written", run_id) == {
        "g.start": "success",
        "g.tick": "success",
        "g.other": "skipped",
        "g.sides.left": "success",
        "g.sides.right": "success",
        "g.risky": "success",
        "g.mend": "success",
        "g.never": "skipped",
    }
    assert "State tick ran 3 times" in airflow_stack.task_log("written", run_id, "g.tick")
    assert "which the state machine caught" in airflow_stack.task_log("written", run_id, "g.risky")
    assert airflow_stack.xcom("written", run_id, "g.mend")["ProcessingJobStatus"] == "Completed"


def test_clearing_what_failed_redrives_the_execution_and_runs_nothing_twice(airflow_stack: Any):
    run_id = airflow_stack.trigger("mends")
    assert airflow_stack.wait("mends", run_id, 120) == "failed"
    failed = execution(airflow_stack, "mends", run_id)
    key = f"mended/{run_id.replace(':', '-')}"
    airflow_stack.aws.client("s3").put_object(Bucket="models", Key=key, Body=b"")

    airflow_stack.clear("mends", run_id, ["g.needs", "g.last"])
    assert airflow_stack.wait("mends", run_id, 120) == "success"
    mended = execution(airflow_stack, "mends", run_id)
    assert (mended["executionArn"], mended["status"], mended["redriveCount"]) == (
        failed["executionArn"],
        "SUCCEEDED",
        1,
    )
    assert len(executions(airflow_stack, mended["executionArn"])) == 1

    names = {
        task: airflow_stack.xcom("mends", run_id, task)["Processing"]["ProcessingJobName"]
        for task in ("g.first", "g.needs", "g.last")
    }
    assert [name.rsplit("-", 2)[1:] for name in names.values()] == [["0", "0"], ["1", "0"], ["1", "0"]]
    jobs = airflow_stack.aws.client("sagemaker").list_processing_jobs(NameContains=names["g.first"][:-2])
    assert len(jobs["ProcessingJobSummaries"]) == 1
    assert "Redriving arn:aws:states" in airflow_stack.task_log("mends", run_id, "g.needs")


def jobs_of(stack: Any, run_id: str, tasks: list[str]) -> dict[str, str]:
    """The names of the jobs that tasks of the Dag goes_on have told."""
    return {task: stack.xcom("goes_on", run_id, f"g.{task}")["Processing"]["ProcessingJobName"] for task in tasks}


def test_other_branches_run_on_after_a_failure_and_a_clear_repairs_it_and_runs_nothing_twice(airflow_stack: Any):
    run_id = airflow_stack.trigger("goes_on")
    assert airflow_stack.wait("goes_on", run_id, 120) == "failed"
    assert states(airflow_stack, "goes_on", run_id) == {
        "g.start": "success",
        "g.once": "success",
        "g.weak": "failed",
        "g.after_weak": "upstream_failed",
        "g.strong": "success",
        "g.after_strong": "success",
        "g.tell": "success",
        "g.end": "upstream_failed",
    }
    failed = execution(airflow_stack, "goes_on", run_id)
    assert (failed["status"], failed["error"]) == ("FAILED", "TaskFailed")
    assert '"task":"weak"' in failed["cause"]
    done = jobs_of(airflow_stack, run_id, ["once", "strong", "after_strong", "tell"])

    key = f"mended/{run_id.replace(':', '-')}"
    airflow_stack.aws.client("s3").put_object(Bucket="models", Key=key, Body=b"")
    airflow_stack.clear("goes_on", run_id, ["g.weak", "g.after_weak", "g.end"])
    assert airflow_stack.wait("goes_on", run_id, 150) == "success"
    assert set(states(airflow_stack, "goes_on", run_id).values()) == {"success"}
    assert jobs_of(airflow_stack, run_id, list(done)) == done
    assert airflow_stack.xcom("goes_on", run_id, "g.end")["Processing"]["ExitMessage"] == "after once!"
    log = airflow_stack.task_log("goes_on", run_id, "g.weak")
    assert "Repairing arn:aws:states" in log
    assert "passes over once, " in log

    machine = failed["stateMachineArn"] + "-repair"
    stepfunctions = airflow_stack.aws.client("stepfunctions")
    repairs = stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    assert [(item["name"][:3], item["status"]) for item in repairs] == [("r1-", "SUCCEEDED")]
    entered = {
        event["stateEnteredEventDetails"]["name"]
        for event in stepfunctions.get_execution_history(executionArn=repairs[0]["executionArn"])["events"]
        if event["type"] == "TaskStateEntered"
    }
    assert entered == {"weak", "after_weak", "end"}

    # A success that is cleared is run again, alone.
    airflow_stack.clear("goes_on", run_id, ["g.strong"])
    assert airflow_stack.wait("goes_on", run_id, 150) == "success"
    again = jobs_of(airflow_stack, run_id, list(done))
    assert again["strong"] != done["strong"]
    assert {task: name for task, name in again.items() if task != "strong"} == {
        task: name for task, name in done.items() if task != "strong"
    }
    repairs = stepfunctions.list_executions(stateMachineArn=machine)["executions"]
    assert sorted(item["name"][:3] for item in repairs) == ["r1-", "r2-"]


def test_stop_ends_what_runs_beside_a_failure(airflow_stack: Any):
    run_id = airflow_stack.trigger("stops")
    assert airflow_stack.wait("stops", run_id, 120) == "failed"
    assert states(airflow_stack, "stops", run_id) == {
        "g.start": "success",
        "g.weak": "failed",
        "g.strong": "failed",
        "g.after_strong": "upstream_failed",
    }
    assert execution(airflow_stack, "stops", run_id)["status"] == "FAILED"
    assert "because of weak" in airflow_stack.task_log("stops", run_id, "g.strong")
    sagemaker = airflow_stack.aws.client("sagemaker")
    found = sagemaker.list_processing_jobs(NameContains="strong-", SortBy="CreationTime", SortOrder="Descending")
    name = found["ProcessingJobSummaries"][0]["ProcessingJobName"]
    assert f"job {name}" in airflow_stack.task_log("stops", run_id, "g.strong")
    until(lambda: sagemaker.describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"] == "Stopped", 30)


def test_marking_one_side_failed_stops_its_job_and_nothing_else(airflow_stack: Any):
    run_id = airflow_stack.trigger("two_sides")
    until(lambda: "job endless-" in airflow_stack.task_log("two_sides", run_id, "g.endless"), 90)
    airflow_stack.patch_task("two_sides", run_id, "g.endless", "failed")
    assert airflow_stack.wait("two_sides", run_id, 90) == "failed"
    assert states(airflow_stack, "two_sides", run_id) == {
        "g.start": "success",
        "g.endless": "failed",
        "g.other": "success",
    }
    sagemaker = airflow_stack.aws.client("sagemaker")
    found = sagemaker.list_processing_jobs(NameContains="endless-", SortBy="CreationTime", SortOrder="Descending")
    assert [job["ProcessingJobStatus"] for job in found["ProcessingJobSummaries"]] == ["Stopped"]
    until(lambda: execution(airflow_stack, "two_sides", run_id)["status"] == "FAILED", 30)
    assert '"task":"endless"' in execution(airflow_stack, "two_sides", run_id)["cause"]


def test_tasks_that_are_cleared_one_after_another_are_repaired_one_after_another(airflow_stack: Any):
    run_id = airflow_stack.trigger("goes_on")
    assert airflow_stack.wait("goes_on", run_id, 120) == "failed"
    done = jobs_of(airflow_stack, run_id, ["once", "strong", "after_strong", "tell"])
    key = f"mended/{run_id.replace(':', '-')}"
    airflow_stack.aws.client("s3").put_object(Bucket="models", Key=key, Body=b"")
    airflow_stack.clear("goes_on", run_id, ["g.weak"])
    until(lambda: states(airflow_stack, "goes_on", run_id)["g.weak"] == "success", 90)
    assert airflow_stack.wait("goes_on", run_id, 60) == "failed"
    assert states(airflow_stack, "goes_on", run_id)["g.after_weak"] == "upstream_failed"

    # These two never ran, so no try of theirs knows that the first repair passed over them.
    airflow_stack.clear("goes_on", run_id, ["g.after_weak", "g.end"])
    assert airflow_stack.wait("goes_on", run_id, 150) == "success"
    assert set(states(airflow_stack, "goes_on", run_id).values()) == {"success"}
    assert jobs_of(airflow_stack, run_id, list(done)) == done
