"""Code written for the SDK makes what the SDK made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airflow_sfn_ml.asl import parse, render, validate
from tests.steps.sdk_code import CASES, definition
from tests.steps.stand_ins import THINGS

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_code_of_the_sdk_makes_the_same_definition(case):
    made = definition(case, THINGS)
    expected = json.loads((GOLDEN / f"{case.__name__}.json").read_text())
    if case.__name__ == "census":
        # The SDK wrote the moment of definition into the hyperparameters, as the name of a job that never was.
        training = expected["States"]["SageMaker Training Step"]["Parameters"]["HyperParameters"]
        assert training.pop("sagemaker_job_name").startswith('"sagemaker-scikit-learn-20')
    assert made == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_its_definition_is_valid_and_survives_parsing(case):
    made = definition(case, THINGS)
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    assert render(parse(made)) == made
