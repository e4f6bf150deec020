"""Machines and jobs made elsewhere, on a real Airflow and the embedded AWS."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_sfn_ml.local import LocalAws

pytestmark = pytest.mark.integration

ROLE = "arn:aws:iam::123456789012:role/states"
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
BRIEF = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 12, "End": True}}}
WAIT = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}
LINK = "_link_StepFunctionsExecutionLink"


@pytest.fixture(scope="module")
def stack(local_aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An Airflow that also starts the Dags that nobody asked for: those that assets start."""
    from demo.stack import AirflowStack

    folder = tmp_path_factory.mktemp("dags")
    shutil.copy(Path(__file__).parent / "dags" / "executions.py", folder)
    url = local_aws.client("sqs").create_queue(QueueName="executions")["QueueUrl"]
    settings = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "true", "EXECUTIONS_QUEUE_URL": url}
    with AirflowStack(tmp_path_factory.mktemp("airflow"), folder, local_aws, settings) as stack:
        yield stack


def until(what: Callable[[], Any], seconds: float = 120) -> Any:
    """The first true value of *what*."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.5)
    raise AssertionError(f"not within {seconds} s")


def machine(stack: Any, name: str, definition: dict[str, Any]) -> str:
    states = stack.aws.client("stepfunctions")
    made = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def executions(stack: Any, arn: str) -> list[dict[str, Any]]:
    return list(stack.aws.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"])


def described(stack: Any, arn: str) -> dict[str, Any]:
    return dict(stack.aws.client("stepfunctions").describe_execution(executionArn=arn))


def instance(stack: Any, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
    found = {ti["task_id"]: ti for ti in stack.task_instances(dag_id, run_id)}
    return dict(found.get(task_id, {}))


def job(stack: Any, name: str, code: str = "print(1)") -> str:
    image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
    stack.aws.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/sagemaker",
        AppSpecification={"ImageUri": image, "ContainerEntrypoint": ["python3", "-c", code]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    return name


def test_a_machine_runs_without_a_worker_and_its_output_is_handed_on(stack: Any):
    arn = machine(stack, "runs", BRIEF)
    run_id = stack.trigger("machine_runs", {"machine": arn})
    waiting = until(lambda: instance(stack, "machine_runs", run_id, "run").get("state") == "deferred", 180)
    assert waiting
    pushed = stack.xcom("machine_runs", run_id, "run", "execution_arn")
    assert described(stack, pushed)["status"] == "RUNNING", "what it waits for is told while it waits"
    assert pushed in stack.xcom("machine_runs", run_id, "run", LINK)
    assert stack.wait("machine_runs", run_id, 360) == "success"
    assert stack.xcom("machine_runs", run_id, "run") == {"run": run_id}
    assert stack.xcom("machine_runs", run_id, "read") == {"read": {"run": run_id}}
    assert stack.xcom("machine_runs", run_id, "told") == {"x": 1}
    assert len(executions(stack, arn)) == 2
    events = stack.api.get("/assets/events", source_dag_id="machine_runs", source_run_id=run_id)["asset_events"]
    assert [event["source_task_id"] for event in events] == ["told"], "outlets are told from a worker"


@pytest.mark.thorough
def test_instances_run_an_execution_each_and_tasks_map_over_outputs(stack: Any):
    arn = machine(stack, "maps-elsewhere", ECHO)
    run_id = stack.trigger("machine_maps", {"machine": arn})
    assert stack.wait("machine_maps", run_id, 360) == "success"
    assert len(executions(stack, arn)) == 3
    pushed = [stack.xcom("machine_maps", run_id, "each", map_index=index) for index in (0, 1)]
    assert pushed == [{"x": 3}, {"x": 4}]
    pushed = [stack.xcom("machine_maps", run_id, "read_each", map_index=index) for index in (0, 1)]
    assert pushed == [{"read": 1}, {"read": 2}]


def test_a_worker_that_is_killed_right_after_the_start_has_its_execution_adopted(stack: Any):
    arn = machine(stack, "dies-elsewhere", BRIEF)
    run_id = stack.trigger("machine_dies", {"machine": arn})
    assert stack.wait("machine_dies", run_id, 480) == "success"
    assert instance(stack, "machine_dies", run_id, "run")["try_number"] == 2
    assert len(executions(stack, arn)) == 1
    assert stack.xcom("machine_dies", run_id, "run") == {"x": 1}


def test_a_retry_redrives_what_failed_and_the_log_said_why(stack: Any):
    sends = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl",
        "Parameters": {"QueueName": "comes-late"},
        "End": True,
    }
    definition = {"StartAt": "before", "States": {"before": {"Type": "Pass", "Next": "ask"}, "ask": sends}}
    arn = machine(stack, "fails-first", definition)
    run_id = stack.trigger("machine_fails_first", {"machine": arn})
    until(lambda: [item for item in executions(stack, arn) if item["status"] == "FAILED"], 180)
    stack.aws.client("sqs").create_queue(QueueName="comes-late")
    assert stack.wait("machine_fails_first", run_id, 360) == "success"
    (execution,) = executions(stack, arn)
    assert described(stack, execution["executionArn"])["redriveCount"] == 1
    assert instance(stack, "machine_fails_first", run_id, "run")["try_number"] == 2
    assert "comes-late" in stack.xcom("machine_fails_first", run_id, "run")["QueueUrl"]
    log = stack.task_log("machine_fails_first", run_id, "run", try_number=1)
    assert "State ask failed: " in log
    assert f"Execution {execution['executionArn']} failed" in log
    events = stack.aws.client("stepfunctions").get_execution_history(executionArn=execution["executionArn"])["events"]
    entered = [event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event]
    assert entered.count("before") == 1


@pytest.mark.thorough
def test_clearing_what_failed_redrives_it_and_clearing_what_succeeded_starts_anew(stack: Any):
    sends = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl",
        "Parameters": {"QueueName": "comes-later"},
        "End": True,
    }
    arn = machine(stack, "fails-until-cleared", {"StartAt": "ask", "States": {"ask": sends}})
    run_id = stack.trigger("machine_fails", {"machine": arn})
    assert stack.wait("machine_fails", run_id, 240) == "failed"
    stack.aws.client("sqs").create_queue(QueueName="comes-later")
    stack.clear("machine_fails", run_id, ["run"])
    assert stack.wait("machine_fails", run_id, 240) == "success"
    (first,) = executions(stack, arn)
    assert described(stack, first["executionArn"])["redriveCount"] == 1
    stack.clear("machine_fails", run_id, ["run"])
    until(lambda: len(executions(stack, arn)) == 2, 120)
    assert stack.wait("machine_fails", run_id, 240) == "success"
    assert len(executions(stack, arn)) == 2


def test_only_what_is_meant_is_stopped(stack: Any):
    arn = machine(stack, "waits-elsewhere", WAIT)
    run_id = stack.trigger("machine_waits", {"machine": arn})

    def waits(task_id: str) -> str | None:
        told = stack.xcom("machine_waits", run_id, task_id, "execution_arn")
        return str(told) if told else None

    tasks = ("deferred", "kept", "in_worker", "late")
    started = {task_id: until(lambda task_id=task_id: waits(task_id), 240) for task_id in tasks}

    def status(task_id: str) -> str:
        return str(described(stack, started[task_id])["status"])

    until(lambda: status("late") == "ABORTED", 120)
    assert described(stack, started["late"])["error"] == "Airflow.TaskTimedOut"
    until(lambda: instance(stack, "machine_waits", run_id, "late")["state"] == "failed", 60)

    for task_id in ("deferred", "kept"):
        until(lambda task_id=task_id: instance(stack, "machine_waits", run_id, task_id)["state"] == "deferred", 120)
    stack.restart("triggerer")
    until(lambda: "Waiting for" in stack.task_log("machine_waits", run_id, "deferred"), 180)
    assert (status("deferred"), status("kept")) == ("RUNNING", "RUNNING")

    stack.patch_task("machine_waits", run_id, "deferred", "failed")
    until(lambda: status("deferred") == "ABORTED", 120)
    assert described(stack, started["deferred"])["error"] == "Airflow.TaskMarkedFailed"
    stack.patch_task("machine_waits", run_id, "in_worker", "failed")
    until(lambda: status("in_worker") == "ABORTED", 120)
    stack.patch_task("machine_waits", run_id, "kept", "success")
    time.sleep(10)
    assert status("kept") == "RUNNING", "a success stops nothing"


@pytest.mark.thorough
def test_a_redrive_of_an_execution_that_somebody_else_started(stack: Any):
    asks = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:getQueueUrl",
        "Parameters": {"QueueName": "comes-last"},
        "End": True,
    }
    arn = machine(stack, "somebody-elses", {"StartAt": "ask", "States": {"ask": asks}})
    states = stack.aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, name="by-hand")["executionArn"]
    until(lambda: described(stack, execution)["status"] == "FAILED", 60)
    stack.aws.client("sqs").create_queue(QueueName="comes-last")
    run_id = stack.trigger("redriven", {"execution": execution})
    assert stack.wait("redriven", run_id, 240) == "success"
    assert described(stack, execution)["redriveCount"] == 1
    assert "comes-last" in stack.xcom("redriven", run_id, "redrive")["QueueUrl"]


@pytest.mark.thorough
def test_sensors_wait_in_the_triggerer(stack: Any):
    arn = machine(stack, "sensed-elsewhere", BRIEF)
    states = stack.aws.client("stepfunctions")
    execution = states.start_execution(stateMachineArn=arn, name="e", input='{"x": 1}')["executionArn"]
    name = job(stack, "sensed", "import time; time.sleep(12)")
    slow = job(stack, "sensed-slow", "import time; time.sleep(600)")
    run_id = stack.trigger("sensed", {"execution": execution, "job": name, "slow": slow})
    assert stack.wait("sensed", run_id, 360) == "failed"
    found = {ti["task_id"]: ti["state"] for ti in stack.task_instances("sensed", run_id)}
    assert found == {"execution": "success", "job": "success", "impatient": "failed"}
    assert stack.xcom("sensed", run_id, "execution") == {"x": 1}
    assert stack.xcom("sensed", run_id, "job")["Processing"]["ProcessingJobStatus"] == "Completed"
    assert "AirflowSensorTimeout" in stack.task_log("sensed", run_id, "impatient")
    sagemaker = stack.aws.client("sagemaker")
    assert sagemaker.describe_processing_job(ProcessingJobName=slow)["ProcessingJobStatus"] == "InProgress"


def watch(stack: Any, dag_id: str) -> None:
    """Let *dag_id* be started by its asset, and wait until the triggerer watches that."""

    def watchers() -> int:
        return str((stack.logs / "triggerer.log").read_text()).count("trigger ID")

    before = watchers()
    stack.unpause(dag_id)
    until(lambda: watchers() > before, 240)
    time.sleep(5)


def ended_runs(stack: Any, dag_id: str) -> list[dict[str, Any]]:
    return [run for run in stack.runs(dag_id) if run["state"] == "success"]


@pytest.mark.thorough
def test_a_job_that_completes_starts_a_dag_once_even_after_a_restart(stack: Any):
    watch(stack, "starts_after_a_job")
    job(stack, "asset-one")
    job(stack, "asset-broken", "raise SystemExit(1)")
    job(stack, "other-one")
    (run,) = until(lambda: ended_runs(stack, "starts_after_a_job"), 180)
    (payload,) = stack.xcom("starts_after_a_job", run["dag_run_id"], "payloads")
    assert (payload["name"], payload["status"]) == ("asset-one", "Completed")
    assert payload["description"]["ProcessingJobName"] == "asset-one"

    stack.kill("triggerer")
    job(stack, "asset-meanwhile")
    stack.restart("triggerer")
    until(lambda: len(ended_runs(stack, "starts_after_a_job")) == 2, 300)
    newest = ended_runs(stack, "starts_after_a_job")[-1]
    (payload,) = stack.xcom("starts_after_a_job", newest["dag_run_id"], "payloads")
    assert payload["name"] == "asset-meanwhile"
    time.sleep(10)
    assert len(ended_runs(stack, "starts_after_a_job")) == 2


@pytest.mark.thorough
def test_an_event_of_an_execution_starts_a_dag(stack: Any):
    events, sqs = stack.aws.client("events"), stack.aws.client("sqs")
    url = sqs.get_queue_url(QueueName="executions")["QueueUrl"]
    target = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="executions", EventPattern=json.dumps({"source": ["aws.states"]}))
    events.put_targets(Rule="executions", Targets=[{"Id": "queue", "Arn": target}])
    watch(stack, "starts_after_an_execution")
    arn = machine(stack, "watched-by-queue", ECHO)
    states = stack.aws.client("stepfunctions")
    states.start_execution(stateMachineArn=arn, name="told", input='{"x": 1}')
    (run,) = until(lambda: ended_runs(stack, "starts_after_an_execution"), 180)
    (payload,) = stack.xcom("starts_after_an_execution", run["dag_run_id"], "payloads")
    assert (payload["name"], payload["output"]) == ("told", {"x": 1})
    events.remove_targets(Rule="executions", Ids=["queue"])
    events.delete_rule(Name="executions")
