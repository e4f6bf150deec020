"""The example Dag, as Airflow's dag-processor reads it."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from airflow_sfn_ml import asl

FILE = Path(__file__).parents[2] / "dags" / "census_income.py"


@pytest.fixture(scope="module")
def census() -> ModuleType:
    spec = importlib.util.spec_from_file_location("census_income_dag", FILE)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_edges_are_those_of_the_story(census: ModuleType):
    edges = {task.task_id: sorted(task.upstream_task_ids) for task in census.dag.tasks}
    assert edges == {
        "upload": [],
        "training.start": ["upload"],
        "training.preprocess": ["training.start"],
        "training.train": ["training.preprocess"],
        "training.evaluate": ["training.train"],
        "report": ["training.evaluate"],
        "no_model": ["training.evaluate"],
    }


def test_its_machine_is_valid_and_the_same_at_every_parse(census: ModuleType):
    assert [problem for problem in asl.validate(census.training.definition) if problem.severity == "error"] == []
    again = importlib.util.spec_from_file_location("census_income_again", FILE)
    assert again
    assert again.loader
    module = importlib.util.module_from_spec(again)
    again.loader.exec_module(module)
    assert module.training.digest == census.training.digest


def test_the_evaluation_reads_the_model_of_its_own_execution(census: ModuleType):
    arguments = census.training.definition["States"]["evaluate"]["Arguments"]
    inputs = {each["InputName"]: each["S3Input"]["S3Uri"] for each in arguments["ProcessingInputs"]}
    assert "S3ModelArtifacts" in inputs["model"]
    assert "Execution.Input" not in inputs["model"]
    assert "Execution.Input" in inputs["test"]


def test_only_the_dag_file_is_read_as_a_dag():
    ignored = (FILE.parent / ".airflowignore").read_text().split()
    others = {path.name + ("/" if path.is_dir() else "") for path in FILE.parent.iterdir()}
    assert {"census_data.py", "census_income/"} <= set(ignored) & others
