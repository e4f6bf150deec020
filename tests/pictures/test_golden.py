"""The pictures as they are. ``UPDATE_GOLDEN=1`` writes them anew; look at the difference before it is committed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from airflow_sfn_ml.pictures import to_mermaid, to_svg, to_text
from tests.pictures.machines import GOLDEN

HERE = Path(__file__).parent
CORPUS = HERE.parents[2] / "shared" / "corpus" / "valid.jsonl"
WRITERS = {"svg": to_svg, "mmd": to_mermaid, "txt": to_text}


@pytest.mark.parametrize("ending", WRITERS)
@pytest.mark.parametrize("name", GOLDEN)
def test_a_picture_is_as_it_was(name: str, ending: str) -> None:
    """The style sheet is the same in all of them, and left out."""
    picture = re.sub(r"<style>.*?</style>", "<style/>", WRITERS[ending](*GOLDEN[name]), flags=re.DOTALL)
    file = HERE / "golden" / f"{name}.{ending}"
    if os.environ.get("UPDATE_GOLDEN") == "1":
        file.write_text(picture, encoding="utf-8")
    assert file.read_text(encoding="utf-8") == picture


@pytest.mark.skipif(not CORPUS.exists(), reason="the recorded definitions are not here")
def test_every_definition_that_aws_accepted_can_be_drawn() -> None:
    for line in CORPUS.read_text(encoding="utf-8").splitlines():
        definition = json.loads(line)["definition"]
        ElementTree.fromstring(to_svg(definition))
        assert to_mermaid(definition).startswith("flowchart TD\n")
        assert to_text(definition).startswith("State machine")
