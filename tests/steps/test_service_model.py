"""Reading shapes out of botocore's data files."""

from __future__ import annotations

import json

import pytest
from botocore.loaders import Loader

from airflow_sfn_ml.steps.service_model import ServiceModel, service_model


@pytest.mark.parametrize(
    "service", ["sagemaker", "batch", "glue", "stepfunctions", "databrew", "mediaconvert", "emr-containers"]
)
def test_what_is_picked_out_of_the_file_is_what_is_in_it(service: str):
    whole = Loader().load_service_model(service, "service-2")
    model = service_model(service)
    assert model.operations() == sorted(whole["operations"])
    for name, operation in whole["operations"].items():
        assert model.input_shape(name) == operation.get("input", {}).get("shape", "")
    for name, shape in whole["shapes"].items():
        assert model.shape(name) == shape


def test_a_file_in_another_layout_is_read_as_well():
    whole = Loader().load_service_model("stepfunctions", "service-2")
    compact = ServiceModel(json.dumps(whole))
    assert compact.shape("HistoryEventType") == whole["shapes"]["HistoryEventType"]
    assert compact.operations() == service_model("stepfunctions").operations()
