"""A policy for every integration, as tight as the request allows."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.policy import airflow_policy, execution_policy, trust_policy
from airflow_sfn_ml.deploy.resources import ON, PASSED, RULES
from airflow_sfn_ml.steps.integrations import INTEGRATIONS
from airflow_sfn_ml.steps.patterns import IntegrationPattern
from tests.deploy.requests_of_calls import REQUESTS

GOLDEN = Path(__file__).with_name("policies.json")
PLACE = Place("aws", "eu-west-1", "123456789012", "machine")
ROLE = "arn:aws:iam::123456789012:role/jobs"
CALLS = sorted(
    (row.resource_of(pattern), row.resource)
    for row in INTEGRATIONS.values()
    for pattern in row.patterns
    if pattern is not IntegrationPattern.WaitForTaskToken
)
ONLY_ANY = {
    "batch:DescribeJobs",
    "ec2:DescribeSubnets",
    "elasticmapreduce:RunJobFlow",
    "emr-containers:CreateVirtualCluster",
}
"""What the Service Authorization Reference knows no resource for."""


def machine(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    task = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True, **more}
    return {"QueryLanguage": "JSONata", "StartAt": "t", "States": {"t": task}}


def allowed(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Every action with every resource."""
    pairs = set()
    for statement in document["Statement"]:
        actions, resources = statement["Action"], statement["Resource"]
        for action in [actions] if isinstance(actions, str) else actions:
            pairs |= {(action, arn) for arn in ([resources] if isinstance(resources, str) else resources)}
    return pairs


def policies() -> dict[str, Any]:
    """The policy of each call that is there, with the notes."""
    made = {}
    for call, row in CALLS:
        found = execution_policy(machine(call, REQUESTS[row]), PLACE)
        made[call] = {"policy": found.document["Statement"], "notes": list(found.notes)}
    return made


def test_every_integration_has_the_policy_that_is_kept():
    text = json.dumps(policies(), indent=1) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text()


@pytest.mark.parametrize(("call", "row"), CALLS, ids=[call for call, _ in CALLS])
def test_a_policy_allows_all_actions_of_the_call_and_none_on_anything(call, row):
    pairs = allowed(execution_policy(machine(call, REQUESTS[row]), PLACE).document)
    pattern = IntegrationPattern.WaitForCompletion if ".sync" in call else IntegrationPattern.CallAndContinue
    assert set(INTEGRATIONS[row].actions_of(pattern)) <= {action for action, _ in pairs}
    assert not [action for action, _ in pairs if "*" in action]
    assert {action for action, arn in pairs if arn == "*"} <= ONLY_ANY
    assert not [arn for _, arn in pairs if "{" in arn or "}" in arn]


@pytest.mark.parametrize("row", [name for name, row in INTEGRATIONS.items() if row.sync_actions])
def test_stopping_is_only_allowed_to_who_waits(row):
    begins = {action for action, _ in allowed(execution_policy(machine(row, REQUESTS[row]), PLACE).document)}
    further = set(INTEGRATIONS[row].sync_actions) - set(INTEGRATIONS[row].actions)
    assert not begins & further
    assert "events:PutRule" not in begins


def test_the_tables_know_every_integration_and_nothing_else():
    assert set(ON) == set(INTEGRATIONS)
    assert set(PASSED) <= set(INTEGRATIONS)
    assert set(RULES) <= {name for name, row in INTEGRATIONS.items() if row.sync}


def test_every_role_is_passed_to_someone():
    for call, row in CALLS:
        for statement in execution_policy(machine(call, REQUESTS[row]), PLACE).document["Statement"]:
            if "iam:PassRole" in statement["Action"]:
                assert statement["Condition"]["StringEquals"]["iam:PassedToService"], call


