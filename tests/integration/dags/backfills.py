"""Dags for backfills and limits. Their calls are answered at once; each execution waits until its gate is open."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.amazon.aws.operators.s3 import S3CopyObjectOperator, S3CreateObjectOperator
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup

ROLE = "arn:aws:iam::123456789012:role/states"


def days(dag_id: str, members: int) -> None:
    """A Dag for each day, with a group of so many tasks: one waits for the gate, one needs what may be missing."""
    with (
        DAG(dag_id, schedule="@daily", start_date=datetime(2026, 1, 1), catchup=False),
        StateMachineTaskGroup("g", role_arn=ROLE),
    ):
        wait = S3KeySensor(task_id="wait", bucket_key=f"s3://models/{dag_id}/gate", poke_interval=1, timeout=600)
        fetch = S3CopyObjectOperator(
            task_id="fetch",
            source_bucket_key=f"s3://models/{dag_id}/given/{{{{ ds }}}}",
            dest_bucket_key=f"s3://models/{dag_id}/taken/{{{{ ds }}}}",
        )
        writes = [
            S3CreateObjectOperator(
                task_id=f"write{number}",
                s3_key=f"s3://models/{dag_id}/{number}/{{{{ ds }}}}",
                data='{"day": "{{ ds }}"}',
                replace=True,
            )
            for number in range(members - 3)
        ]
        wait >> fetch >> writes >> EmptyOperator(task_id="done")


days("days_of_4", 4)
days("days_of_8", 8)


with (
    DAG("limited_group", schedule=None),
    StateMachineTaskGroup("g", role_arn=ROLE, max_concurrent_executions=2),
):
    gate = S3KeySensor(
        task_id="wait", bucket_key="s3://models/limited_group/{{ run_id }}", poke_interval=1, timeout=600
    )
    gate >> EmptyOperator(task_id="done")


with DAG("renewed", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    EmptyOperator(task_id="done")
