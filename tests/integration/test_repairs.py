"""Clearing runs again what was cleared, once, and nothing else."""

from __future__ import annotations

import re
import urllib.request
from typing import Any
from urllib.parse import quote

import pytest

from tests.integration.test_runs import execution, states, until

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def failed(airflow_stack: Any) -> dict[str, str]:
    """Runs that fail; by what they are for. What AWS has forgotten is cleared at once: the task looks for a minute."""
    wanted = {"forgotten": "repair_forgotten", "often": "repair_stop", "sibling": "repair_stop", "old": "repair_old"}
    wanted |= {"changed": "repair_changed", "whole": "repair_whole", "role": "repair_role"}
    runs = {name: airflow_stack.trigger(dag_id) for name, dag_id in wanted.items()}
    for name, dag_id in wanted.items():
        assert airflow_stack.wait(dag_id, runs[name], 300) == "failed"
    machine = execution(airflow_stack, "repair_forgotten", runs["forgotten"])["stateMachineArn"]
    airflow_stack.aws.client("stepfunctions").delete_state_machine(stateMachineArn=machine)
    airflow_stack.clear("repair_forgotten", runs["forgotten"], ["g.weak"])
    return runs


def mend(stack: Any, run_id: str) -> None:
    """Let what has failed in *run_id* succeed from now on."""
    stack.aws.client("s3").put_object(Bucket="models", Key=f"mended/{run_id.replace(':', '-')}", Body=b"")


def age(stack: Any, arn: str, days: int) -> None:
    """Let the execution be older than it is."""
    urllib.request.urlopen(f"{stack.aws.url}/_age?execution={quote(arn)}&days={days}").read()


def job_name(stack: Any, dag_id: str, run_id: str, task: str) -> str:
    return str(stack.xcom(dag_id, run_id, f"g.{task}")["Processing"]["ProcessingJobName"])


def repairs(stack: Any, arn: str) -> list[dict[str, Any]]:
    """The repairs of the machine whose execution *arn* is."""
    machine = arn.replace(":execution:", ":stateMachine:").rsplit(":", 1)[0] + "-repair"
    stepfunctions = stack.aws.client("stepfunctions")
    if machine not in {item["stateMachineArn"] for item in stepfunctions.list_state_machines()["stateMachines"]}:
        return []
    return list(stepfunctions.list_executions(stateMachineArn=machine)["executions"])


def submitted(stack: Any, arn: str) -> list[str]:
    """The names of the jobs that *arn* has started, one by one."""
    events = stack.aws.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
    told = [event["taskSubmittedEventDetails"]["output"] for event in events if event["type"] == "TaskSubmitted"]
    return [output.partition("processing-job/")[2].partition('"')[0] for output in told]


def test_many_cleared_tasks_and_clicks_redrive_once_and_a_failure_after_that_once_more(airflow_stack: Any, failed: Any):
    run_id = failed["often"]
    arn, first = (
        execution(airflow_stack, "repair_stop", run_id)["executionArn"],
        job_name(airflow_stack, "repair_stop", run_id, "first"),
    )

    cleared = ["g.weak", "g.strong", "g.after_weak", "g.last"]
    airflow_stack.clear("repair_stop", run_id, cleared)
    airflow_stack.clear("repair_stop", run_id, cleared)
    until(lambda: execution(airflow_stack, "repair_stop", run_id)["redriveCount"] == 1, 60)
    seen = states(airflow_stack, "repair_stop", run_id)
    assert (seen["g.start"], seen["g.first"]) == ("success", "success"), "what is done stays as it was"
    assert airflow_stack.wait("repair_stop", run_id, 300) == "failed", "nothing was mended, so it fails again"
    assert states(airflow_stack, "repair_stop", run_id) == {
        "g.start": "success",
        "g.first": "success",
        "g.weak": "failed",
        "g.strong": "failed",
        "g.after_weak": "upstream_failed",
        "g.last": "upstream_failed",
    }
    assert execution(airflow_stack, "repair_stop", run_id)["redriveCount"] == 1

    mend(airflow_stack, run_id)
    airflow_stack.clear("repair_stop", run_id, cleared)
    assert airflow_stack.wait("repair_stop", run_id, 300) == "success"
    mended = execution(airflow_stack, "repair_stop", run_id)
    assert (mended["executionArn"], mended["status"], mended["redriveCount"]) == (arn, "SUCCEEDED", 2)
    assert repairs(airflow_stack, arn) == []

    names = submitted(airflow_stack, arn)
    assert len(names) == len(set(names)), "each job has a name of its own"
    assert [name for name in names if name.startswith("first-")] == [first], "finished jobs are not run again"
    assert [name[-3:] for name in names if name.startswith("weak-")] == ["0-0", "1-0", "2-0"]
    assert [name[-3:] for name in names if name.startswith("last-")] == ["2-0"]


def test_a_failed_sibling_that_was_not_cleared_keeps_its_state_and_the_log_names_it(airflow_stack: Any, failed: Any):
    run_id = failed["sibling"]
    assert states(airflow_stack, "repair_stop", run_id)["g.strong"] == "failed"
    mend(airflow_stack, run_id)
    airflow_stack.clear("repair_stop", run_id, ["g.weak", "g.after_weak"])
    assert airflow_stack.wait("repair_stop", run_id, 300) == "failed"
    seen = states(airflow_stack, "repair_stop", run_id)
    assert (seen["g.weak"], seen["g.after_weak"], seen["g.strong"]) == ("success", "success", "failed")
    log = airflow_stack.task_log("repair_stop", run_id, "g.weak")
    assert "runs again what failed or was stopped" in log
    assert re.search(r"Not cleared, so these tasks keep their state.*g\.strong \(failed\)", log)

    until(lambda: execution(airflow_stack, "repair_stop", run_id)["status"] == "SUCCEEDED")
    airflow_stack.clear("repair_stop", run_id, ["g.strong", "g.last"])
    assert airflow_stack.wait("repair_stop", run_id, 300) == "success"
    assert execution(airflow_stack, "repair_stop", run_id)["redriveCount"] == 1, "it had run already"