def test_a_literal_name_is_exact_and_as_sagemaker_writes_it():
    found = execution_policy(
        machine("sagemaker:createTrainingJob.sync", {"TrainingJobName": "Train-1", "RoleArn": ROLE}), PLACE
    )
    arns = {arn for action, arn in allowed(found.document) if action == "sagemaker:CreateTrainingJob"}
    assert arns == {
        "arn:aws:sagemaker:eu-west-1:123456789012:training-job/Train-1",
        "arn:aws:sagemaker:eu-west-1:123456789012:training-job/train-1",
    }
    assert found.notes == ()


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("{% 'train-' & $states.context.Execution.Name %}", "train-*"),
        ("{% 'a-' & 'b-' & $x %}", "a-b-*"),
        ("{% 'fixed' %}", "fixed"),
        ("{% $x & 'train' %}", "*"),
        ("{% $x ? 'a' : 'b' %}", "*"),
        ("{% 'a' & $x = 'b' ? $y : $z %}", "*"),
        ("{% not JSONata at all ( %}", "*"),
    ],
)
def test_a_name_that_is_computed_is_known_as_far_as_it_is_written(name, pattern):
    found = execution_policy(machine("sagemaker:createTrainingJob", {"TrainingJobName": name, "RoleArn": ROLE}), PLACE)
    arns = {
        arn.rpartition("/")[2] for action, arn in allowed(found.document) if action == "sagemaker:CreateTrainingJob"
    }
    assert arns == {pattern}
    assert bool(found.notes) == (pattern != "fixed")


def test_a_request_of_json_path_is_read_too():
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob",
        "Parameters": {"TrainingJobName.$": "States.Format('train-{}', $.id)", "RoleArn.$": "$.role"},
        "End": True,
    }
    found = execution_policy({"StartAt": "t", "States": {"t": task}}, PLACE)
    pairs = allowed(found.document)
    assert ("sagemaker:CreateTrainingJob", "arn:aws:sagemaker:eu-west-1:123456789012:training-job/train-*") in pairs
    assert ("iam:PassRole", "arn:aws:iam::123456789012:role/*") in pairs
    assert any("RoleArn" in note and "any role" in note for note in found.notes)


def test_a_request_that_is_one_expression_widens_names_and_roles_and_says_so():
    found = execution_policy(machine("sagemaker:createProcessingJob.sync", "{% $request %}"), PLACE)
    assert ("iam:PassRole", "arn:aws:iam::123456789012:role/*") in allowed(found.document)
    assert len(found.notes) == 2


def test_named_roles_stand_for_those_that_are_not_known():
    found = execution_policy(machine("sagemaker:createProcessingJob.sync", "{% $r %}"), PLACE, job_roles=[ROLE])
    assert {arn for action, arn in allowed(found.document) if action == "iam:PassRole"} == {ROLE}
    assert not any("role" in note for note in found.notes)


def test_nested_states_are_found_in_branches_and_items():
    call = machine("sqs:sendMessage", {"QueueUrl": "https://sqs.eu-west-1.amazonaws.com/123456789012/q"})
    table = machine("dynamodb:putItem", {"TableName": "t"})
    nested = {
        "QueryLanguage": "JSONata",
        "StartAt": "p",
        "States": {
            "p": {"Type": "Parallel", "Branches": [call], "Next": "m"},
            "m": {"Type": "Map", "ItemProcessor": table, "End": True},
        },
    }
    assert allowed(execution_policy(nested, PLACE).document) == {
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:q"),
        ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/t"),
    }


def test_a_distributed_map_starts_itself_and_reads_and_writes_objects():
    processor = machine("dynamodb:putItem", {"TableName": "t"})
    processor["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    state = {
        "Type": "Map",
        "Label": "items",
        "ItemProcessor": processor,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV"},
            "Arguments": {"Bucket": "in", "Key": "table.csv"},
        },
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "out", "Prefix": "r"}},
        "End": True,
    }
    pairs = allowed(
        execution_policy({"QueryLanguage": "JSONata", "StartAt": "m", "States": {"m": state}}, PLACE).document
    )
    assert ("states:StartExecution", "arn:aws:states:eu-west-1:123456789012:stateMachine:machine") in pairs
    assert ("states:StopExecution", "arn:aws:states:eu-west-1:123456789012:execution:machine/items:*") in pairs
    assert ("s3:GetObject", "arn:aws:s3:::in/table.csv") in pairs
    assert ("s3:PutObject", "arn:aws:s3:::out/r/*") in pairs
    assert not [arn for _, arn in pairs if arn == "*"]


def test_a_task_with_credentials_moves_its_permissions_to_the_role_that_it_assumes():
    other = "arn:aws:iam::210987654321:role/there"
    found = execution_policy(machine("glue:startJobRun.sync", {"JobName": "j"}, Credentials={"RoleArn": other}), PLACE)
    assert allowed(found.document) == {("sts:AssumeRole", other)}
    assert ("glue:StartJobRun", "arn:aws:glue:eu-west-1:123456789012:job/j") in allowed(found.assumed[other])


