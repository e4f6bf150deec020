"""CloudFormation, DataSync, AppFlow, SSM, ECR, Flink, OpenSearch Serverless, QuickSight."""

from __future__ import annotations

import uuid
import warnings
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.appflow import (
    AppflowRecordsShortCircuitOperator,
    AppflowRunAfterOperator,
    AppflowRunBeforeOperator,
    AppflowRunDailyOperator,
    AppflowRunFullOperator,
    AppflowRunOperator,
)
from airflow.providers.amazon.aws.operators.cloud_formation import (
    CloudFormationCreateStackOperator,
    CloudFormationDeleteStackOperator,
)
from airflow.providers.amazon.aws.operators.datasync import DataSyncOperator
from airflow.providers.amazon.aws.operators.ecr import (
    EcrCreateRepositoryOperator,
    EcrDeleteRepositoryOperator,
    EcrSetRepositoryPolicyOperator,
)
from airflow.providers.amazon.aws.operators.kinesis_analytics import (
    KinesisAnalyticsV2CreateApplicationOperator,
    KinesisAnalyticsV2StartApplicationOperator,
    KinesisAnalyticsV2StopApplicationOperator,
)
from airflow.providers.amazon.aws.operators.opensearch_serverless import OpenSearchServerlessCreateCollectionOperator
from airflow.providers.amazon.aws.operators.quicksight import QuickSightCreateIngestionOperator
from airflow.providers.amazon.aws.operators.ssm import SsmGetCommandInvocationOperator, SsmRunCommandOperator

from tests.translators.machines import context, group_of, member, refusal, rendered, run, states, warned, xcom

TASK = "arn:aws:datasync:us-east-1:123456789012:task/task-01234567890abcdef"
TEMPLATE = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'


def succeeded(aws: Any, build: Any, **values: Any) -> Any:
    state = run(aws, group_of(build), context(**values)).state("t")
    assert str(state.status) == "succeeded", (state.error, state.cause)
    return state.output


# CloudFormation


def test_a_stack_is_created_and_deleted(local_aws: Any):
    client = local_aws.client("cloudformation")
    name = f"s-{uuid.uuid4().hex[:8]}"

    def create() -> Any:
        return CloudFormationCreateStackOperator(
            task_id="t", stack_name="{{ params.name }}", cloudformation_parameters={"TemplateBody": TEMPLATE}
        )

    succeeded(local_aws, create, params={"name": name})
    assert client.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    succeeded(local_aws, lambda: CloudFormationDeleteStackOperator(task_id="t", stack_name=name))


def test_a_name_among_the_parameters_of_a_stack_wins():
    state = member(
        CloudFormationCreateStackOperator,
        stack_name="a",
        cloudformation_parameters={"StackName": "b", "TemplateURL": "u", "RoleARN": "arn:aws:iam::123456789012:role/r"},
    )
    assert state["Arguments"] == {
        "StackName": "b",
        "TemplateURL": "u",
        "RoleARN": "arn:aws:iam::123456789012:role/r",
    }


# DataSync


def test_a_data_sync_task_is_updated_run_and_deleted():
    found = states(
        DataSyncOperator,
        task_arn=TASK,
        update_task_kwargs={"Name": "n"},
        task_execution_kwargs={"Includes": []},
        delete_task_after_execution=True,
        wait_interval_seconds=5,
        max_iterations=6,
    )
    assert found["updateTask"]["Arguments"] == {"TaskArn": TASK, "Name": "n"}
    assert found["startTaskExecution"]["Arguments"] == {"TaskArn": TASK, "Includes": []}
    assert found["wait"]["Seconds"] == 10
    assert found["late"]["Next"] == "t: cancelTaskExecution"
    assert found["failed"]["Type"] == "Fail"
    assert found["deleteTask"]["Arguments"] == {"TaskArn": TASK}
    quick = states(DataSyncOperator, task_arn=TASK, delete_task_after_execution=True, wait_for_completion=False)
    assert "look" not in quick


def test_a_data_sync_task_has_to_be_named():
    assert "source_location_uri and destination_location_uri without task_arn" in refusal(
        DataSyncOperator, source_location_uri="s3://a", destination_location_uri="s3://b"
    )


# AppFlow


def test_a_flow_is_run_and_its_execution_found_again():
    found = states(AppflowRunOperator, flow_name="flow", poll_interval=5)
    assert found["startFlow"]["Arguments"] == {"FlowName": "flow"}
    assert found["judge"]["Choices"][0]["Condition"] == (
        "{% $p_seen.FlowExecutions[ExecutionId = $p_execution].ExecutionStatus in ['Successful'] %}"
    )
    assert found["done"]["Output"] == "{% $p_execution %}"
    assert warned(AppflowRunOperator, flow_name="flow") == [
        "g.t: its execution's id is not under the key 'execution_id' but, as all that tasks of a group push, under "
        "'return_value'"
    ]


