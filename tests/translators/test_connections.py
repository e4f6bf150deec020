"""Tasks whose connection, region or client settings are not the group's."""

from __future__ import annotations

import json
import warnings
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerModelOperator, SageMakerTrainingOperator
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.policy import execution_policy
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.translators.preparations import Start
from airflow_sfn_ml.translators.render import render_member
from tests.translators.machines import checked, context

ROLE = "arn:aws:iam::123456789012:role/states"
OTHER = "arn:aws:iam::210987654321:role/jobs"
TRAINING = {
    "TrainingJobName": "t",
    "RoleArn": "arn:aws:iam::210987654321:role/sagemaker",
    "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
    "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


def group_of(region: str | None = None, **more: Any) -> Any:
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, region_name=region) as group:
        train = SageMakerTrainingOperator(task_id="train", config=TRAINING, **more)
        model = SageMakerModelOperator(task_id="model", config={"ModelName": "m"}, **more)
        train >> model
    return group


def started(group: Any, region: str = "eu-west-1") -> Any:
    """What the start task renders for the training."""
    operator = group.dag.get_task("g.train")
    start = Start(lambda: SimpleNamespace(region_name=region))
    return render_member(group.compiled().members["train"], operator, context(), start)


def connection(monkeypatch: pytest.MonkeyPatch, **fields: Any) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps({"conn_type": "aws", **fields}))


def test_a_connection_that_takes_a_role_becomes_the_credentials_of_every_call(monkeypatch: pytest.MonkeyPatch):
    connection(monkeypatch, extra={"role_arn": OTHER})
    group = group_of(aws_conn_id="other")
    definition = checked(group)
    assert definition["States"]["train"]["Credentials"] == {
        "RoleArn": "{% $states.context.Execution.Input.values.train.`/credentials` %}"
    }
    calls = [state for state in definition["States"]["model"]["Branches"][0]["States"].values() if "Resource" in state]
    assert len(calls) == 3
    assert all("model.`/credentials`" in state["Credentials"]["RoleArn"] for state in calls)
    assert OTHER not in json.dumps(definition)
    assert started(group) == {"/credentials": OTHER}


def test_the_policy_lets_the_machine_take_roles():
    group = group_of(aws_conn_id="other")
    policy = execution_policy(group.definition, Place("aws", "eu-west-1", "123456789012", "m"))
    assert "sts:AssumeRole" in json.dumps(policy.document)


def test_nothing_asks_for_the_connection_at_parse():
    checked(group_of(aws_conn_id="there_is_no_such_connection"))


def test_the_groups_own_connection_and_the_default_need_nothing():
    for conn_id in (None, "aws_default"):
        assert "Credentials" not in json.dumps(group_of(aws_conn_id=conn_id).definition)
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, aws_conn_id="own") as group:
        SageMakerTrainingOperator(task_id="train", config=TRAINING, aws_conn_id="own")
    assert "Credentials" not in json.dumps(group.definition)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"login": "AKIAEXAMPLE", "password": "secret-of-test"}, "has credentials of its own.*leave aws_conn_id out"),
        ({}, "has credentials of its own"),
        (
            {"extra": {"role_arn": OTHER, "assume_role_method": "assume_role_with_saml"}},
            "takes its role by assume_role_with_saml, which a state cannot; move the task out",
        ),
        (
            {"extra": {"role_arn": OTHER, "assume_role_kwargs": {"ExternalId": "x"}}},
            "takes its role with ExternalId, and a state takes a role without",
        ),
        (
            {"extra": {"role_arn": OTHER, "region_name": "us-east-1"}},
            "the region of aws_conn_id 'other', 'us-east-1' differs from the group's 'eu-west-1'",
        ),
    ],
)
def test_what_cannot_follow_is_refused_by_the_start_task(monkeypatch: pytest.MonkeyPatch, fields: Any, told: str):
    connection(monkeypatch, **fields)
    with pytest.raises(Exception, match=told):
        started(group_of(aws_conn_id="other"))


def test_another_region_is_refused_at_parse_where_it_is_written_out():
    with pytest.raises(CompileError, match=r"g\.train: region_name 'us-east-1' differs from the group's 'eu-west-1'"):
        group_of("eu-west-1", region_name="us-east-1").compiled()


def test_another_region_is_refused_at_the_start_where_the_groups_is_not_written_out():
    group = group_of(region_name="us-east-1")
    with pytest.raises(Exception, match="a state machine calls services of its own region only"):
        started(group)
    assert started(group, "us-east-1") == {}


def test_settings_of_a_client_are_told_to_have_no_effect():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = group_of(verify=False, botocore_config={"read_timeout": 9}).compiled().warnings
    assert any("g.train: verify has no effect: Step Functions calls the service" in text for text in told)
    assert any("g.train: botocore_config has no effect" in text for text in told)
