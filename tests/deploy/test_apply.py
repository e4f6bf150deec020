"""Carrying a deployment out on the embedded AWS, and what becomes of AWS's refusals."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from airflow_sfn_ml.deploy import Machine, apply, machine_arn, read
from airflow_sfn_ml.deploy.plan import DAG_TAG, GROUP_TAG
from airflow_sfn_ml.exceptions import AccessDenied, DefinitionError, DeployError, NotOwned
from airflow_sfn_ml.local import LocalAws

ROLE = "arn:aws:iam::123456789012:role/sfn"
OTHER_ROLE = "arn:aws:iam::123456789012:role/other"
READS = ["ListStateMachineVersions", "DescribeStateMachine", "ListTagsForResource"]


def passes(name: str) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {"Type": "Pass", "End": True}}}


@pytest.fixture
def client(local_aws: LocalAws) -> Any:
    return local_aws.client("stepfunctions")


@pytest.fixture
def calls(client: Any) -> list[str]:
    made: list[str] = []
    client.meta.events.register("before-call.stepfunctions", lambda model, **_: made.append(model.name))
    return made


@pytest.fixture
def dag() -> str:
    return f"dag_{uuid4().hex[:8]}"


def machine(dag: str, state: str = "one", role: str = ROLE, **kwargs: Any) -> Machine:
    return Machine.of_group(dag, "training", passes(state), role, **kwargs)


def test_the_first_deployment_creates_the_machine_and_its_first_version(client: Any, dag: str):
    deployed = apply(client, machine(dag))
    assert deployed.action == "create"
    assert deployed.state_machine_arn == machine_arn(client, machine(dag))
    assert deployed.version_arn == f"{deployed.state_machine_arn}:1"
    found = client.describe_state_machine(stateMachineArn=deployed.version_arn)
    assert found["description"].startswith(f"{machine(dag).digest} role=")
    tags = client.list_tags_for_resource(resourceArn=deployed.state_machine_arn)["tags"]
    assert {tag["key"]: tag["value"] for tag in tags} == {DAG_TAG: dag, GROUP_TAG: "training"}


def test_a_deployment_that_changes_nothing_costs_three_reads(client: Any, calls: list[str], dag: str):
    first = apply(client, machine(dag))
    calls.clear()
    again = apply(client, machine(dag))
    assert (again.action, again.version_arn) == ("unchanged", first.version_arn)
    assert calls == READS


def test_another_definition_becomes_another_version(client: Any, calls: list[str], dag: str):
    apply(client, machine(dag))
    calls.clear()
    deployed = apply(client, machine(dag, "two"))
    assert (deployed.action, deployed.version_arn) == ("update", f"{deployed.state_machine_arn}:2")
    assert calls[-1] == "UpdateStateMachine"
    assert '"two"' in client.describe_state_machine(stateMachineArn=deployed.version_arn)["definition"]


def test_another_role_becomes_another_version(client: Any, dag: str):
    apply(client, machine(dag))
    deployed = apply(client, machine(dag, role=OTHER_ROLE))
    assert deployed.version_arn.endswith(":2")
    assert client.describe_state_machine(stateMachineArn=deployed.version_arn)["roleArn"] == OTHER_ROLE


def test_a_dag_that_is_rolled_back_runs_its_own_version_again(client: Any, dag: str):
    first = apply(client, machine(dag))
    apply(client, machine(dag, "two"))
    back = apply(client, machine(dag))
    assert (back.action, back.version_arn) == ("unchanged", first.version_arn)


def test_what_someone_changed_by_hand_does_not_matter(client: Any, dag: str):
    first = apply(client, machine(dag))
    by_hand = '{"StartAt":"x","States":{"x":{"Type":"Succeed"}}}'
    client.update_state_machine(stateMachineArn=first.state_machine_arn, definition=by_hand)
    again = apply(client, machine(dag))
    assert (again.action, again.version_arn) == ("unchanged", first.version_arn)


def test_further_tags_are_set_without_another_version(client: Any, dag: str):
    first = apply(client, machine(dag))
    again = apply(client, machine(dag, tags={"team": "ml"}))
    assert (again.action, again.version_arn) == ("update", first.version_arn)
    assert apply(client, machine(dag, tags={"team": "ml"})).action == "unchanged"


def test_a_machine_of_someone_else_is_not_touched_until_it_is_adopted(client: Any, dag: str):
    desired = machine(dag)
    theirs = client.create_state_machine(
        name=desired.name, definition='{"StartAt":"x","States":{"x":{"Type":"Succeed"}}}', roleArn=ROLE
    )["stateMachineArn"]
    with pytest.raises(NotOwned, match="no such tag"):
        apply(client, desired)
    assert '"x"' in client.describe_state_machine(stateMachineArn=theirs)["definition"]
    client.tag_resource(resourceArn=theirs, tags=[{"key": key, "value": value} for key, value in desired.owner.items()])
    assert apply(client, desired).action == "update"


def test_the_machine_of_another_group_is_not_touched(client: Any, dag: str):
    apply(client, machine(dag))
    with pytest.raises(NotOwned, match=f"{DAG_TAG}={dag}"):
        apply(client, machine(f"{dag}2", name=machine(dag).name))


def test_a_machine_that_does_not_exist_reads_as_nothing(client: Any, dag: str):
    assert read(client, machine_arn(client, machine(dag))) is None


@pytest.mark.parametrize("state", ["one", "two"], ids=["the same", "another definition"])
def test_who_is_overtaken_finds_what_the_other_one_made(client: Any, local_aws: LocalAws, dag: str, state: str):
    rival = local_aws.client("stepfunctions")
    theirs = []

    def overtake(**_: Any) -> None:
        if not theirs:
            theirs.append(apply(rival, machine(dag, state)))

    client.meta.events.register("before-call.stepfunctions.CreateStateMachine", overtake)
    ours = apply(client, machine(dag), sleep=lambda _: None)
    assert theirs[0].action == "create"
    assert (ours.version_arn == theirs[0].version_arn) == (state == "one")
    assert '"one"' in client.describe_state_machine(stateMachineArn=ours.version_arn)["definition"]


def test_many_deployers_of_the_same_machine_agree(local_aws: LocalAws, dag: str):
    clients = [local_aws.client("stepfunctions") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        deployed = list(pool.map(lambda client: apply(client, machine(dag)), clients))
    newest = apply(clients[0], machine(dag))
    assert newest.action == "unchanged"
    for one in deployed:
        assert '"one"' in clients[0].describe_state_machine(stateMachineArn=one.version_arn)["definition"]


# What AWS refuses


@pytest.fixture
def scripted() -> Iterator[Stubber]:
    """A client whose answers are written beforehand: no emulator refuses permissions."""
    client = boto3.client("stepfunctions", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    with Stubber(client) as stubber:
        yield stubber


def missing(stubber: Stubber) -> None:
    """There is no such machine."""
    stubber.add_response("list_state_machine_versions", {"stateMachineVersions": []})
    stubber.add_client_error("describe_state_machine", "StateMachineDoesNotExist", "no such machine")


def test_a_missing_permission_names_the_action_and_the_resource(scripted: Stubber):
    denied = (
        "User: arn:aws:sts::123456789012:assumed-role/w/s is not authorized to perform: iam:PassRole on resource: "
        f"{ROLE} because no identity-based policy allows the iam:PassRole action"
    )
    missing(scripted)
    scripted.add_client_error("create_state_machine", "AccessDeniedException", denied)
    with pytest.raises(AccessDenied, match=rf"lack iam:PassRole on {ROLE} \(asked for states:CreateStateMachine\)"):
        apply(scripted.client, machine("census"))


def test_a_permission_that_aws_does_not_name_is_the_one_that_was_asked_for(scripted: Stubber):
    scripted.add_client_error("list_state_machine_versions", "AccessDeniedException", "no")
    arn = machine_arn(scripted.client, machine("census"))
    with pytest.raises(AccessDenied, match=f"lack states:ListStateMachineVersions on {arn}"):
        apply(scripted.client, machine("census"))


def test_a_definition_that_aws_refuses_is_a_definition_error(scripted: Stubber):
    missing(scripted)
    scripted.add_client_error("create_state_machine", "InvalidDefinition", "MISSING_TRANSITION_TARGET at /States/a")
    with pytest.raises(DefinitionError, match="MISSING_TRANSITION_TARGET"):
        apply(scripted.client, machine("census"))


def test_a_conflict_is_tried_again_only_so_often(scripted: Stubber):
    slept: list[float] = []
    for _ in range(6):
        missing(scripted)
        scripted.add_client_error("create_state_machine", "ConflictException", "concurrent update")
    with pytest.raises(DeployError, match="ConflictException: concurrent update"):
        apply(scripted.client, machine("census"), sleep=slept.append)
    assert len(slept) == 5
    scripted.assert_no_pending_responses()


def test_who_is_throttled_waits_longer(scripted: Stubber):
    slept: list[float] = []
    scripted.add_client_error("list_state_machine_versions", "ThrottlingException", "Rate exceeded")
    missing(scripted)
    made = {"stateMachineArn": "a", "creationDate": 0, "stateMachineVersionArn": "a:1"}
    scripted.add_response("create_state_machine", made)
    assert apply(scripted.client, machine("census"), sleep=slept.append).version_arn == "a:1"
    assert len(slept) == 1
    assert slept[0] >= 1


def test_a_machine_that_is_being_deleted_says_so(scripted: Stubber):
    missing(scripted)
    scripted.add_client_error("create_state_machine", "StateMachineDeleting", "deleting")
    with pytest.raises(DeployError, match="is being deleted"):
        apply(scripted.client, machine("census"))


def test_an_endpoint_that_does_not_answer_is_named():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    client = boto3.client(
        "stepfunctions",
        region_name="eu-west-1",
        endpoint_url=url,
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(DeployError, match=f"states:ListStateMachineVersions at {url}"):
        apply(client, machine("census"))


def test_the_account_is_that_of_the_role_unless_it_is_given(scripted: Stubber):
    assert ":123456789012:" in machine_arn(scripted.client, machine("census"))
    assert ":999999999999:" in machine_arn(scripted.client, machine("census"), "999999999999")
    china = machine("census", role="arn:aws-cn:iam::123456789012:role/sfn")
    assert machine_arn(scripted.client, china).startswith("arn:aws-cn:states:eu-west-1:")
    with pytest.raises(DeployError, match="'sfn' is not the ARN of an IAM role"):
        machine_arn(scripted.client, machine("census", role="sfn"))
