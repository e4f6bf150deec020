"""A Dag to look at, and the command line as a function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sfn_ml.cli.parser import main

if TYPE_CHECKING:
    from airflow_sfn_ml.local import LocalAws

ROLE = "arn:aws:iam::123456789012:role/states"
DAG = """
from airflow.sdk import DAG

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup, TrainingStep

JOB_ROLE = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"

with DAG({dag_id!r}, schedule={schedule!r}) as dag:
    with StateMachineTaskGroup("training", role_arn={role!r}) as training:
        prepare = training.step(ProcessingStep("prepare", request={{
            "RoleArn": JOB_ROLE,
            "AppSpecification": {{"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", {code!r}]}},
            "ProcessingResources": {{
                "ClusterConfig": {{"InstanceCount": 1, "InstanceType": {instance!r}, "VolumeSizeInGB": 1}}
            }},
        }}))
        check = training.step(ProcessingStep("check", request={{
            "RoleArn": JOB_ROLE,
            "AppSpecification": {{"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", "pass"]}},
            "ProcessingResources": {{
                "ClusterConfig": {{"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}
            }},
        }}))
        prepare >> check
print("what a Dag file prints")
"""


@dataclass(frozen=True)
class Answer:
    """What a command did."""

    status: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Call the command line with arguments."""

    def call(*arguments: str) -> Answer:
        capfd.readouterr()
        try:
            status = main(arguments)
        except SystemExit as left:
            status = int(left.code or 0)
        told = capfd.readouterr()
        return Answer(status, told.out, told.err)

    return call


@pytest.fixture
def dag_file(tmp_path: Path) -> Callable[..., str]:
    """Write a Dag file, again with other values if they changed; the path."""

    def write(dag_id: str = "shop", **values: Any) -> str:
        chosen = {"schedule": "@daily", "role": ROLE, "instance": "ml.m5.large", "code": "pass"}
        file = tmp_path / f"{dag_id}.py"
        file.write_text(DAG.format(dag_id=dag_id, **chosen | values))
        return str(file)

    return write


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """The embedded AWS, as what the environment's AWS settings lead to."""
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    return local_aws
