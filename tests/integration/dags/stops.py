"""Dags that tests stop in every way that Airflow has. Their jobs end only when something stops them, unless said."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG, task

from airflow_sfn_ml import StateMachineTaskGroup

ROLE = "arn:aws:iam::123456789012:role/states"
JOB_ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


FAILS_FIRST = """
import json, time
job = json.load(open('/opt/ml/config/processingjobconfig.json'))['ProcessingJobName']
if job.endswith('-0'):
    raise SystemExit(1)
time.sleep(600)
"""


def job(task_id: str, seconds: float = 600, code: str = "", **kwargs: Any) -> SageMakerProcessingOperator:
    """A task whose job sleeps, or runs *code*."""
    code = code or f"import time; time.sleep({seconds})"
    config = {
        "RoleArn": JOB_ROLE,
        "AppSpecification": {
            "ImageUri": IMAGE,
            "ContainerEntrypoint": ["python3", "-c", f"exec({code!r})"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }
    return SageMakerProcessingOperator(task_id=task_id, config=config, **kwargs)


def sides(dag_id: str, **kwargs: Any) -> None:
    """A Dag of one task after another, with a second branch beside them and a task outside."""
    with DAG(dag_id, schedule=None, **kwargs):

        @task
        def other() -> None:
            """Work that has nothing to do with the group."""

        with StateMachineTaskGroup("g", role_arn=ROLE):
            job("left") >> job("after", 0)
            job("right")
        other()


sides("stop_sides")
sides("stop_timeout", dagrun_timeout=timedelta(seconds=60))

with DAG("stop_one", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("one") >> job("last", 0)

with DAG("stop_between", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("brief", 10) >> job("last")

with DAG("stop_retries", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("again", code=FAILS_FIRST, retries=2, retry_delay=timedelta(seconds=10))
    job("beside", 25)

with DAG("stop_deleted", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("one")
    job("other")

with DAG("stop_limited", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("limited", execution_timeout=timedelta(seconds=3))
    job("beside", 8)


def _dawdle() -> None:
    """Let the start task of Dag stop_start take a minute, right before or right after AWS accepts the execution."""
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    start = StepFunctionsHook.start

    def start_slowly(self: Any, version_arn: str, name: str, document: Any) -> str:
        told = document.get("airflow", {})
        slow = told.get("dag_id") == "stop_start"
        if slow and told["run_id"].startswith("before"):
            self.log.info("About to start %s", name)
            time.sleep(60)
        arn = start(self, version_arn, name, document)
        if slow and told["run_id"].startswith("after"):
            time.sleep(60)
        return arn

    if StepFunctionsHook.start.__name__ != "start_slowly":
        StepFunctionsHook.start = start_slowly  # type: ignore[method-assign]


_dawdle()

with DAG("stop_start", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    job("one")