@pytest.mark.parametrize(
    ("cls", "comparison"),
    [
        (AppflowRunBeforeOperator, "LESS_THAN"),
        (AppflowRunAfterOperator, "GREATER_THAN"),
        (AppflowRunDailyOperator, "BETWEEN"),
    ],
)
def test_a_flow_gets_its_filter_first(cls: Any, comparison: str):
    arguments = {"flow_name": "flow", "source": "salesforce", "source_field": "f"}
    found = states(cls, filter_date="2026-01-01T00:00:00+00:00", **arguments)
    assert found["describeFlow"]["Next"] == "t: source?"
    assert found["source?"]["Choices"][0]["Condition"] == (
        "{% $lowercase($p_flow.SourceFlowConfig.ConnectorType) = 'salesforce' %}"
    )
    tasks = found["updateFlow"]["Arguments"]["Tasks"]
    assert f"'ConnectorOperator': {{$type: '{comparison}'}}" in tasks
    assert ("1767225599999" in tasks) if comparison == "BETWEEN" else ("1767225600000" in tasks)
    assert found["settle"] == {"Type": "Wait", "Seconds": 15, "Next": "t: startFlow"}


def test_the_filters_of_a_flow_are_replaced():
    import jsonata

    found = states(
        AppflowRunAfterOperator,
        flow_name="flow",
        source="salesforce",
        source_field="f",
        filter_date="2026-01-01T00:00:00+00:00",
    )
    source = found["updateFlow"]["Arguments"]["Tasks"].removeprefix("{% ").removesuffix(" %}")
    flow = {
        "SourceFlowConfig": {"ConnectorType": "Salesforce"},
        "Tasks": [
            {"TaskType": "Filter", "ConnectorOperator": {"Salesforce": "PROJECTION"}},
            {"TaskType": "Filter", "ConnectorOperator": {"Salesforce": "LESS_THAN"}},
            {"TaskType": "Map_all"},
        ],
    }
    told = jsonata.Jsonata(source.replace("$p_flow", "p_flow")).evaluate({"p_flow": flow})
    assert told == [
        flow["Tasks"][0],
        flow["Tasks"][2],
        {
            "TaskType": "Filter",
            "ConnectorOperator": {"Salesforce": "GREATER_THAN"},
            "SourceFields": ["f"],
            "TaskProperties": {"DATA_TYPE": "datetime", "VALUE": "1767225600000"},
        },
    ]


@pytest.mark.parametrize(
    ("cls", "arguments", "told"),
    [
        (AppflowRunFullOperator, {"source": "x"}, "source='x' (it must be one of salesforce, zendesk, written out)"),
        (
            AppflowRunBeforeOperator,
            {"source": "zendesk", "source_field": "f", "filter_date": ""},
            "source='zendesk' (it must be one of salesforce, written out); filter_date is missing",
        ),
        (
            AppflowRunDailyOperator,
            {"source": "salesforce", "source_field": "", "filter_date": "2026-01-01"},
            "source_field is missing",
        ),
    ],
)
def test_what_a_flow_cannot_be_is_told(cls: Any, arguments: dict[str, Any], told: str):
    assert told in refusal(cls, flow_name="flow", **arguments)


def test_a_short_circuit_is_refused():
    assert refusal(AppflowRecordsShortCircuitOperator, flow_name="flow", appflow_run_task_id="run") == (
        "g.t: AppflowRecordsShortCircuitOperator cannot run inside of a state machine: it skips all that comes after "
        "it, whatever its trigger rules; read the records of the flow with SdkStep and decide with ChoiceStep"
    )


# SSM


def test_a_command_is_sent_and_waited_for_on_all_its_instances():
    found = states(
        SsmRunCommandOperator,
        document_name="AWS-RunShellScript",
        run_command_kwargs={"InstanceIds": ["i-01234567"], "Parameters": {"commands": ["{{ ds }}"]}},
        waiter_delay=5,
    )
    asked = found["sendCommand"]["Arguments"]
    assert asked["DocumentName"] == "AWS-RunShellScript"
    assert set(asked["Parameters"]) == {"commands"}
    failed = found["judge"]["Choices"][1]["Condition"]
    assert "Status in ['Cancelled', 'TimedOut', 'Cancelling', 'Failed']" in failed
    tolerant = states(
        SsmRunCommandOperator, document_name="AWS-RunShellScript", fail_on_nonzero_exit=False, waiter_delay=5
    )
    assert "Status in ['Cancelled', 'TimedOut', 'Cancelling']" in tolerant["judge"]["Choices"][1]["Condition"]


def test_a_command_runs_and_its_output_is_read(local_aws: Any):
    instance = local_aws.client("ec2").run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)["Instances"][0]

    def build() -> Any:
        run_ = SsmRunCommandOperator(
            task_id="run",
            document_name="AWS-RunShellScript",
            run_command_kwargs={"InstanceIds": [instance["InstanceId"]], "Parameters": {"commands": ["true"]}},
            wait_for_completion=False,
        )
        SsmGetCommandInvocationOperator(task_id="t", command_id=run_.output, instance_id=instance["InstanceId"])

    view = run(local_aws, group_of(build))
    state = view.state("t")
    assert str(state.status) == "succeeded", (state.error, state.cause, view.state("run").cause)
    assert state.output["command_id"] == view.state("run").output
    (invocation,) = state.output["invocations"]
    assert invocation["instance_id"] == instance["InstanceId"]
    assert invocation["status"] == "Success"
    assert set(invocation) == {
        "instance_id",
        "status",
        "response_code",
        "standard_output",
        "standard_error",
        "execution_start_time",
        "execution_end_time",
        "document_name",
        "comment",
    }


