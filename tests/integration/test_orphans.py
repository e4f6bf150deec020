"""Executions that run although no Dag run needs them, on a real Airflow and the embedded AWS."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_runs import until

pytestmark = pytest.mark.integration
DAG = "slow"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:slow-g"
DAGS = Path(__file__).with_name("dags")


def orphans(
    stack: Any, *options: str, dag_id: str = DAG, file: str = "groups.py"
) -> tuple[int, list[dict[str, Any]], str]:
    """The exit status of the command, what it says, and what it writes on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "airflow_sfn_ml", "orphans", dag_id, "--file", str(DAGS / file), "-o", "json", *options],
        env=stack.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else [], done.stderr


def working(stack: Any) -> tuple[str, str, str]:
    """A run whose job is at work: its id, its execution and the job."""
    run_id = stack.trigger(DAG, run_id=f"orphan-{uuid.uuid4().hex[:8]}")
    told = until(lambda: stack.xcom(DAG, run_id, "g.start"), 90)
    history = stack.aws.client("stepfunctions").get_execution_history
    arn = str(told["execution_arn"])
    until(lambda: "TaskSubmitted" in {event["type"] for event in history(executionArn=arn)["events"]}, 60)
    (submitted,) = [event for event in history(executionArn=arn)["events"] if event["type"] == "TaskSubmitted"]
    output = json.loads(submitted["taskSubmittedEventDetails"]["output"])
    return run_id, arn, output["ProcessingJobArn"].rpartition("/")[2]


def start(stack: Any, run_id: str, name: str) -> str:
    """An execution that says that it belongs to the run *run_id*."""
    identity = {"dag_id": DAG, "run_id": run_id, "group_id": "g", "map_index": -1, "generation": 0, "nonce": "n"}
    document = json.dumps({"airflow": identity, "values": {}})
    client = stack.aws.client("stepfunctions")
    return str(client.start_execution(stateMachineArn=MACHINE, name=name, input=document)["executionArn"])


def test_what_a_dag_run_left_behind_is_listed_and_stopped_when_asked(airflow_stack: Any):
    run_id, arn, job = working(airflow_stack)
    described = airflow_stack.aws.client("stepfunctions").describe_execution
    sagemaker = airflow_stack.aws.client("sagemaker")

    assert arn not in [row["execution"] for row in orphans(airflow_stack, "--grace", "0")[1]]

    airflow_stack.api.patch(f"/dags/{DAG}/dagRuns/{run_id}", {"state": "success"})
    until(lambda: airflow_stack.run(DAG, run_id)["state"] == "success")
    status, rows, _ = orphans(airflow_stack, "--grace", "3600")
    assert arn not in [row["execution"] for row in rows]

    gone = start(airflow_stack, "never-was", f"gone-{uuid.uuid4().hex[:8]}")
    superseded = start(airflow_stack, working(airflow_stack)[0], f"former-{uuid.uuid4().hex[:8]}")
    status, rows, _ = orphans(airflow_stack, "--grace", "0")
    assert status == 3
    found = {row["execution"]: row for row in rows}
    assert found[arn]["why"] == "its Dag run is over (success)"
    assert (found[arn]["run"], found[arn]["jobs"]) == (run_id, [job])
    assert found[gone]["why"] == "its Dag run was deleted"
    assert found[superseded]["why"].startswith("its Dag run has started another since: arn:")

    # nobody can be asked, or says no: nothing stops
    status, rows, told = orphans(airflow_stack, "--grace", "0", "--stop")
    assert (status, rows) == (1, [])
    assert "give --yes" in told
    assert described(executionArn=arn)["status"] == "RUNNING"

    status, rows, _ = orphans(airflow_stack, "--grace", "0", "--stop", "--yes")
    assert status == 0
    assert {row["execution"]: row["stopped"] for row in rows} == {arn: True, gone: True, superseded: True}
    ended = described(executionArn=arn)
    assert (ended["status"], ended["error"]) == ("ABORTED", "Airflow.Orphaned")
    assert sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"] in ("Stopping", "Stopped")
    assert orphans(airflow_stack, "--grace", "0")[:2] == (0, [])


def test_the_execution_of_a_written_machine_is_known_by_what_its_start_task_has_told(airflow_stack: Any):
    dag_id, file = "written_slow", "orphans.py"
    run_id = airflow_stack.trigger(dag_id)
    arn = until(lambda: airflow_stack.xcom(dag_id, run_id, "g.start"), 90)["execution_arn"]
    client = airflow_stack.aws.client("stepfunctions")
    by_hand = client.start_execution(stateMachineArn=arn.replace(":execution:", ":stateMachine:").rpartition(":")[0])
    assert airflow_stack.wait(dag_id, run_id, 90) == "success"  # its only task has ended, the machine has not
    try:
        status, rows, _ = orphans(airflow_stack, "--grace", "0", dag_id=dag_id, file=file)
        assert status == 3
        assert [(row["execution"], row["run"], row["why"]) for row in rows] == [
            (arn, run_id, "its Dag run is over (success)")
        ]
    finally:
        for each in (arn, by_hand["executionArn"]):
            client.stop_execution(executionArn=each)


def test_the_machines_of_dags_that_are_gone_are_found_by_their_tags(airflow_stack: Any):
    client = airflow_stack.aws.client("stepfunctions")
    name = f"gone_{uuid.uuid4().hex[:8]}"
    machine = client.create_state_machine(
        name=f"{name}-g",
        definition='{"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": true}}}',
        roleArn="arn:aws:iam::123456789012:role/states",
        tags=[{"key": "airflow-sfn-ml:dag", "value": name}, {"key": "airflow-sfn-ml:group", "value": "g"}],
    )["stateMachineArn"]
    identity = {"dag_id": name, "run_id": "r", "group_id": "g", "map_index": -1, "generation": 0, "nonce": "n"}
    document = json.dumps({"airflow": identity})
    arn = client.start_execution(stateMachineArn=machine, name="e", input=document)["executionArn"]
    by_hand = client.start_execution(stateMachineArn=machine, name="by-hand", input="{}")["executionArn"]
    try:
        assert arn not in [row["execution"] for row in orphans(airflow_stack)[1]]
        _, rows, _ = orphans(airflow_stack, "--all")
        (found,) = [row for row in rows if row["dag"] == name]
        assert (found["execution"], found["run"], found["why"]) == (arn, "r", "its Dag run was deleted")
    finally:
        for each in (arn, by_hand):
            client.stop_execution(executionArn=each)
