"""The Dags that start machines made elsewhere, and wait for them and for jobs. Machines are told by their conf."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, Asset, AssetWatcher, task

from airflow_sfn_ml.operators.execution import StepFunctionsStartOperator
from airflow_sfn_ml.operators.redriving import StepFunctionsRedriveOperator
from airflow_sfn_ml.sensors.execution import StepFunctionsExecutionSensor
from airflow_sfn_ml.sensors.sagemaker import SageMakerProcessingSensor
from airflow_sfn_ml.triggers.execution import StepFunctionsExecutionTrigger
from airflow_sfn_ml.triggers.job import SageMakerJobStateTrigger

MACHINE = "{{ dag_run.conf['machine'] }}"
SOON = {"retries": 1, "retry_delay": timedelta(seconds=8)}
QUEUE = os.environ.get("EXECUTIONS_QUEUE_URL", "https://sqs.us-east-1.amazonaws.com/123456789012/none")
WATCHED = "arn:aws:states:us-east-1:123456789012:stateMachine:watched-by-queue"


class Dying(StepFunctionsStartOperator):
    """Dies with its worker, right after its execution was started for the first time."""

    def await_end(self, context: Any, hook: Any, begun: Any) -> Any:
        if context["ti"].try_number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().await_end(context, hook, begun)


@task
def read(output: Any) -> Any:
    return {"read": output}


with DAG("machine_runs", schedule=None):
    read(StepFunctionsStartOperator(task_id="run", state_machine_arn=MACHINE, input={"run": "{{ run_id }}"}).output)
    StepFunctionsStartOperator(
        task_id="told", state_machine_arn=MACHINE, input={"x": 1}, outlets=[Asset("machine_output")]
    )

with DAG("machine_maps", schedule=None):
    listed = StepFunctionsStartOperator(task_id="listed", state_machine_arn=MACHINE, input=[1, 2])
    read.override(task_id="read_each").expand(output=listed.output)
    StepFunctionsStartOperator.partial(task_id="each", state_machine_arn=MACHINE).expand(input=[{"x": 3}, {"x": 4}])

with DAG("machine_dies", schedule=None):
    Dying(task_id="run", state_machine_arn=MACHINE, input={"x": 1}, retries=1, retry_delay=timedelta(seconds=1))

with DAG("machine_fails_first", schedule=None):
    StepFunctionsStartOperator(task_id="run", state_machine_arn=MACHINE, **SOON)

with DAG("machine_fails", schedule=None):
    StepFunctionsStartOperator(task_id="run", state_machine_arn=MACHINE)

with DAG("machine_waits", schedule=None):
    StepFunctionsStartOperator(task_id="deferred", state_machine_arn=MACHINE)
    StepFunctionsStartOperator(task_id="kept", state_machine_arn=MACHINE)
    StepFunctionsStartOperator(task_id="in_worker", state_machine_arn=MACHINE, deferrable=False)
    StepFunctionsStartOperator(task_id="late", state_machine_arn=MACHINE, execution_timeout=timedelta(seconds=40))

with DAG("redriven", schedule=None):
    StepFunctionsRedriveOperator(task_id="redrive", execution_arn="{{ dag_run.conf['execution'] }}")

with DAG("sensed", schedule=None):
    StepFunctionsExecutionSensor(task_id="execution", execution_arn="{{ dag_run.conf['execution'] }}", timeout=120)
    SageMakerProcessingSensor(task_id="job", job_name="{{ dag_run.conf['job'] }}", timeout=120)
    SageMakerProcessingSensor(task_id="impatient", job_name="{{ dag_run.conf['slow'] }}", timeout=3)


@task
def payloads(triggering_asset_events: Any = None) -> list[Any]:
    return [event.extra["payload"] for events in triggering_asset_events.values() for event in events]


by_list = AssetWatcher("jobs", trigger=SageMakerJobStateTrigger("Processing", "asset-*", interval=1))
with DAG("starts_after_a_job", schedule=[Asset("census", watchers=[by_list])]):
    payloads()

by_queue = AssetWatcher("executions", trigger=StepFunctionsExecutionTrigger(WATCHED, queue_url=QUEUE))
with DAG("starts_after_an_execution", schedule=[Asset("executed", watchers=[by_queue])]):
    payloads()