def test_an_instance_that_cannot_be_asked_is_told_in_the_output(local_aws: Any):
    command = "0" * 8 + "-0000-0000-0000-000000000000"

    def build() -> Any:
        return SsmGetCommandInvocationOperator(task_id="t", command_id=command, instance_id="i-01234567")

    (invocation,) = succeeded(local_aws, build)["invocations"]
    assert set(invocation) == {"instance_id", "error"}


def test_without_an_instance_all_that_the_command_ran_on_are_asked():
    command = "0" * 8 + "-0000-0000-0000-000000000000"
    found = states(SsmGetCommandInvocationOperator, command_id=command)
    assert found["listCommandInvocations"]["Assign"]["p_on"] == ("{% [$states.result.CommandInvocations.InstanceId] %}")
    assert found["listCommandInvocations"]["Next"] == "t: each"


# ECR


def test_a_repository_is_made_given_a_policy_and_deleted(local_aws: Any):
    name = f"r-{uuid.uuid4().hex[:8]}"
    ecr = local_aws.client("ecr")

    def create() -> Any:
        return EcrCreateRepositoryOperator(
            task_id="t",
            repository_name=name,
            image_scanning_configuration={"scanOnPush": True},
            tags=[{"Key": "a", "Value": "b"}],
        )

    made = xcom(local_aws, create)
    known = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert set(made["repository"]) == set(known)
    assert made["repository"]["imageScanningConfiguration"] == {"scanOnPush": True}
    statement = '{"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": ["ecr:GetDownloadUrlForLayer"]}'
    policy = f'{{"Version": "2012-10-17", "Statement": [{statement}]}}'
    told = xcom(
        local_aws, lambda: EcrSetRepositoryPolicyOperator(task_id="t", repository_name=name, policy_text=policy)
    )
    assert told["repositoryName"] == name
    xcom(local_aws, lambda: EcrDeleteRepositoryOperator(task_id="t", repository_name=name, force=True))


# Flink


def test_an_application_is_created_started_and_stopped():
    state = member(
        KinesisAnalyticsV2CreateApplicationOperator,
        application_name="a",
        runtime_environment="FLINK-1_18",
        service_execution_role="arn:aws:iam::123456789012:role/r",
        create_application_kwargs={"ApplicationMode": "STREAMING"},
    )
    assert state["Arguments"]["ApplicationMode"] == "STREAMING"
    assert state["Output"] == {"ApplicationARN": "{% $states.result.ApplicationDetail.ApplicationARN %}"}
    found = states(KinesisAnalyticsV2StartApplicationOperator, application_name="a", waiter_delay=5)
    assert found["startApplication"]["Arguments"] == {"ApplicationName": "a", "RunConfiguration": {}}
    assert found["startApplication"]["Next"] == "t: describeApplication"
    found = states(KinesisAnalyticsV2StopApplicationOperator, application_name="a", force=True)
    assert found["stopApplication"]["Arguments"] == {"ApplicationName": "a", "Force": True}


# OpenSearch Serverless


def test_a_collection_that_exists_is_taken_or_fails_the_task():
    found = states(
        OpenSearchServerlessCreateCollectionOperator, collection_name="abc", tags=[{"key": "a", "value": "b"}]
    )
    assert found["createCollection"]["Arguments"] == {
        "Name": "abc",
        "Type": "SEARCH",
        "Tags": [{"Key": "a", "Value": "b"}],
    }
    assert found["createCollection"]["Catch"][0]["Next"] == "t: batchGetCollection"
    assert found["batchGetCollection"]["Arguments"] == {"Names": ["abc"]}
    assert member(OpenSearchServerlessCreateCollectionOperator, collection_name="abc", if_exists="fail")["Type"] == (
        "Task"
    )


# QuickSight


def test_an_ingestion_is_made_in_the_machines_account():
    found = states(QuickSightCreateIngestionOperator, data_set_id="d", ingestion_id="i", waiter_delay="7")
    assert found["createIngestion"]["Arguments"] == {
        "AwsAccountId": "{% $split($states.context.Execution.Id, ':')[4] %}",
        "DataSetId": "d",
        "IngestionId": "i",
        "IngestionType": "FULL_REFRESH",
    }
    assert found["wait"]["Seconds"] == 7
    assert found["done"]["Output"] == "{% $p_answer %}"


def test_a_filter_date_of_a_template_is_counted_at_the_start():
    group = group_of(
        lambda: AppflowRunAfterOperator(
            task_id="t", flow_name="flow", source="zendesk", source_field="f", filter_date="{{ ds }}T00:00:00+00:00"
        )
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = rendered(group, context(ds="2026-01-01"))["t"]
    assert list(told.values()) == ["1767225600000"]
