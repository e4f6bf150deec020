"""What the Amazon provider's documentation shows of each service, as a team would have it.

The Dag's configuration comes from a task outside, names are made of it, and the tasks stand in a group as they are.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.batch import BatchCreateComputeEnvironmentOperator, BatchOperator
from airflow.providers.amazon.aws.operators.ecs import (
    EcsCreateClusterOperator,
    EcsDeleteClusterOperator,
    EcsDeregisterTaskDefinitionOperator,
    EcsRegisterTaskDefinitionOperator,
    EcsRunTaskOperator,
)
from airflow.providers.amazon.aws.operators.eventbridge import (
    EventBridgeDisableRuleOperator,
    EventBridgeEnableRuleOperator,
    EventBridgePutEventsOperator,
    EventBridgePutRuleOperator,
)
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.glue_crawler import GlueCrawlerCreateOperator, GlueCrawlerRunOperator
from airflow.providers.amazon.aws.operators.lambda_function import (
    LambdaCreateFunctionOperator,
    LambdaInvokeFunctionOperator,
)
from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator
from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator
from airflow.providers.amazon.aws.operators.step_function import (
    StepFunctionGetExecutionOutputOperator,
    StepFunctionStartExecutionOperator,
)
from airflow.sdk import DAG, chain, task

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.history import StateStatus
from tests.local.machines import unique
from tests.local.test_functions import make
from tests.translators.machines import ROLE, checked, context, rendered, run


def group_with(build: Callable[[Any], None]) -> Any:
    """A group of what *build* makes with the configuration that a task before it returns, entry by entry."""
    with DAG("example", render_template_as_native_obj=False):

        @task(multiple_outputs=True)
        def setup() -> dict[str, Any]:
            return {}

        made = setup()
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            build(made)
    return group


def values(**made: Any) -> dict[str, Any]:
    """The context of a run in which the task before the group returned *made*."""
    found = context(ds="2026-01-01", ts_nodash="20260101T000000")
    found["ti"].xcom_pull = lambda task_ids=None, key="return_value", **more: (
        made if key == "return_value" else made[key]
    )
    return found


def glue(setup: Any) -> None:
    crawler_config = {
        "Name": f"{setup['env']}_crawler",
        "Role": setup["role"],
        "DatabaseName": f"{setup['env']}_glue_db",
        "Targets": {"S3Targets": [{"Path": f"s3://{setup['bucket']}/input"}]},
    }
    create = GlueCrawlerCreateOperator(task_id="create_crawler", config=crawler_config)
    crawl = GlueCrawlerRunOperator(task_id="crawl_s3", crawler_name=create.output)
    submit = GlueJobOperator(
        task_id="submit_glue_job",
        job_name=f"{setup['env']} glue_job",
        script_location=f"s3://{setup['bucket']}/etl_script.py",
        s3_bucket=setup["bucket"],
        iam_role_name="glue-example-role",
        create_job_kwargs={"GlueVersion": "3.0", "NumberOfWorkers": 2, "WorkerType": "G.1X"},
    )
    submit.wait_for_completion = False
    chain(create, crawl, submit)


def batch(setup: Any) -> None:
    environment = BatchCreateComputeEnvironmentOperator(
        task_id="create_compute_environment",
        compute_environment_name=setup["environment"],
        environment_type="MANAGED",
        state="ENABLED",
        compute_resources={
            "type": "FARGATE",
            "maxvCpus": 10,
            "securityGroupIds": setup["security_groups"],
            "subnets": setup["subnets"],
        },
    )
    submit = BatchOperator(
        task_id="submit_batch_job",
        job_name=setup["job"],
        job_queue=setup["queue"],
        job_definition=setup["definition"],
        container_overrides={"command": ["sleep", "2"], "environment": [{"name": "Day", "value": "{{ ds }}"}]},
    )
    submit.wait_for_completion = False
    chain(environment, submit)


def ecs(setup: Any) -> None:
    create = EcsCreateClusterOperator(task_id="create_cluster", cluster_name=setup["cluster"])
    create.wait_for_completion = False
    register = EcsRegisterTaskDefinitionOperator(
        task_id="register_task",
        family=setup["family"],
        container_definitions=[
            {
                "name": setup["container"],
                "image": "ubuntu",
                "memory": 128,
                "workingDirectory": "/usr/bin",
                "entryPoint": ["sh", "-c"],
                "command": ["ls"],
            }
        ],
        register_task_kwargs={"cpu": "256", "memory": "512", "networkMode": "bridge"},
    )
    hello = EcsRunTaskOperator(
        task_id="hello_world",
        cluster=setup["cluster"],
        task_definition=register.output,
        overrides={"containerOverrides": [{"name": setup["container"], "command": ["echo hello from {{ ds }}"]}]},
        launch_type="FARGATE",
    )
    deregister = EcsDeregisterTaskDefinitionOperator(task_id="deregister_task", task_definition=register.output)
    delete = EcsDeleteClusterOperator(task_id="delete_cluster", cluster_name=setup["cluster"])
    delete.wait_for_completion = False
    chain(create, register, hello, deregister, delete)


def athena(setup: Any) -> None:
    create = AthenaOperator(
        task_id="setup__create_table",
        query=setup["create"],
        database=setup["database"],
        output_location=f"s3://{setup['bucket']}/",
    )
    read = AthenaOperator(
        task_id="read_table",
        query=f"SELECT * from {setup['database']}.t WHERE day = '{{{{ ds }}}}'",
        database=setup["database"],
        output_location=f"s3://{setup['bucket']}/",
    )
    read.sleep_time = 1
    chain(create, read)


def functions(setup: Any) -> None:
    create = LambdaCreateFunctionOperator(
        task_id="create_lambda_function",
        function_name=setup["new"],
        runtime="python3.11",
        role=setup["role"],
        handler="lambda_function.test",
        code={"S3Bucket": setup["bucket"], "S3Key": "code.zip"},
    )
    invoke = LambdaInvokeFunctionOperator(
        task_id="invoke_lambda_function",
        function_name=setup["function"],
        payload=json.dumps({"SampleEvent": {"SampleData": {"Name": "XYZ", "DoB": "{{ ds }}"}}}),
    )
    chain(create, invoke)


def messages(setup: Any) -> None:
    publish = SnsPublishOperator(
        task_id="publish_message", target_arn=setup["topic"], message="This is a sample message sent to SNS via Boto3."
    )
    first = SqsPublishOperator(
        task_id="publish_to_queue_1", sqs_queue=setup["queue"], message_content="{{ task_instance }}-{{ ds }}"
    )
    second = SqsPublishOperator(task_id="publish_to_queue_2", sqs_queue=setup["queue"], message_content=setup["text"])
    chain(publish, first, second)


def events(setup: Any) -> None:
    detail = json.dumps({"event-name": "custom-event"})
    send = EventBridgePutEventsOperator(
        task_id="put_events_task", entries=[{"Detail": detail, "EventBusName": "default", "Source": setup["source"]}]
    )
    send.entries = [{**send.entries[0], "DetailType": "Sample Custom Event"}]
    rule = EventBridgePutRuleOperator(
        task_id="put_rule_task",
        name=setup["rule"],
        event_pattern='{"source": ["aws.s3"]}',
        description="This rule matches events from S3.",
        state="DISABLED",
    )
    enable = EventBridgeEnableRuleOperator(task_id="enable_rule_task", name=setup["rule"])
    disable = EventBridgeDisableRuleOperator(task_id="disable_rule_task", name=setup["rule"])
    chain(send, rule, enable, disable)


def executions(setup: Any) -> None:
    start = StepFunctionStartExecutionOperator(
        task_id="start_step_function",
        state_machine_arn=setup["machine"],
        state_machine_input={"day": "{{ ds }}"},
        deferrable=True,
    )
    read = StepFunctionGetExecutionOutputOperator(
        task_id="get_step_function_output", execution_arn="{{ ti.xcom_pull(task_ids='g.start_step_function') }}"
    )
    chain(start, read)


def made(local_aws: Any) -> dict[str, Any]:
    """What the task before the groups returns: things of the embedded AWS, under names of their own."""
    function, bucket, code = unique("example"), unique("bucket"), io.BytesIO()
    make(local_aws, function, "def handler(event, context):\n    return event['SampleEvent']['SampleData']\n")
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("lambda_function.py", "def test(event, context):\n    return event\n")
    local_aws.client("s3").create_bucket(Bucket=bucket)
    local_aws.client("s3").put_object(Bucket=bucket, Key="code.zip", Body=code.getvalue())
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    machine = local_aws.client("stepfunctions").create_state_machine(
        name=unique("example"), definition=json.dumps(definition), roleArn=ROLE
    )
    return {
        "env": unique("env"),
        "role": "arn:aws:iam::123456789012:role/functions",
        "bucket": bucket,
        "new": unique("new"),
        "function": function,
        "topic": local_aws.client("sns").create_topic(Name=unique("topic"))["TopicArn"],
        "queue": local_aws.client("sqs").create_queue(QueueName=unique("queue"))["QueueUrl"],
        "text": "from outside",
        "source": "my.source",
        "rule": unique("rule"),
        "machine": machine["stateMachineArn"],
        "cluster": unique("cluster"),
        "family": unique("family"),
        "container": "hello",
    }


STAND_INS = {
    "env": "env1",
    "role": ROLE,
    "bucket": "example-bucket",
    "environment": "environment",
    "security_groups": ["sg-1"],
    "subnets": ["subnet-1"],
    "job": "job",
    "queue": "queue",
    "definition": "definition:1",
    "create": "CREATE TABLE t (a int)",
    "database": "db",
    "new": "new-function",
    "function": "function",
}


@pytest.mark.parametrize("build", [glue, batch, ecs, athena, functions, messages, events, executions])
def test_the_example_compiles(build: Callable[[Any], None]):
    assert checked(group_with(build))["States"]


@pytest.mark.parametrize("build", [batch, athena, functions])
def test_what_comes_from_outside_is_in_the_requests(build: Callable[[Any], None]):
    told = json.dumps(rendered(group_with(build), values(**STAND_INS)))
    for name in {"batch": ("environment", "sg-1", "job"), "athena": ("CREATE TABLE", "2026-01-01")}.get(
        build.__name__, ("new-function", "example-bucket")
    ):
        assert name in told


@pytest.mark.parametrize("build", [ecs, functions, messages, events, executions])
def test_the_example_runs_on_the_embedded_aws(local_aws: Any, build: Callable[[Any], None]):
    group = group_with(build)
    view = run(local_aws, group, values(**made(local_aws)))
    statuses = {
        name: view.state(name).status for name in group.definition["States"] if name in group.compiled().members
    }
    assert statuses
    assert set(statuses.values()) == {StateStatus.SUCCEEDED}, {name: view.state(name).cause for name in statuses}
    if build is functions:
        answer = json.loads(view.state("invoke_lambda_function").output)
        assert answer == {"Name": "XYZ", "DoB": "2026-01-01"}
    if build is executions:
        assert view.state("get_step_function_output").output == {"day": "2026-01-01"}