def test_logs_and_traces_are_allowed_only_when_they_are_on():
    plain = execution_policy(machine("dynamodb:putItem", {"TableName": "t"}), PLACE)
    full = execution_policy(machine("dynamodb:putItem", {"TableName": "t"}), PLACE, logging=True, tracing=True)
    added = {action for action, _ in allowed(full.document) - allowed(plain.document)}
    assert {action.partition(":")[0] for action in added} == {"logs", "xray"}
    assert len(added) == 12


SDK_CALLS = (
    ("sagemaker:describeEndpoint", {"EndpointName": "e"}, "sagemaker:DescribeEndpoint", "endpoint/e"),
    ("sagemaker:describeTrainingJob", {"TrainingJobName": "t"}, "sagemaker:DescribeTrainingJob", "training-job/t"),
    ("s3:getObject", {"Bucket": "b", "Key": "k"}, "s3:GetObject", "arn:aws:s3:::b/k"),
    ("s3:listObjectsV2", {"Bucket": "b"}, "s3:ListBucket", "arn:aws:s3:::b"),
    ("sfn:startExecution", {"StateMachineArn": "arn:aws:states:r:1:stateMachine:m"}, "states:StartExecution", ":m"),
    ("lambda:invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", "123456789012:function:f"),
    ("secretsmanager:getSecretValue", {"SecretId": "s"}, "secretsmanager:GetSecretValue", ":secret:s-??????"),
)


@pytest.mark.parametrize(("call", "arguments", "action", "end"), SDK_CALLS, ids=[call[0] for call in SDK_CALLS])
def test_a_call_of_the_sdk_is_read_by_its_names(call, arguments, action, end):
    pairs = allowed(execution_policy(machine(f"aws-sdk:{call}", arguments), PLACE).document)
    assert [arn for name, arn in pairs if name == action and arn.startswith("arn:aws:") and arn.endswith(end)]
    assert "*" not in {arn for _, arn in pairs}


def test_a_call_of_the_sdk_that_names_no_resource_is_allowed_on_any_and_says_so():
    found = execution_policy(machine("aws-sdk:ec2:describeInstances", {}), PLACE)
    assert allowed(found.document) == {("ec2:DescribeInstances", "*")}
    assert any("ec2:DescribeInstances" in note for note in found.notes)


def test_functions_are_called_and_activities_need_nothing():
    for resource, expected in (
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:live", {"lambda:InvokeFunction"}),
        ("arn:aws:states:eu-west-1:123456789012:activity:a", set()),
    ):
        states = {"t": {"Type": "Task", "Resource": resource, "End": True}}
        found = execution_policy({"StartAt": "t", "States": states}, PLACE)
        assert {action for action, _ in allowed(found.document)} == expected
        assert found.notes == ()


def test_a_machine_as_a_value_gives_the_same_policy():
    definition = machine("glue:startJobRun.sync", {"JobName": "j"})
    assert execution_policy(asl.parse(definition), PLACE) == execution_policy(definition, PLACE)


def test_the_partition_is_in_every_arn():
    place = Place.of_role("arn:aws-cn:iam::123456789012:role/r", "m", region="cn-north-1")
    found = execution_policy(machine("sagemaker:createTransformJob.sync", {"TransformJobName": "t"}), place)
    assert all(re.match(r"arn:aws-cn:", arn) for _, arn in allowed(found.document))


def test_an_unknown_place_is_said():
    found = execution_policy(machine("glue:startJobRun", {"JobName": "j"}))
    assert [note.partition(" of ")[0] for note in found.notes] == ["the region", "the account", "the name"]


def test_only_step_functions_may_take_the_role_and_only_for_this_machine():
    statement = trust_policy(PLACE)["Statement"][0]
    assert statement["Principal"] == {"Service": "states.amazonaws.com"}
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": PLACE.machine_arn},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }


def test_airflow_deploys_only_where_it_is_asked_to():
    deploys = allowed(airflow_policy(PLACE, ROLE))
    starts = allowed(airflow_policy(PLACE, ROLE, deploys=False))
    assert {action for action, _ in deploys - starts} == {
        "iam:PassRole",
        "states:CreateStateMachine",
        "states:PublishStateMachineVersion",
        "states:TagResource",
        "states:UpdateStateMachine",
    }
    assert not [arn for _, arn in deploys if arn == "*"]
    for machine in ("machine", "machine-repair"):
        assert ("states:ListExecutions", f"arn:aws:states:eu-west-1:123456789012:stateMachine:{machine}") in starts
