"""The page about operators says what the table says.

``UPDATE_GOLDEN=1 python3 run.py test tests/translators/test_documentation.py`` writes it anew.
"""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

import pytest

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
