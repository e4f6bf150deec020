"""State machines: what is refused at creation, idempotency, revisions, versions, aliases, tags."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.machines import ROLE, Account, unique


def passing(output: Any = 1) -> dict[str, Any]:
    return {"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": output, "End": True}}}


def create(account: Account, name: str, definition: dict[str, Any], **more: Any) -> dict[str, Any]:
    return account.sfn.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE, **more)


def code(refused: pytest.ExceptionInfo[ClientError]) -> str:
    return refused.value.response["Error"]["Code"]


def nested(kind: str, variable: str, mode: str | None = None) -> dict[str, Any]:
    """A machine that assigns x and then runs an inner machine which assigns `variable`."""
    inner: dict[str, Any] = {"StartAt": "In", "States": {"In": {"Type": "Pass", "Assign": {variable: 2}, "End": True}}}
    if kind == "Map":
        inner["ProcessorConfig"] = {"Mode": mode or "INLINE", **({"ExecutionType": "STANDARD"} if mode else {})}
        outer = {"Type": "Map", "Items": [1], "ItemProcessor": inner, "End": True}
    else:
        outer = {"Type": "Parallel", "Branches": [inner], "End": True}
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Out",
        "States": {"Out": {"Type": "Pass", "Assign": {"x": 1}, "Next": "Inner"}, "Inner": outer},
    }


@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_assigning_a_name_of_an_outer_scope_is_refused(account: Account, kind: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(account, unique("shadow"), nested(kind, "x"))
    assert code(refused) == "InvalidDefinition"
    message = refused.value.response["Error"]["Message"]
    assert "SCHEMA_VALIDATION_FAILED" in message
    assert "Variable 'x'" in message
    create(account, unique("shadow"), nested(kind, "y"))


def test_a_distributed_map_sees_no_outer_variable(account: Account) -> None:
    create(account, unique("shadow"), nested("Map", "x", mode="DISTRIBUTED"))


def test_catch_of_a_parallel_assigns_in_the_outer_scope(account: Account) -> None:
    definition = nested("Parallel", "y")
    definition["States"]["Inner"] |= {
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End", "Assign": {"x": 3}}],
        "Next": "End",
    }
    del definition["States"]["Inner"]["End"]
    definition["States"]["End"] = {"Type": "Succeed"}
    create(account, unique("catch"), definition)


@pytest.mark.parametrize(
    ("states", "problem"),
    [
        ({"A": {"Type": "Pass", "Next": "B"}}, "Missing 'Next' target: B"),
        ({"A": {"Type": "Pass"}}, "needs 'Next' or 'End'"),
        ({"B": {"Type": "Pass", "End": True}}, "Missing 'Next' target: A at /StartAt"),
        ({"A": {"Type": "Fail", "Error": "States.Mine"}}, "Invalid error name States.Mine"),
        ({"A": {"Type": "Nonsense", "End": True}}, "SCHEMA_VALIDATION_FAILED"),
        (
            {
                "A": {
                    "Type": "Parallel",
                    "End": True,
                    "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}],
                }
            },
            "Duplicate State name: A",
        ),
    ],
)
def test_a_wrong_definition_is_refused_at_creation(account: Account, states: dict, problem: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(account, unique("wrong"), {"StartAt": "A", "States": states})
    assert code(refused) == "InvalidDefinition"
    assert problem in refused.value.response["Error"]["Message"]
    checked = account.sfn.validate_state_machine_definition(definition=json.dumps({"StartAt": "A", "States": states}))
    assert checked["result"] == "FAIL"


def test_a_refused_definition_does_not_spoil_the_next(account: Account) -> None:
    jsonata = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {}}}}
    jsonpath = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": True}}}
    for _ in range(3):
        with pytest.raises(ClientError):
            create(account, unique("spoil"), jsonata)
        create(account, unique("spoil"), jsonpath)


def test_definitions_of_both_languages_are_parsed_at_the_same_time(account: Account) -> None:
    jsonpath = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"a.$": "$.b"}, "End": True}}}
    jsonata = {
        "QueryLanguage": "JSONata",
        "StartAt": "A",
        "States": {"A": {"Type": "Pass", "Output": "{% 1 %}", "End": True}},
    }
    with ThreadPoolExecutor(8) as pool:
        made = [pool.submit(create, account, unique("both"), each) for each in [jsonpath, jsonata] * 20]
        assert all(each.result()["stateMachineArn"] for each in made)


def test_creation_is_idempotent_for_the_same_machine_only(account: Account) -> None:
    name = unique("same")
    first = create(account, name, passing())
    assert create(account, name, passing())["stateMachineArn"] == first["stateMachineArn"]
    with pytest.raises(ClientError) as refused:
        create(account, name, passing(2))
    assert code(refused) == "StateMachineAlreadyExists"
    with pytest.raises(ClientError) as refused:
        create(account, name, passing(), publish=True)
    assert code(refused) == "StateMachineAlreadyExists"


@pytest.mark.parametrize("name", ["with space", "a/b", "x" * 81, "new\nline"])
def test_a_name_that_aws_refuses_is_refused(account: Account, name: str) -> None:
    with pytest.raises(ClientError) as refused:
        create(account, name, passing())
    assert code(refused) == "InvalidName"


def test_versions_keep_their_definition_and_description(account: Account) -> None:
    created = create(account, unique("versions"), passing(1), publish=True, versionDescription="first")
    arn, first = created["stateMachineArn"], created["stateMachineVersionArn"]
    assert first == f"{arn}:1"
    updated = account.sfn.update_state_machine(
        stateMachineArn=arn, definition=json.dumps(passing(2)), publish=True, versionDescription="second"
    )
    second = updated["stateMachineVersionArn"]
    listed = account.sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [each["stateMachineVersionArn"] for each in listed] == [second, first]
    described = [account.sfn.describe_state_machine(stateMachineArn=version) for version in (first, second)]
    assert [each["description"] for each in described] == ["first", "second"]
    assert [json.loads(each["definition"]) for each in described] == [passing(1), passing(2)]
    assert described[1]["revisionId"] == updated["revisionId"]
    executions = [account.sfn.start_execution(stateMachineArn=version)["executionArn"] for version in (first, second)]
    ended = [account.finish(execution) for execution in executions]
    assert [each["output"] for each in ended] == ["1", "2"]
    assert [each["stateMachineVersionArn"] for each in ended] == [first, second]
    assert {each["stateMachineArn"] for each in ended} == {arn}
    by_version = account.sfn.list_executions(stateMachineArn=first)["executions"]
    assert [each["executionArn"] for each in by_version] == executions[:1]
    assert len(account.sfn.list_executions(stateMachineArn=arn)["executions"]) == 2
    used = account.sfn.describe_state_machine_for_execution(executionArn=executions[0])
    assert json.loads(used["definition"]) == passing(1)


def test_publishing_an_unchanged_machine_gives_the_same_version(account: Account) -> None:
    arn = create(account, unique("publish"), passing())["stateMachineArn"]
    first = account.sfn.publish_state_machine_version(stateMachineArn=arn, description="x")["stateMachineVersionArn"]
    assert account.sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == first
    same = account.sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(passing()), publish=True)
    assert same["stateMachineVersionArn"] == first
    with pytest.raises(ClientError) as refused:
        account.sfn.publish_state_machine_version(stateMachineArn=arn, revisionId="another")
    assert code(refused) == "ConflictException"


def test_a_version_that_an_alias_uses_cannot_be_deleted(account: Account) -> None:
    created = create(account, unique("alias"), passing(7), publish=True)
    version = created["stateMachineVersionArn"]
    routes = [{"stateMachineVersionArn": version, "weight": 100}]
    alias = account.sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    ended = account.finish(account.sfn.start_execution(stateMachineArn=alias)["executionArn"])
    assert (ended["output"], ended["stateMachineAliasArn"]) == ("7", alias)
    with pytest.raises(ClientError) as refused:
        account.sfn.delete_state_machine_version(stateMachineVersionArn=version)
    assert code(refused) == "ConflictException"
    account.sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    account.sfn.delete_state_machine_version(stateMachineVersionArn=version)
    with pytest.raises(ClientError) as refused:
        account.sfn.start_execution(stateMachineArn=version)
    assert code(refused) == "StateMachineDoesNotExist"


def test_a_description_needs_publish(account: Account) -> None:
    with pytest.raises(ClientError) as refused:
        create(account, unique("described"), passing(), versionDescription="x")
    assert code(refused) == "ValidationException"


def test_a_machine_keeps_its_tags(account: Account) -> None:
    arn = create(account, unique("tags"), passing(), tags=[{"key": "owner", "value": "us"}])["stateMachineArn"]
    account.sfn.tag_resource(resourceArn=arn, tags=[{"key": "more", "value": "1"}])
    account.sfn.untag_resource(resourceArn=arn, tagKeys=["nothing"])
    tags = account.sfn.list_tags_for_resource(resourceArn=arn)["tags"]
    assert tags == [{"key": "owner", "value": "us"}, {"key": "more", "value": "1"}]


def test_deleting_a_machine_ends_its_executions(account: Account) -> None:
    waiting = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": True}}}
    arn = create(account, unique("deleted"), waiting)["stateMachineArn"]
    account.sfn.start_execution(stateMachineArn=arn)
    account.sfn.delete_state_machine(stateMachineArn=arn)
    with pytest.raises(ClientError) as refused:
        account.sfn.describe_state_machine(stateMachineArn=arn)
    assert code(refused) == "StateMachineDoesNotExist"
