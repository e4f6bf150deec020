"""What Airflow is told about the provider, against Airflow's schema and against the package."""

from __future__ import annotations

import importlib
import importlib.metadata
import json
import re
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest

import airflow_sfn_ml
from airflow_sfn_ml import get_provider_info

PACKAGE = Path(airflow_sfn_ml.__file__).parent
INFO = get_provider_info()


def test_it_keeps_to_airflows_schema():
    schema = json.loads((Path(airflow.__file__).parent / "provider_info.schema.json").read_text())
    jsonschema.validate(INFO, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**INFO, "triggers": [{"integration-name": "x"}]}, schema)


@pytest.mark.parametrize("kind", ["operators", "sensors", "hooks", "triggers"])
def test_every_module_it_names_can_be_imported_and_belongs_to_its_integration(kind: str):
    names = {integration["integration-name"] for integration in INFO["integrations"]}
    for entry in INFO[kind]:
        assert entry["integration-name"] in names
        for module in entry["python-modules"]:
            assert importlib.import_module(module)


def test_every_setting_that_the_package_reads_is_declared_and_every_declared_one_is_read():
    read = re.compile(r'conf\.get\w*\(\s*"sfn_ml",\s*"(\w+)"')
    used = {name for file in PACKAGE.rglob("*.py") for name in read.findall(file.read_text())}
    assert used == set(INFO["config"]["sfn_ml"]["options"])


def test_the_defaults_are_those_of_the_code():
    from airflow_sfn_ml.triggers.poll import Pace

    options: dict[str, Any] = INFO["config"]["sfn_ml"]["options"]
    assert float(options["poll_shortest"]["default"]) == Pace().shortest
    assert float(options["poll_longest"]["default"]) == Pace().longest


def test_airflow_finds_the_provider_by_its_entry_point():
    from airflow.providers_manager import ProvidersManager

    assert ProvidersManager().providers["airflow-sfn-ml"].version == importlib.metadata.version("airflow-sfn-ml")
    assert airflow_sfn_ml.__version__ == importlib.metadata.version("airflow-sfn-ml")
