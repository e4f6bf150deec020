"""What SageMaker refuses although its model allows it."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.steps.requests import check_request
from tests.steps.right import TRAINING, processing, training


@pytest.mark.parametrize(
    ("wait", "problem"),
    [
        (..., "is required with EnableManagedSpotTraining: running and waiting together"),
        (10, "is 10, and must not be less than MaxRuntimeInSeconds, which is 3600"),
        (3600, None),
        ("{% $wait %}", None),
    ],
)
def test_a_spot_job_waits_at_least_as_long_as_it_runs(wait: Any, problem: str | None):
    condition = {"MaxRuntimeInSeconds": 3600, **({} if wait is ... else {"MaxWaitTimeInSeconds": wait})}
    request = {**TRAINING, "EnableManagedSpotTraining": True, "StoppingCondition": condition}
    found = [str(item) for item in check_request("sagemaker", "CreateTrainingJob", request)]
    assert found == ([f"StoppingCondition.MaxWaitTimeInSeconds: {problem}"] if problem else [])


@pytest.mark.parametrize("spec", [{}, {"TrainingImage": "i", "AlgorithmName": "a"}])
def test_a_training_job_has_an_image_or_an_algorithm(spec: dict[str, str]):
    assert training("AlgorithmSpecification", to={"TrainingInputMode": "File", **spec}) == [
        "AlgorithmSpecification: takes exactly one of TrainingImage and AlgorithmName"
    ]


@pytest.mark.parametrize("path", ["/opt/ml/input", "/opt/ml/processing", "/opt/ml/processing-2/x"])
def test_a_processing_job_s_paths_are_below_its_directory(path: str):
    assert processing("ProcessingInputs", 0, "S3Input", "LocalPath", to=path) == [
        f"ProcessingInputs[0].S3Input.LocalPath: is {path!r}, and must be below /opt/ml/processing"
    ]
    assert processing("ProcessingOutputConfig", "Outputs", 0, "S3Output", "LocalPath", to=path) == [
        f"ProcessingOutputConfig.Outputs[0].S3Output.LocalPath: is {path!r}, and must be below /opt/ml/processing"
    ]
