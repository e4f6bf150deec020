"""Dags that tests clear. Their jobs fail until an object says that what was wrong is mended."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup

ROLE = "arn:aws:iam::123456789012:role/states"
JOB_ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
KEY = "mended/{{ run_id | replace(':', '-') }}"
NEEDS = "import boto3, os; boto3.client('s3').head_object(Bucket='models', Key=os.environ['KEY'])"
WAITS = """
import boto3, os, time
find = boto3.client('s3').list_objects_v2
while not find(Bucket='models', Prefix=os.environ['KEY'])['KeyCount']:
    time.sleep(0.5)
"""
NO_PERMISSION = """
import boto3, os
print('reading the data', flush=True)
if not boto3.client('s3').list_objects_v2(Bucket='models', Prefix=os.environ['KEY'])['KeyCount']:
    print(os.environ['SAYS'], flush=True)
    exit(3)
"""
SAYS = (
    "User: arn:aws:sts::123456789012:assumed-role/sagemaker/SageMaker is not authorized to perform: s3:GetObject on "
    "resource: arn:aws:s3:::models/data.csv because no identity-based policy allows it"
)


def request(code: str, **environment: Any) -> dict[str, Any]:
    """A processing job that runs *code*."""
    return {
        "RoleArn": JOB_ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", f"exec({code!r})"]},
        "Environment": environment,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }


def job(task_id: str, code: str = "print('done')", **kwargs: Any) -> SageMakerProcessingOperator:
    """A task whose job runs *code*."""
    return SageMakerProcessingOperator(task_id=task_id, config=request(code, KEY=KEY), **kwargs)


with DAG("repair_stop", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE, on_failure="stop"):
    # What fails stops its sibling, so that both run again when the execution is redriven.
    job("first") >> [(weak := job("weak", NEEDS)), (strong := job("strong", WAITS))]
    weak >> job("after_weak") >> (last := job("last"))
    strong >> last

with DAG("repair_waits", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("weak", NEEDS)
    job("strong", "import time; time.sleep(30)")

with DAG("repair_old", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("first") >> job("weak", NEEDS)

with DAG("repair_forgotten", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("weak", "raise SystemExit(1)")


def remember(context: Any) -> None:
    """Leave a file that says that this was called."""
    ti = context["ti"]
    (Path(os.environ["AIRFLOW_HOME"]) / f"failed-{ti.run_id}-{ti.try_number}").write_text(ti.task_id)


with DAG("repair_role", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE) as of_role:
    read = of_role.step(
        ProcessingStep("read", request=request(NO_PERMISSION, KEY=KEY, SAYS=SAYS)),
        stream_logs=True,
        on_failure_callback=remember,
    )
    job("prepare") >> read >> job("publish")


def edition() -> str:
    """What this file says now: a test changes it."""
    changed = Path(os.environ.get("AIRFLOW_HOME", "/nowhere")) / "edition"
    return changed.read_text() if changed.exists() else "raise SystemExit(1)"


with DAG("repair_changed", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("first") >> job("weak", edition())


def whole() -> dict[str, Any]:
    """A machine that was written as a whole."""
    name = "{% 'whole-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 12) %}"
    task = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync"}
    work = {**task, "Arguments": {"ProcessingJobName": name, **request("raise SystemExit(1)")}, "End": True}
    return {"QueryLanguage": "JSONata", "StartAt": "work", "States": {"work": work}}


with DAG("repair_whole", schedule=None):
    StateMachineTaskGroup.from_definition("g", whole(), role_arn=ROLE, input={})
