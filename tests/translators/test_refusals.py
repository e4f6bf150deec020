"""Operators that can never run in a state machine: each is refused with its reason and the way out."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.s3 import S3FileTransformOperator
from airflow.providers.amazon.aws.operators.ses import SesEmailOperator
from airflow.providers.amazon.aws.transfers.local_to_s3 import LocalFilesystemToS3Operator
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import BranchPythonOperator, PythonOperator, ShortCircuitOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.providers.standard.operators.weekday import BranchDayOfWeekOperator
from airflow.providers.standard.sensors.external_task import ExternalTaskSensor
from airflow.sdk import BaseOperator, task

from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.translators.refusals import REFUSED, refusal
from tests.translators.machines import group_of
from tests.translators.machines import refusal as told

WORKER = "it runs Python on an Airflow worker; put the code into a Lambda function"


@pytest.mark.parametrize(
    ("cls", "arguments", "reason"),
    [
        (PythonOperator, {"python_callable": print}, WORKER),
        (BranchPythonOperator, {"python_callable": print}, WORKER),
        (ShortCircuitOperator, {"python_callable": print}, WORKER),
        (BashOperator, {"bash_command": "true"}, "it runs a shell on an Airflow worker"),
        (TriggerDagRunOperator, {"trigger_dag_id": "x"}, "it starts a Dag run in Airflow; move the task"),
        (ExternalTaskSensor, {"external_dag_id": "x"}, "it asks Airflow about other Dags"),
        (
            BranchDayOfWeekOperator,
            {"week_day": "Monday", "follow_task_ids_if_true": "g.a", "follow_task_ids_if_false": "g.b"},
            "it decides by the clock of an Airflow worker",
        ),
        (
            S3FileTransformOperator,
            {"source_s3_key": "s3://a/b", "dest_s3_key": "s3://a/c", "transform_script": "x"},
            "it runs a script on an Airflow worker, over files there; make it a processing job",
        ),
        (
            LocalFilesystemToS3Operator,
            {"filename": "x", "dest_key": "s3://a/b"},
            "the data passes through the Airflow worker",
        ),
        (
            SesEmailOperator,
            {"mail_from": "a@b.c", "to": "a@b.c", "subject": "x", "html_content": "x"},
            "it puts an e-mail together on the worker",
        ),
    ],
)
def test_the_reason_is_told(cls: Any, arguments: Any, reason: str):
    assert f"g.t: {cls.__name__} cannot run inside of a state machine: {reason}" in told(cls, **arguments)


def test_a_task_of_the_decorator_is_told_the_same():
    @task
    def hello() -> None:
        return None

    with pytest.raises(CompileError, match=WORKER):
        group_of(hello).compiled()


def test_every_reason_says_what_to_do():
    ways = ("move the task", "put the code", "run the", "publish", "make it", "run a Job", "run it", "decide with")
    assert [key for key, reason in REFUSED.items() if not any(way in reason for way in ways)] == []


def test_the_longest_path_counts_and_an_unknown_class_has_no_reason():
    class Mine(BaseOperator):
        pass

    assert refusal(Mine) is None
    pod = type("EksPodOperator", (), {"__module__": "airflow.providers.amazon.aws.operators.eks"})
    assert str(refusal(pod)).startswith("Airflow makes the pod, with a kubeconfig")
    cluster = type("EksCreateClusterOperator", (), {"__module__": "airflow.providers.amazon.aws.operators.eks"})
    assert refusal(cluster) is None
