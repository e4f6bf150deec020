"""The page about operators says what the table says.

``UPDATE_GOLDEN=1 python3 run.py test tests/translators/test_documentation.py`` writes it anew.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.policy import execution_policy
from airflow_sfn_ml.steps.calls import call_of
from airflow_sfn_ml.translators.documentation import markdown
from airflow_sfn_ml.translators.refusals import REFUSED
from airflow_sfn_ml.translators.table import ROWS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operators.md"


def test_the_page_is_current():
    text = markdown()
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(text)
    assert text == PAGE.read_text()


@pytest.mark.parametrize("path", sorted(ROWS))
def test_every_row_is_a_class_that_there_is(path: str):
    module, _, name = path.rpartition(".")
    assert isinstance(getattr(import_module(module), name), type)


def test_no_row_is_refused_as_a_whole():
    wrong = [path for path in ROWS for key in REFUSED if f"{path}.".startswith(f"{key}.")]
    assert wrong == []


CALLS = sorted(
    {
        call.resource
        for row in ROWS.values()
        for call in (*row.calls, *row.then, *((row.until.look,) if row.until else ()))
    }
)


@pytest.mark.parametrize("resource", CALLS)
def test_every_call_is_one_that_step_functions_has_and_a_policy_allows(resource: str):
    call = call_of(resource)
    state = {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": {}, "End": True}
    policy = execution_policy({"StartAt": "a", "States": {"a": state}}, Place("aws", "eu-west-1", "123456789012", "m"))
    assert policy.document["Statement"] or not call.actions
    assert not [note for note in policy.notes if "no call that is known" in note]
