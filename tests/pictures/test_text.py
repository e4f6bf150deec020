from __future__ import annotations

import re
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.pictures import to_text
from airflow_sfn_ml.pictures.text import GLYPHS
from tests.pictures.machines import CENSUS, CENSUS_SEEN, LOOP, hostile, names_in, randomly


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_every_state_has_exactly_one_line(random: Random) -> None:
    machine = randomly(random)
    glyph = "|".join(GLYPHS.values())
    found = re.findall(rf"^[│├└─ ]*─ (?:{glyph}) (.+?)(?:  |$)", to_text(machine), re.MULTILINE)
    assert sorted(name.strip() for name in found) == sorted(names_in(machine))


def test_states_stand_in_the_order_of_their_flow() -> None:
    backwards = {**CENSUS, "States": dict(reversed(CENSUS["States"].items()))}
    names = re.findall(r"─ • (\w+)", to_text(backwards))
    assert names == ["preprocess", "train", "evaluate"]


def test_a_status_is_a_glyph_and_words() -> None:
    text = to_text(CENSUS, CENSUS_SEEN)
    assert "├─ ✔ preprocess  sagemaker:createProcessingJob.sync  succeeded · 6 min 12 s\n" in text
    assert "├─ ↻ train       sagemaker:createTrainingJob.sync  retrying · attempt 2 · AlgorithmError\n" in text
    assert "└─ ○ evaluate    sagemaker:createProcessingJob.sync  not entered\n" in text


def test_the_way_back_and_the_way_after_an_error_have_their_signs() -> None:
    text = to_text(LOOP)
    assert "↺ default → Wait a minute\n" in text
    assert "✘ States.ALL → Give up\n" in text
    assert "→ Status = Completed → Publish\n" in text


def test_nothing_in_a_name_can_steer_a_terminal() -> None:
    text = to_text(hostile())
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", text)
    assert r"bell \x07 escape \x1b[31m nul \x00" in text
    assert r"turned \u202egnihtyna" in text
    assert text.count("\n") == 1 + 2 * 18 - 1
