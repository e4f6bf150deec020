"""For `benchmarks.real`: many tasks that wait for one moment, as members of a group and as deferred operators."""

from __future__ import annotations

import os

from airflow.providers.amazon.aws.operators.step_function import StepFunctionStartExecutionOperator
from airflow.providers.standard.sensors.date_time import DateTimeSensor
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup

COUNT = int(os.environ.get("BENCHMARK_TASKS", "10"))
UNTIL = "{{ dag_run.conf['until'] }}"

with (
    DAG("ours", schedule=None),
    StateMachineTaskGroup("group", role_arn="arn:aws:iam::123456789012:role/states"),
):
    for number in range(COUNT):
        DateTimeSensor(task_id=f"wait{number}", target_time=UNTIL, timeout=36000)

with DAG("peer", schedule=None):
    for number in range(COUNT):
        StepFunctionStartExecutionOperator(
            task_id=f"wait{number}",
            state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:waiting",
            state_machine_input={"until": UNTIL},
            deferrable=True,
            waiter_delay=5,
            waiter_max_attempts=10000,
        )
