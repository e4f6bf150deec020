"""`plan`, `deploy`, `versions` and `status`, on the embedded AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from airflow_sfn_ml.deploy import execution_name
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.policy import airflow_policy
from tests.cli.conftest import ROLE

MACHINES = "arn:aws:states:us-east-1:123456789012:stateMachine"


@pytest.fixture
def machine(aws, request):
    """A Dag id that no other test takes."""
    return f"cli_{request.node.name[5:60]}".replace("[", "_").replace("]", "")


def plan(run, file):
    told = run("plan", "--file", file, "-o", "json")
    return told.status, json.loads(told.out)[0]


def test_a_plan_goes_from_create_to_unchanged_to_update(run, dag_file, machine):
    file = dag_file(machine)
    status, row = plan(run, file)
    assert (status, row["action"]) == (2, "create")
    told = run("deploy", "--file", file)
    assert told.status == 0
    assert f"{machine}.training: created, version {MACHINES}:{machine}-training:1" in told.out
    status, row = plan(run, file)
    assert (status, row["action"], row["drift"]) == (0, "unchanged", [])
    status, row = plan(run, dag_file(machine, instance="ml.m5.xlarge"))
    assert (status, row["action"]) == (2, "update")
    path = "prepare.Arguments.ProcessingResources.ClusterConfig.InstanceType"
    assert row["definition"] == [f'~ {path}: "ml.m5.large" -> "ml.m5.xlarge"']


def test_a_plan_for_people_says_what_changes(run, dag_file, machine):
    run("deploy", "--file", dag_file(machine))
    told = run("plan", "--file", dag_file(machine, instance="ml.m5.xlarge"))
    assert told.status == 2
    assert f"~ {machine}.training: update {machine}-training" in told.out
    assert '"ml.m5.large" -> "ml.m5.xlarge"' in told.out
    assert "1 to update; 0 unchanged, 0 with errors" in told.out


def test_a_dry_run_changes_nothing(run, dag_file, machine):
    told = run("deploy", "--dry-run", "--file", dag_file(machine))
    assert told.status == 0
    assert "1 to create" in told.out
    assert plan(run, dag_file(machine))[1]["action"] == "create"


def test_the_machine_that_repairs_is_deployed_when_asked_for(run, dag_file, machine, aws):
    told = run("deploy", "--repair", "--file", dag_file(machine))
    assert told.status == 0
    assert f"{machine}.training: created, version {MACHINES}:{machine}-training-repair:1" in told.out
    found = aws.client("stepfunctions").describe_state_machine(stateMachineArn=f"{MACHINES}:{machine}-training-repair")
    assert "prepare: gate" in json.loads(found["definition"])["States"]
    assert run("plan", "--repair", "--file", dag_file(machine)).status == 0
    assert run("plan", "--file", dag_file(machine)).status == 2


def test_what_someone_else_changed_is_told_and_restored(run, dag_file, machine, aws):
    file = dag_file(machine)
    run("deploy", "--file", file)
    client, arn = aws.client("stepfunctions"), f"{MACHINES}:{machine}-training"
    kept = json.loads(client.describe_state_machine(stateMachineArn=arn)["definition"])
    kept["States"]["check"]["Arguments"]["RoleArn"] = "arn:aws:iam::123456789012:role/other"
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(kept))
    status, row = plan(run, file)
    assert (status, row["action"]) == (2, "restore")
    assert row["drift"] == [
        '~ check.Arguments.RoleArn: "arn:aws:iam::123456789012:role/jobs" -> "arn:aws:iam::123456789012:role/other"'
    ]
    assert "restored" in run("deploy", "--file", file).out
    assert plan(run, file)[:1] == (0,)


def test_a_machine_of_someone_else_is_an_error_and_stays(run, dag_file, machine, aws):
    client = aws.client("stepfunctions")
    theirs = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    client.create_state_machine(name=f"{machine}-training"[:80], definition=theirs, roleArn=ROLE)
    file = dag_file(machine)
    status, row = plan(run, file)
    assert (status, row["action"]) == (1, "error")
    assert "does not belong to this group" in row["problem"]
    told = run("deploy", "--file", file)
    assert told.status == 1
    found = client.describe_state_machine(stateMachineArn=f"{MACHINES}:{machine}-training")
    assert json.loads(found["definition"]) == json.loads(theirs)


def test_versions_tell_which_one_is_the_groups(run, dag_file, machine):
    run("deploy", "--file", dag_file(machine))
    run("deploy", "--file", dag_file(machine, instance="ml.m5.xlarge"))
    told = run("versions", "--file", dag_file(machine), "-o", "json")
    rows = json.loads(told.out)
    assert [(row["version"], row["current"]) for row in rows] == [(2, False), (1, True)]
    assert told.status == 0


def test_no_versions_are_no_error(run, dag_file, machine):
    assert json.loads(run("versions", "--file", dag_file(machine), "-o", "json").out) == []


def test_a_role_that_only_a_run_knows_is_asked_for(run, dag_file, machine):
    file = dag_file(machine, role="{{ var.value.role }}")
    status, row = plan(run, file)
    assert status == 1
    assert "--role-arn" in row["problem"]
    assert run("plan", "--role-arn", ROLE, "--file", file).status == 2


def test_an_aws_that_does_not_answer_is_one_line(run, dag_file, machine, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    told = run("versions", "--aws-conn-id", "", "--file", dag_file(machine))
    assert told.status == 1
    assert told.err.splitlines()[-1].startswith("error: ")
    assert "127.0.0.1:9" in told.err


def test_the_connection_may_stand_in_airflows_database(aws, dag_file, machine, tmp_path):
    root = str(Path(__file__).parents[2])
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AIRFLOW_CONN"))}
    environment |= {"AIRFLOW_HOME": str(tmp_path / "home"), "PYTHONPATH": root, "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    extra = {
        "region_name": "us-east-1",
        "endpoint_url": aws.url,
        "aws_access_key_id": "testing",
        "aws_secret_access_key": "testing",
    }
    airflow = ("-m", "airflow")
    add = ("connections", "add", "aws_default", "--conn-type", "aws", "--conn-extra", json.dumps(extra))
    for command in ((*airflow, "db", "migrate"), (*airflow, *add)):
        subprocess.run([sys.executable, *command], env=environment, check=True, capture_output=True, timeout=180)
    command = [sys.executable, "-m", "airflow_sfn_ml", "plan", "--file", dag_file(machine), "-o", "json"]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert told.returncode == 2, told.stdout + told.stderr
    assert json.loads(told.stdout)[0]["action"] == "create"


def start(aws, machine, generation=0, namesake=0):
    client = aws.client("stepfunctions")
    name = execution_name(machine, "run_1", "training", -1, generation, namesake)
    arn = client.start_execution(stateMachineArn=f"{MACHINES}:{machine}-training:1", name=name, input="{}")
    return client, arn["executionArn"]


def end(client, arn):
    deadline = time.monotonic() + 90
    while (status := client.describe_execution(executionArn=arn)["status"]) == "RUNNING":
        assert time.monotonic() < deadline, "the execution does not end"
        time.sleep(0.3)
    return status


def test_status_finds_the_execution_and_tells_its_states(run, dag_file, machine, aws):
    file = dag_file(machine)
    run("deploy", "--file", file)
    client, arn = start(aws, machine)
    assert end(client, arn) == "SUCCEEDED"
    told = run("status", machine, "run_1", "--file", file, "-o", "json")
    (found,) = json.loads(told.out)
    assert told.status == 0
    assert (found["execution"], found["generation"]) == (arn, 0)
    assert [(state["state"], state["status"]) for state in found["states"]] == [
        ("prepare", "succeeded"),
        ("check", "succeeded"),
    ]
    assert found["states"][0]["job"].startswith("prepare-")


def test_status_takes_the_newest_generation_and_fails_with_it(run, dag_file, machine, aws):
    file = dag_file(machine, code="import sys; sys.exit(3)")
    run("deploy", "--file", file)
    ends = [start(aws, machine, generation) for generation in (0, 1)]
    assert [end(*one) for one in ends] == ["FAILED", "FAILED"]
    told = run("status", f"{machine}.training", "run_1", "--file", file)
    assert told.status == 1
    assert "generation 1" in told.out
    assert ends[1][1] in told.out
    assert "prepare" in told.out
    assert "failed" in told.out
    first = run("status", machine, "run_1", "--generation", "0", "--file", file, "-o", "json")
    assert json.loads(first.out)[0]["execution"] == ends[0][1]


def test_status_finds_a_generation_after_tries_that_failed_and_one_of_a_run_that_was_created_anew(
    run, dag_file, machine, aws
):
    file = dag_file(machine, code="import time; time.sleep(60)")
    run("deploy", "--file", file)
    for generation, namesake in ((3, 0), (0, 1)):  # no generation 0 to 2: those tries started nothing
        client, arn = start(aws, machine, generation, namesake)
        told = run("status", machine, "run_1", "--file", file, "-o", "json")
        client.stop_execution(executionArn=arn)
        (found,) = json.loads(told.out)
        assert (found["execution"], found["generation"]) == (arn, generation)


def test_status_of_one_that_runs_has_its_own_exit_status(run, dag_file, machine, aws):
    file = dag_file(machine, code="import time; time.sleep(60)")
    run("deploy", "--file", file)
    client, arn = start(aws, machine)
    try:
        assert run("status", machine, "run_1", "--file", file).status == 3
    finally:
        client.stop_execution(executionArn=arn)


def test_a_run_without_execution_is_an_error(run, dag_file, machine):
    told = run("status", machine, "run_1", "--file", dag_file(machine))
    assert told.status == 1
    assert "it was not started" in told.err


def test_airflows_policy_allows_every_call_that_the_hook_and_the_deployment_make(
    run, dag_file, machine, aws, monkeypatch
):
    import botocore.client

    calls: set[str] = set()
    made = botocore.client.BaseClient._make_api_call

    def recorded(self, operation, arguments):
        if self.meta.service_model.service_name == "stepfunctions":
            calls.add(f"states:{operation}")
        return made(self, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", recorded)
    file = dag_file(machine, code="import sys; sys.exit(3)")
    for changed in (file, dag_file(machine, instance="ml.m5.xlarge", code="import sys; sys.exit(3)")):
        run("deploy", "--file", changed)
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    hook = StepFunctionsHook(None, region_name="us-east-1")
    arn = hook.start(f"{MACHINES}:{machine}-training:1", "x", {})
    assert end(hook.conn, arn) == "FAILED"
    hook.events(arn)
    hook.redrive(arn, "token")
    hook.stop(arn, "E", "c")
    statements = airflow_policy(Place.of_role(ROLE, "m", region="us-east-1"), ROLE)["Statement"]
    actions = {
        action
        for one in statements
        for action in ([one["Action"]] if isinstance(one["Action"], str) else one["Action"])
    }
    assert len(calls) >= 9
    assert calls <= actions
