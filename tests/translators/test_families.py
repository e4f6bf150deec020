"""Translators are loaded when an operator of theirs is met, and all are found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_sfn_ml.translators import families, registry, translates
from airflow_sfn_ml.translators.registry import Translation

FAMILY = "airflow_sfn_ml.translators.emr"


def interpreter(*arguments: str) -> str:
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_table_of_families_is_what_the_modules_register():
    told = json.loads(interpreter(str(Path(__file__).with_name("where.py"))).splitlines()[-1])
    found: dict[str, set[str]] = {}
    for path, module in told.items():
        found.setdefault(path.rpartition(".")[0], set()).add(module.rpartition(".")[2])
    assert {module: set(names) for module, names in families.FAMILIES.items()} == found


def test_a_dag_of_one_family_loads_no_other():
    code = (
        "import sys\n"
        "from airflow.sdk import DAG\n"
        "from airflow.providers.amazon.aws.operators.sns import SnsPublishOperator\n"
        "from airflow_sfn_ml import StateMachineTaskGroup\n"
        "with DAG('d'), StateMachineTaskGroup('g', role_arn='arn:aws:iam::123456789012:role/r') as group:\n"
        "    SnsPublishOperator(task_id='a', target_arn='arn:aws:sns:us-east-1:123456789012:t', message='m')\n"
        "group.compiled()\n"
        "print([name for name in sys.modules if name in sys.argv[1:]])\n"
    )
    told = interpreter(
        "-c", code, FAMILY, "airflow_sfn_ml.translators.services", "airflow_sfn_ml.translators.messaging"
    )
    assert told.splitlines()[-1] == "['airflow_sfn_ml.translators.messaging']"


def test_a_translator_of_the_users_own_stays_when_the_family_is_loaded_later(monkeypatch: pytest.MonkeyPatch):
    path = "airflow.providers.amazon.aws.operators.emr.EmrAddStepsOperator"
    monkeypatch.setattr(registry, "_TRANSLATORS", {})

    @translates(path)
    def mine(operator: object) -> Translation:
        return Translation(None)

    monkeypatch.setattr(families, "_loading", ["emr"])
    translates(path)(lambda operator: Translation(None, field="theirs"))
    assert registry._TRANSLATORS[path] is mine
