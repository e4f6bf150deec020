"""The Dags of the chaos test: a Parallel of two branches, one of which fails until an object in S3 is corrected.

    config >> prepare >> [count >> tell, fragile >> report] >> last >> collect

``chaos_stop`` ends at the first failure and is redriven; ``chaos_continue`` runs on beside it and is repaired by
another execution. ``tell`` is a quick call with an effect that can be counted; all else in the group are jobs.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from airflow.sdk import DAG, task

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup
from airflow_sfn_ml.steps import SqsSendMessageStep

ROLE = "arn:aws:iam::123456789012:role/states"
JOB_ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
QUEUE = "http://sqs.us-east-1.amazonaws.com/123456789012/chaos"
FOLDER = "/opt/ml/processing/input/fix"
FIX = "s3://chaos/{{ run_id }}/"


def processing(name: str, command: str, *, reads: str = "", **environment: str) -> ProcessingStep:
    """A step whose job runs *command*, once it has what it *reads*."""
    source = {"S3Uri": reads, "LocalPath": FOLDER, "S3DataType": "S3Prefix", "S3InputMode": "File"}
    request = {
        "RoleArn": JOB_ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["sh", "-c", command]},
        "Environment": environment,
        **({"ProcessingInputs": [{"InputName": "fix", "S3Input": source}]} if reads else {}),
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    return ProcessingStep(name, request=request)


def make(dag_id: str, on_failure: Literal["continue", "stop"]) -> None:
    """The Dag, with a group that does *on_failure* what it says."""
    with DAG(dag_id, schedule=None, max_active_runs=100):

        @task(retries=30, retry_delay=timedelta(seconds=1))  # its worker is killed too
        def config(run_id: str | None = None) -> str:
            """What the group's tasks need from outside."""
            return f"the configuration of {run_id}"

        @task(retries=30, retry_delay=timedelta(seconds=1))
        def collect(counted: Any, reported: Any) -> list[str]:
            """The jobs of both branches, as Airflow knows them."""
            return [told["Processing"]["ProcessingJobName"] for told in (counted, reported)]

        configured = config()
        with StateMachineTaskGroup("g", role_arn=ROLE, on_failure=on_failure) as group:
            prepare = group.step(processing("prepare", "sleep 0.5", CONFIG="{{ ti.xcom_pull('config') }}"))
            count = group.step(processing("count", "sleep 0.2"))
            body = {"QueueUrl": QUEUE, "MessageBody": f"{dag_id} {{{{ run_id }}}}"}
            tell = group.step(SqsSendMessageStep("tell", request=body))
            fragile = group.step(processing("fragile", f"sleep 1.5; grep fixed {FOLDER}/*", reads=FIX))
            made = "{{ ti.xcom_pull('g.fragile')['Processing']['ProcessingJobName'] }}"
            report = group.step(processing("report", "sleep 0.5; test -n $MADE", MADE=made))
            last = group.step(processing("last", "true"))
        configured >> prepare >> [count, fragile]
        count >> tell >> last
        fragile >> report >> last
        last >> collect(count.output, report.output)


make("chaos_stop", "stop")
make("chaos_continue", "continue")
