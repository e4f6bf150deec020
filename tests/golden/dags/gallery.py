"""Dags whose definitions are kept in this folder's parent, one for each thing that a group can say."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.operators.athena import AthenaOperator
from airflow.providers.amazon.aws.operators.batch import BatchOperator
from airflow.providers.amazon.aws.operators.ecs import EcsRunTaskOperator
from airflow.providers.amazon.aws.operators.emr import EmrAddStepsOperator, EmrCreateJobFlowOperator
from airflow.providers.amazon.aws.operators.eventbridge import EventBridgePutEventsOperator
from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.providers.amazon.aws.operators.lambda_function import LambdaInvokeFunctionOperator
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerConditionOperator,
    SageMakerEndpointOperator,
    SageMakerModelOperator,
    SageMakerProcessingOperator,
    SageMakerTrainingOperator,
    SageMakerTransformOperator,
    SageMakerTuningOperator,
)
from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator
from airflow.providers.amazon.aws.operators.sqs import SqsPublishOperator
from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.time_delta import TimeDeltaSensor
from airflow.sdk import DAG, Label, TaskGroup, task

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.steps import ChoiceRule, DynamoDBPutItemStep, TrainingStep

ROLE = "arn:aws:iam::123456789012:role/states"
JOBS = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/work:1"


def work(name: str, arguments: list[str] | None = None, **settings: Any) -> SageMakerProcessingOperator:
    """A processing job."""
    specification: dict[str, Any] = {"ImageUri": IMAGE}
    if arguments:
        specification["ContainerArguments"] = arguments
    return SageMakerProcessingOperator(
        task_id=name,
        config={
            "ProcessingJobName": name,
            "RoleArn": JOBS,
            "AppSpecification": specification,
            "ProcessingResources": {
                "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
            },
        },
        **settings,
    )


def fit_config() -> dict[str, Any]:
    """A training job."""
    return {
        "TrainingJobName": "fit",
        "RoleArn": JOBS,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://models/{{ ds_nodash }}"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


def group(**settings: Any) -> StateMachineTaskGroup:
    """The group of a Dag."""
    return StateMachineTaskGroup("g", role_arn=ROLE, **settings)


# Shapes

with DAG("shape_chain", schedule=None), group():
    work("a") >> work("b") >> work("c")

with DAG("shape_diamond", schedule=None), group():
    top, left, right, bottom = work("top"), work("left"), work("right"), work("bottom")
    top >> [left, right] >> bottom

with DAG("shape_n", schedule=None), group(expected_durations={"a": 60, "b": 600, "c": 60, "d": 600}):
    a, b, c, d = work("a"), work("b"), work("c"), work("d")
    a >> [c, d]
    b >> d

with DAG("shape_two_chains", schedule=None), group():
    work("a1") >> work("a2")
    work("b1") >> work("b2")

with DAG("shape_nested_groups", schedule=None), group():
    first = work("first")
    with TaskGroup("inner") as inner:
        work("x") >> work("y")
    first >> inner >> EmptyOperator(task_id="last")

# Failures and rules

with DAG("failure_stop", schedule=None), group(on_failure="stop"):
    [work("a"), work("b")] >> work("c")

with DAG("failure_independent", schedule=None), group():
    work("a") >> work("b")
    work("c") >> work("d")

with DAG("failure_all_done", schedule=None), group():
    [work("a"), work("b")] >> work("tidy", trigger_rule="all_done")

with DAG("failure_handler", schedule=None), group():
    work("a") >> work("rescue", trigger_rule="all_failed") >> work("end", trigger_rule="none_failed_min_one_success")

with DAG("failure_always", schedule=None), group():
    work("a") >> work("whatever", trigger_rule="always")

with DAG("failure_teardown", schedule=None), group():
    create = EmptyOperator(task_id="create")
    use = work("use")
    delete = work("delete").as_teardown(setups=create)
    create >> use >> delete

with DAG("failure_retries", schedule=None), group():
    work(
        "stubborn",
        retries=3,
        retry_delay=timedelta(seconds=30),
        retry_exponential_backoff=True,
        max_retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=2),
    )

# Data

with DAG("data_outside", schedule=None):

    @task
    def config() -> dict[str, Any]:
        return fit_config()

    configured = config()
    with group():
        SageMakerTrainingOperator(task_id="fit", config=configured)
        work("report", ["--date", "{{ ds }}", "--size", "{{ params.get('size', 3) }}"])

with DAG("data_between", schedule=None), group():
    fitted = SageMakerTrainingOperator(task_id="fit", config=fit_config())
    check = work(
        "check",
        [
            "--model={{ ti.xcom_pull('g.fit')['Training']['ModelArtifacts']['S3ModelArtifacts'] }}",
            "--on={{ ds }}",
        ],
    )
    fitted >> check

with DAG("data_across_branches", schedule=None), group():
    one, two = work("one"), work("two")
    both = work(
        "both",
        [
            "{{ ti.xcom_pull('g.one')['Processing']['ProcessingJobName'] }} and "
            "{{ ti.xcom_pull('g.two')['Processing']['ProcessingJobName'] | upper }}"
        ],
    )
    [one, two] >> both

with DAG("data_whole", schedule=None), group() as whole:
    made = LambdaInvokeFunctionOperator(task_id="plan", function_name="plan", payload='{"day": "{{ ds }}"}')
    made >> LambdaInvokeFunctionOperator(
        task_id="act", function_name="act", payload='{"plan": {{ ti.xcom_pull("g.plan") }}}'
    )

# Choices

with DAG("choice_step", schedule=None), group() as choosing:
    trained = choosing.step(TrainingStep("train", request=fit_config()))
    good = choosing.choice(
        "good", {"better": ChoiceRule.NumericGreaterThan(trained.result["BillableTimeInSeconds"], 10)}, default="worse"
    )
    deploy, tell = work("deploy"), work("tell")
    trained >> good
    good >> Label("better") >> deploy
    good >> Label("worse") >> tell
    [deploy, tell] >> EmptyOperator(task_id="joined", trigger_rule="none_failed_min_one_success")

with DAG("choice_condition", schedule=None), group():
    measure = work("measure")
    decide = SageMakerConditionOperator(
        task_id="decide",
        conditions=[
            {
                "type": "GreaterThanOrEqualTo",
                "left_value": "{{ ti.xcom_pull('g.measure')['Processing']['ExitMessage'] }}",
                "right_value": 0.9,
            }
        ],
        if_task_ids=["g.accept"],
        else_task_ids=["g.refuse"],
    )
    measure >> decide >> [work("accept"), work("refuse")]

# Maps

with DAG("map_literal", schedule=None), group():
    SageMakerProcessingOperator.partial(task_id="each").expand(
        config=[
            {
                "ProcessingJobName": f"part-{number}",
                "RoleArn": JOBS,
                "AppSpecification": {"ImageUri": IMAGE},
                "ProcessingResources": {
                    "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
                },
            }
            for number in range(3)
        ]
    )

with DAG("map_output", schedule=None), group():
    listed = LambdaInvokeFunctionOperator(task_id="list", function_name="list")
    SqsPublishOperator.partial(task_id="send", sqs_queue="https://sqs.us-east-1.amazonaws.com/123456789012/q").expand(
        message_content=["one", "two"]
    )

# Services

with DAG("service_glue", schedule=None), group():
    GlueJobOperator(task_id="job", job_name="clean", script_args={"--day": "{{ ds }}"})

with DAG("service_athena", schedule=None), group():
    AthenaOperator(
        task_id="query",
        query="select * from sales where day = '{{ ds }}'",
        database="shop",
        output_location="s3://results/athena",
    )

with DAG("service_batch_ecs", schedule=None), group():
    BatchOperator(task_id="batch", job_name="batch", job_definition="d", job_queue="q") >> EcsRunTaskOperator(
        task_id="ecs", cluster="c", task_definition="t", overrides={}, launch_type="FARGATE"
    )

with DAG("service_emr", schedule=None), group():
    cluster = EmrCreateJobFlowOperator(
        task_id="create",
        job_flow_overrides={
            "Name": "c",
            "ReleaseLabel": "emr-7.1.0",
            "ServiceRole": "EMR_DefaultRole",
            "JobFlowRole": "EMR_EC2_DefaultRole",
            "Instances": {
                "InstanceGroups": [
                    {"Name": "main", "InstanceRole": "MASTER", "InstanceType": "m5.xlarge", "InstanceCount": 1}
                ],
                "KeepJobFlowAliveWhenNoSteps": True,
            },
        },
    )
    steps = EmrAddStepsOperator(
        task_id="steps",
        job_flow_id="{{ ti.xcom_pull('g.create') }}",
        steps=[
            {
                "Name": "s",
                "ActionOnFailure": "CONTINUE",
                "HadoopJarStep": {"Jar": "command-runner.jar", "Args": ["spark-submit", "s3://code/{{ ds }}.py"]},
            }
        ],
        wait_for_completion=True,
    )
    cluster >> steps

with DAG("service_messages", schedule=None), group():
    (
        SnsPublishOperator(task_id="sns", target_arn="arn:aws:sns:us-east-1:123456789012:t", message="{{ ds }} is done")
        >> SqsPublishOperator(
            task_id="sqs", sqs_queue="https://sqs.us-east-1.amazonaws.com/123456789012/q", message_content="done"
        )
        >> EventBridgePutEventsOperator(
            task_id="event", entries=[{"Source": "shop", "DetailType": "done", "Detail": '{"day": "{{ ds }}"}'}]
        )
    )

with DAG("service_model_endpoint", schedule=None), group():
    model = SageMakerModelOperator(
        task_id="model",
        config={"ModelName": "m", "ExecutionRoleArn": JOBS, "PrimaryContainer": {"Image": IMAGE}},
    )
    endpoint = SageMakerEndpointOperator(
        task_id="endpoint", config={"EndpointName": "e", "EndpointConfigName": "c"}, wait_for_completion=True
    )
    model >> endpoint

with DAG("service_transform_tuning", schedule=None), group():
    tune = SageMakerTuningOperator(
        task_id="tune",
        config={
            "HyperParameterTuningJobName": "tune",
            "HyperParameterTuningJobConfig": {
                "Strategy": "Random",
                "ResourceLimits": {"MaxParallelTrainingJobs": 2},
                "HyperParameterTuningJobObjective": {"Type": "Maximize", "MetricName": "auc"},
            },
            "TrainingJobDefinition": {
                "AlgorithmSpecification": {
                    "TrainingImage": IMAGE,
                    "TrainingInputMode": "File",
                    "MetricDefinitions": [{"Name": "auc", "Regex": "auc=(.*)"}],
                },
                "RoleArn": JOBS,
                "OutputDataConfig": {"S3OutputPath": "s3://models/tune"},
                "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10},
                "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            },
        },
    )
    transform = SageMakerTransformOperator(
        task_id="transform",
        config={
            "TransformJobName": "transform",
            "ModelName": "m",
            "TransformInput": {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://data/in"}}},
            "TransformOutput": {"S3OutputPath": "s3://data/out"},
            "TransformResources": {"InstanceCount": 1, "InstanceType": "ml.m5.large"},
        },
    )
    tune >> transform

with DAG("service_nested_machine", schedule=None), group():
    StepFunctionStartExecutionOperator(
        task_id="other",
        state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:other",
        state_machine_input={"day": "{{ ds }}"},
    )

with DAG("service_dynamodb", schedule=None), group() as table:
    table.step(DynamoDBPutItemStep("put", request={"TableName": "t", "Item": {"day": {"S": "{{ ds }}"}}}))

# Waits

with DAG("wait_time", schedule="@daily"), group():
    TimeDeltaSensor(task_id="later", delta=timedelta(hours=1)) >> work("a")

with DAG("wait_key", schedule=None), group():
    S3KeySensor(task_id="arrived", bucket_name="data", bucket_key="in/{{ ds }}.csv", poke_interval=60, timeout=3600)
