"""The code of the documentation runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import airflow_sfn_ml.steps

DOCS = Path(airflow_sfn_ml.steps.__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["authoring.md", "from-stepfunctions.md"])
def test_the_code_of_a_page_runs_from_top_to_bottom(page, local_aws, monkeypatch):
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 2
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": page})
