"""The SDK's two pipelines. The files beside this one are what ``stepfunctions`` 2.3.0 made and sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.template import InferencePipeline, TrainingPipeline
from airflow_sfn_ml.template.pipeline import StepId
from tests.steps.stand_ins import BUCKET, Estimator, SKLearn

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
HERE = Path(__file__).parent


@pytest.fixture
def client(local_aws):
    return local_aws.client("stepfunctions")


def estimator():
    return Estimator(
        "811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:1",
        ROLE,
        instance_type="ml.m4.xlarge",
        output_path=f"s3://{BUCKET}/out",
        hyperparameters={"num_round": 5},
    )


def sklearn():
    return SKLearn(
        entry_point="pre.py", source_dir=f"s3://{BUCKET}/code/sourcedir.tar.gz", instance_type="ml.m5.xlarge", role=ROLE
    )


def training_pipeline(client, **kwargs):
    return TrainingPipeline(estimator(), ROLE, {"train": f"s3://{BUCKET}/train"}, "bucket", client, **kwargs)


def test_a_training_pipeline_is_the_sdk_s(client):
    expected = json.loads((HERE / "training_pipeline.json").read_text())
    pipeline = training_pipeline(client, pipeline_name="pipe")
    assert pipeline.workflow.definition.to_dict() == expected["definition"]
    assert pipeline.inputs("job", {"num_round": 7}) == expected["input"]


def test_the_input_of_a_run_does_not_change_the_next_one(client):
    pipeline = training_pipeline(client, pipeline_name="pipe")
    first = pipeline.inputs("one", {"num_round": 1})
    second = pipeline.inputs("two")
    assert first[StepId.Train]["HyperParameters"] == {"num_round": "1"}
    assert second[StepId.Train]["HyperParameters"] == {"num_round": "5"}


def test_an_inference_pipeline_has_the_sdk_s_states_and_requests(client):
    data = {"train": f"s3://{BUCKET}/train"}
    pipeline = InferencePipeline(
        sklearn(), estimator(), data, "bucket", ROLE, client, content_type="text/csv", pipeline_name="pipe"
    )
    made = pipeline.workflow.definition.to_dict()
    expected = json.loads((HERE / "inference_pipeline.json").read_text())
    assert list(made["States"]) == list(expected)
    for name, keys in expected.items():
        # the SDK also sent an empty Environment, and the hook of a second framework's estimator
        assert set(keys) - set(made["States"][name]["Parameters"]) <= {"Environment.$", "DebugHookConfig.$"}
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    inputs = pipeline.inputs("job")
    assert set(inputs) == set(expected)
    assert inputs["Training"]["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == (
        "s3://bucket/pipe/preprocessor-transform-job/transform"
    )
    containers = inputs["Create Pipeline Model"]["Containers"]
    assert [container["ModelDataUrl"] for container in containers] == [
        "s3://bucket/pipe/models/preprocessor-job/output/model.tar.gz",
        "s3://bucket/pipe/models/estimator-job/output/model.tar.gz",
    ]
    assert inputs["Deploy"] == {"EndpointConfigName": "job", "EndpointName": "job"}


def test_a_pipeline_is_created_and_started(client):
    pipeline = training_pipeline(client)
    assert pipeline.pipeline_name.startswith("training-pipeline-20")
    arn = pipeline.create()
    execution = pipeline.execute(job_name="first")
    assert execution.get_input()["Create Model"]["ModelName"] == "first"
    execution.stop()
    pipeline.get_workflow().delete()
    assert pipeline.workflow.state_machine_arn == arn
