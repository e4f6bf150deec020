"""What the README shows is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PRELUDE = """
from datetime import UTC, datetime
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG, task
from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup, TrainingStep

STATES_ROLE = "arn:aws:iam::123456789012:role/states"
ROLE = "arn:aws:iam::123456789012:role/jobs"
IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/jobs:1"
CLUSTER = {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
JOB = {
    "RoleArn": ROLE,
    "AppSpecification": {"ImageUri": IMAGE},
    "ProcessingResources": {"ClusterConfig": CLUSTER},
}
FIT = {
    "RoleArn": ROLE,
    "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://models/churn"},
    "ResourceConfig": CLUSTER,
    "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
}
"""


def test_the_dag_of_the_readme_compiles():
    code = re.search(r"```python\n(.*?)```", README, re.S)
    assert code
    names: dict[str, Any] = {}
    exec(compile(PRELUDE + code[1], "README.md", "exec"), names)
    states = names["training"].definition["States"]
    assert list(states) == ["prepare", "train", "evaluate"]
    assert "S3ModelArtifacts" in states["evaluate"]["Arguments"]["Environment"]["MODEL"]


def test_every_file_that_the_documents_link_to_exists():
    documents = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert missing == []


def test_the_settings_of_the_readme_are_those_of_the_provider():
    from airflow_sfn_ml import get_provider_info

    options = get_provider_info()["config"]["sfn_ml"]["options"]
    told = dict(re.findall(r"^\| `(\w+)` \| (\S+) \|", README, re.M))
    assert told == {name: option["default"].removesuffix(".0") or "none" for name, option in options.items()}
