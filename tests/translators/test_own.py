"""Operators of users: the page of the documentation that says how, run; and what is refused until somebody says how."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerModelOperator
from airflow.sdk import DAG, BaseOperator

from airflow_sfn_ml import StateMachineTaskGroup, asl
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.translators import registry, table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "authoring.md"
ROLE = "arn:aws:iam::123456789012:role/states"


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> dict[str, types.ModuleType]:
    """The modules of the page, by their names."""
    monkeypatch.setattr(registry, "_TRANSLATORS", dict(registry._TRANSLATORS))
    monkeypatch.setattr(table, "ROWS", dict(table.ROWS))
    modules: dict[str, types.ModuleType] = {}
    for block in re.findall(r"^```py\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        name = block.splitlines()[0].removeprefix("# ").removesuffix(".py").replace("/", ".")
        module = modules[name] = types.ModuleType(name)
        monkeypatch.setitem(sys.modules, name, module)
        exec(compile(block, name, "exec"), module.__dict__)
    return modules


def test_an_operator_of_the_page_becomes_a_loop(page: dict[str, Any]):
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        page["my_company.operators"].RefreshDashboardOperator(
            task_id="refresh", account="123456789012", dataset_id="sales-{{ ds }}"
        )
    state = group.definition["States"]["refresh"]
    inner = state["Branches"][0]["States"]
    assert [inner[name]["Type"] for name in inner] == ["Task", "Task", "Choice", "Wait", "Fail", "Pass"]
    assert inner["refresh: createIngestion"]["Resource"] == "arn:aws:states:::aws-sdk:quicksight:createIngestion"
    assert inner["refresh: wait"]["Seconds"] == 30
    assert inner["refresh: done"]["Output"] == "{% $p_arn %}"
    assert asl.validate(group.definition) == []


def test_a_function_of_the_page_makes_a_call_or_refuses(page: dict[str, Any]):
    silence = page["my_company.alarms"].SilenceOperator
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        silence(task_id="quiet", alarms=["a", "b"])
    assert group.definition["States"]["quiet"]["Arguments"] == {"AlarmNames": ["a", "b"]}
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        silence(task_id="quiet", alarms=["a"], pattern="*")
    with pytest.raises(CompileError, match=r"g\.quiet: pattern needs a list of all alarms"):
        _ = group.definition


class Renamed(SageMakerModelOperator):
    """Does what its parent does."""


class Own(SageMakerModelOperator):
    """Does something else."""

    def execute(self, context: Any) -> Any:
        return super().execute(context)


class Unknown(BaseOperator):
    """Nobody knows."""


def test_a_subclass_is_translated_as_its_parent():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Renamed(task_id="a", config={"ModelName": "m"})
    assert "a: createModel" in group.definition["States"]["a"]["Branches"][0]["States"]


def test_a_subclass_with_an_execute_of_its_own_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Own(task_id="a", config={"ModelName": "m"})
    with pytest.raises(
        CompileError,
        match=r"g\.a: Own overrides execute\(\) of SageMakerModelOperator.*'tests\.translators\.test_own\.Own'",
    ):
        _ = group.definition


def test_an_operator_without_a_translator_is_refused_with_the_ways_out():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Unknown(task_id="a")
    with pytest.raises(CompileError, match=r"there is no translator for it .*SdkStep.*test_own\.Unknown"):
        _ = group.definition
