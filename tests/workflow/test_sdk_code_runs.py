"""Code written for the SDK runs: the documentation's examples and the census notebook, on the embedded AWS."""

from __future__ import annotations

import io
import json
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from airflow_sfn_ml.workflow import Workflow
from tests.steps import sdk_code
from tests.steps.stand_ins import THINGS

DAGS = Path(__file__).resolve().parents[2] / "dags"
STATES_ROLE = "arn:aws:iam::123456789012:role/states"


def run(local_aws: Any, case: Any, inputs: dict[str, Any]) -> Any:
    """Create the workflow of *case*, execute it, wait for its end."""
    name = f"sdk-{case.__name__.replace('_', '-')}-{abs(hash(json.dumps(inputs))) % 10**8}"
    workflow = Workflow(name, case(THINGS), STATES_ROLE, client=local_aws.client("stepfunctions"))
    workflow.create()
    return workflow.execute(inputs=inputs)


def library(**more: Any) -> dict[str, Any]:
    return {"Library": {"Genre": "none", "Type": "Film", **more}}


@pytest.mark.parametrize(
    ("inputs", "state"),
    [
        (library(Genre="Fiction"), "FictionState"),
        (
            library(Type="Book", Pages=7, Lent=False, Due="2026-01-01T00:00:00Z", Today="2026-01-02T00:00:00Z"),
            "ShortBook",
        ),
    ],
)
def test_the_choice_of_the_documentation_chooses(local_aws: Any, inputs: dict[str, Any], state: str):
    execution = run(local_aws, sdk_code.choice_of_the_documentation, inputs)
    execution.get_output(wait=True)
    entered = [
        event["stateEnteredEventDetails"]["name"]
        for event in execution.list_events(max_items=100)
        if "stateEnteredEventDetails" in event
    ]
    assert entered == ["MyChoiceState", state]


def test_the_choice_of_the_documentation_fails_where_nothing_fits(local_aws: Any):
    execution = run(local_aws, sdk_code.choice_of_the_documentation, library(Reader="none", Pages=200, Lent=True))
    assert execution.get_output(wait=True) is None
    told = execution.describe()
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "NoGenre", "nothing fits")


def test_the_parallel_of_the_documentation_joins(local_aws: Any):
    execution = run(local_aws, sdk_code.parallel_of_the_documentation, {"a": 1})
    assert execution.get_output(wait=True) == {"a": 1, "sides": [{"side": "left"}, {"a": 1}]}


def test_the_map_of_the_documentation_maps(local_aws: Any):
    execution = run(local_aws, sdk_code.map_of_the_documentation, {"items": [1, 2, 3]})
    assert execution.get_output(wait=True) == [{"x": 1}, {"x": 2}, {"x": 3}]


def test_the_census_notebook_trains_and_evaluates_a_model(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(DAGS))
    from census_data import census_csv

    s3 = local_aws.client("s3")
    folder = "data/sklearn_processing/code"
    for bucket in ("sagemaker-sample-data-us-east-1", sdk_code.BUCKET):
        s3.create_bucket(Bucket=bucket)
    s3.put_object(
        Bucket="sagemaker-sample-data-us-east-1",
        Key="processing/census/census-income.csv",
        Body=census_csv("2026-01-01", 2000).encode(),
    )
    scripts = DAGS / "census_income"
    for name in ("preprocessing.py", "evaluation.py"):
        s3.put_object(Bucket=sdk_code.BUCKET, Key=f"{folder}/{name}", Body=(scripts / name).read_bytes())
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.add(scripts / "train.py", arcname="train.py")
    s3.put_object(Bucket=sdk_code.BUCKET, Key=f"{folder}/sourcedir.tar.gz", Body=packed.getvalue())

    names = {"PreprocessingJobName": "prepare", "TrainingJobName": "job", "EvaluationProcessingJobName": "evaluate"}
    output = run(local_aws, sdk_code.census, names).get_output(wait=True)
    where = output["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert where == f"s3://{sdk_code.BUCKET}/job/evaluation"
    report = json.loads(s3.get_object(Bucket=sdk_code.BUCKET, Key="job/evaluation/evaluation.json")["Body"].read())
    assert 0.5 < report["roc_auc"] <= 1
    sys.modules.pop("census_data", None)
