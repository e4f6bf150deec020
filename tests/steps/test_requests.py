"""Checking requests against the API's model."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from airflow_sfn_ml.steps.requests import RequestProblem, _Check, check_request
from airflow_sfn_ml.steps.service_model import ServiceModel
from tests.steps.right import PROCESSING, TRAINING, changed, processing, training


def test_right_requests_have_no_problems():
    assert check_request("sagemaker", "CreateTrainingJob", TRAINING) == []
    assert check_request("sagemaker", "CreateProcessingJob", PROCESSING) == []


def test_an_unknown_field_says_what_was_meant():
    assert processing("AppSpecification", to={"ImageURI": "image"}) == [
        "AppSpecification.ImageURI: there is no such field, did you mean 'ImageUri'?",
        "AppSpecification.ImageUri: is required",
    ]


def test_a_field_unlike_any_other_is_unknown_without_advice():
    assert training("Xyz", to=1) == ["Xyz: there is no such field"]


def test_a_missing_field_is_named_where_it_should_be():
    assert training("OutputDataConfig", to=...) == ["OutputDataConfig: is required"]
    assert training("InputDataConfig", 0, "ChannelName", to=...) == ["InputDataConfig[0].ChannelName: is required"]


def test_a_field_that_is_added_later_may_be_missing():
    assert training("TrainingJobName", to=...) == ["TrainingJobName: is required"]
    assert training("TrainingJobName", to=..., injected=("TrainingJobName",)) == []


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("ResourceConfig", "InstanceCount"), "1", "must be an integer, not the str '1'"),
        (("ResourceConfig", "InstanceCount"), True, "must be an integer, not the bool True"),
        (("ResourceConfig",), [], "must be an object, not the list []"),
        (("InputDataConfig",), {}, "must be an array, not the dict {}"),
        (("HyperParameters",), ["a"], "must be an object, not the list ['a']"),
        (("HyperParameters", "depth"), 5, "must be a string, not the int 5"),
        (("EnableNetworkIsolation",), "yes", "must be a boolean, not the str 'yes'"),
    ],
)
def test_a_value_of_another_type_is_refused(path: tuple[str, ...], value: Any, message: str):
    assert training(*path, to=value) == [f"{'.'.join(path)}: {message}"]


def test_null_is_refused():
    assert training("HyperParameters", "depth", to=None) == [
        "HyperParameters.depth: null is not a value; leave the field out"
    ]


def test_a_pattern_is_checked():
    (problem,) = training("TrainingJobName", to="my_job")
    assert problem.startswith("TrainingJobName: 'my_job' does not match [a-zA-Z0-9]")


def test_limits_are_checked():
    assert training("TrainingJobName", to="a" * 64) == ["TrainingJobName: has 64 characters, and the most is 63"]
    assert training("ResourceConfig", "InstanceCount", to=-1) == [
        "ResourceConfig.InstanceCount: is -1, and the least is 0"
    ]
    assert training("Tags", to=[{"Key": "k", "Value": "v"}] * 51) == ["Tags: has 51 items, and the most is 50"]


def test_an_enumeration_is_checked():
    assert training("AlgorithmSpecification", "TrainingInputMode", to="file") == [
        "AlgorithmSpecification.TrainingInputMode: 'file' is not a known value, did you mean 'File'?; "
        "known are Pipe, File, FastFile"
    ]


def test_an_instance_type_that_this_botocore_does_not_know_is_only_a_warning():
    request = changed(TRAINING, "ResourceConfig", "InstanceType", to="ml.m99.large")
    (problem,) = check_request("sagemaker", "CreateTrainingJob", request)
    assert (problem.path, problem.severity) == ("ResourceConfig.InstanceType", "warning")


def test_a_union_takes_exactly_one():
    shapes = {
        "operations": {"Op": {"input": {"shape": "In"}}},
        "shapes": {
            "In": {"type": "structure", "members": {"Either": {"shape": "U"}}},
            "U": {"type": "structure", "union": True, "members": {"A": {"shape": "S"}, "B": {"shape": "S"}}},
            "S": {"type": "string"},
        },
    }
    model = ServiceModel(json.dumps(shapes))
    check = _Check(model, lambda _: False, frozenset())
    found = list(check.structure(model.shape("In"), {"Either": {"A": "1", "B": "2"}}, ""))
    assert found == [RequestProblem("Either", "takes exactly one of A, B, not 2")]


@pytest.mark.parametrize(
    "path", [("ResourceConfig",), ("InputDataConfig",), ("ResourceConfig", "InstanceCount"), ("RoleArn",)]
)
def test_an_expression_passes_in_every_place(path: tuple[str, ...]):
    assert training(*path, to="{% $states.input %}") == []


def test_what_the_caller_calls_dynamic_passes():
    class Later:
        pass

    assert training("InputDataConfig", to=[Later()], dynamic=lambda value: isinstance(value, Later)) == []
    assert len(training("InputDataConfig", to=[Later()])) == 1


def test_all_problems_are_told_at_once():
    assert len(check_request("sagemaker", "CreateTrainingJob", {"TrainingJobName": "_", "X": 1})) >= 4


def test_a_service_with_camel_case_fields_is_written_in_pascal_case():
    request = {"JobName": "j", "JobQueue": "q", "JobDefinition": "d"}
    assert check_request("batch", "submitJob", request) == []
    found = check_request("batch", "submitJob", {**request, "timeout": {}})
    assert [str(item) for item in found] == ["timeout: there is no such field, did you mean 'Timeout'?"]


def test_an_unknown_operation_or_service_is_the_caller_s_mistake():
    with pytest.raises(ValueError, match="no operation 'CreateTrainingJobs', did you mean 'CreateTrainingJob'"):
        check_request("sagemaker", "createTrainingJobs", {})
    with pytest.raises(ValueError, match="no service 'sagemakr'"):
        check_request("sagemakr", "createTrainingJob", {})


def test_a_check_imports_no_botocore():
    code = (
        "import sys; from airflow_sfn_ml.steps.requests import check_request; "
        "check_request('sagemaker', 'CreateTrainingJob', {}); "
        "sys.exit(any(name.split('.')[0] in ('boto3', 'botocore', 'airflow') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