def test_a_cleared_task_waits_while_the_execution_runs_and_says_so(airflow_stack: Any):
    run_id = airflow_stack.trigger("repair_waits")
    until(lambda: states(airflow_stack, "repair_waits", run_id).get("g.weak") == "failed", 180)
    arn = execution(airflow_stack, "repair_waits", run_id)["executionArn"]
    mend(airflow_stack, run_id)
    airflow_stack.clear("repair_waits", run_id, ["g.weak"])
    waiting = f"Waiting for {arn} to end: it does not run this task again"
    until(lambda: waiting in airflow_stack.task_log("repair_waits", run_id, "g.weak"))
    assert execution(airflow_stack, "repair_waits", run_id)["status"] == "RUNNING"
    assert airflow_stack.wait("repair_waits", run_id, 300) == "success"
    repaired = [item["executionArn"] for item in repairs(airflow_stack, arn)]
    assert [name[:5] for name in submitted(airflow_stack, repaired[0])] == ["weak-"], "strong is not run again"
    assert len(repaired) == 1


def test_an_execution_that_is_too_old_is_repaired_in_another(airflow_stack: Any, failed: Any):
    run_id = failed["old"]
    arn = execution(airflow_stack, "repair_old", run_id)["executionArn"]
    first = job_name(airflow_stack, "repair_old", run_id, "first")
    age(airflow_stack, arn, 15)
    mend(airflow_stack, run_id)
    airflow_stack.clear("repair_old", run_id, ["g.weak"])
    assert airflow_stack.wait("repair_old", run_id, 300) == "success"
    assert execution(airflow_stack, "repair_old", run_id)["redriveCount"] == 0
    (repair,) = repairs(airflow_stack, arn)
    assert [name[:5] for name in submitted(airflow_stack, repair["executionArn"])] == ["weak-"]
    assert job_name(airflow_stack, "repair_old", run_id, "first") == first
    log = airflow_stack.task_log("repair_old", run_id, "g.weak")
    assert "cannot be redriven: Execution redrivable period exceeded" in log


def test_a_group_that_has_changed_is_repaired_with_what_it_is_now(airflow_stack: Any, failed: Any):
    run_id = failed["changed"]
    arn = execution(airflow_stack, "repair_changed", run_id)["executionArn"]
    (airflow_stack.home / "edition").write_text("print('corrected')")
    airflow_stack.run_cli(["dags", "reserialize"])
    airflow_stack.clear("repair_changed", run_id, ["g.weak"], run_on_latest_version=True)
    assert airflow_stack.wait("repair_changed", run_id, 300) == "success"
    assert execution(airflow_stack, "repair_changed", run_id)["redriveCount"] == 0
    (repair,) = repairs(airflow_stack, arn)
    assert [name[:5] for name in submitted(airflow_stack, repair["executionArn"])] == ["weak-"]
    assert "the group has changed since it was started" in airflow_stack.task_log("repair_changed", run_id, "g.weak")


def test_a_whole_machine_that_cannot_be_redriven_says_what_to_clear(airflow_stack: Any, failed: Any):
    run_id = failed["whole"]
    age(airflow_stack, execution(airflow_stack, "repair_whole", run_id)["executionArn"], 15)
    airflow_stack.clear("repair_whole", run_id, ["g.work"])
    assert airflow_stack.wait("repair_whole", run_id, 300) == "failed"
    log = airflow_stack.task_log("repair_whole", run_id, "g.work")
    assert "Execution redrivable period exceeded. Clear the group's start task to run everything anew" in log


def test_a_task_that_failed_for_a_permission_succeeds_once_the_role_is_mended_and_it_is_cleared(
    airflow_stack: Any, failed: Any
):
    run_id = failed["role"]
    prepared = job_name(airflow_stack, "repair_role", run_id, "prepare")
    log = airflow_stack.task_log("repair_role", run_id, "g.read")
    assert "Lacks a permission: the role sagemaker lacks s3:GetObject on arn:aws:s3:::models/data.csv" in log
    assert "Exit code: 3" in log
    assert log.splitlines().count("reading the data") == 2, "streamed while it ran, and among the last lines"
    until(lambda: (airflow_stack.home / f"failed-{run_id}-1").exists(), 60)

    mend(airflow_stack, run_id)
    airflow_stack.clear("repair_role", run_id, ["g.read", "g.publish"])
    assert airflow_stack.wait("repair_role", run_id, 300) == "success"
    mended = execution(airflow_stack, "repair_role", run_id)
    assert (mended["status"], mended["redriveCount"]) == ("SUCCEEDED", 1)
    assert job_name(airflow_stack, "repair_role", run_id, "prepare") == prepared


def test_what_aws_has_forgotten_says_what_to_clear(airflow_stack: Any, failed: Any):
    assert airflow_stack.wait("repair_forgotten", failed["forgotten"], 300) == "failed"
    log = airflow_stack.task_log("repair_forgotten", failed["forgotten"], "g.weak", try_number=2)
    assert "Clear g.start to run everything anew" in log
