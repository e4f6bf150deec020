from __future__ import annotations

import pytest

from airflow_sfn_ml.pictures.measure import cut_end, cut_middle, width


@pytest.mark.parametrize(
    ("text", "em"), [("sagemaker:createProcessingJob.sync", 16.89), ("States.ALL", 4.89), ("0123456789", 5.56)]
)
def test_the_width_is_guessed_on_the_wide_side(text: str, em: float) -> None:
    """*em* is the width in Liberation Sans (Arial)."""
    assert em <= width(text, 1) <= 1.25 * em


def test_wide_and_combining_characters_count_as_such() -> None:
    assert width("訓練", 10) > 20
    assert width("e\u0301", 10) == width("e", 10)


def test_what_fits_is_not_cut() -> None:
    assert cut_end("short", 10, 100) == cut_middle("short", 10, 100) == "short"


@pytest.mark.parametrize("cut", [cut_end, cut_middle])
def test_what_was_cut_fits(cut: object) -> None:
    for text in ("x" * 200, "W" * 50, "訓" * 40, "a b " * 30):
        short = cut(text, 11, 120)  # type: ignore[operator]
        assert width(short, 11) <= 120
        assert "…" in short


def test_the_end_or_the_middle_is_left_out() -> None:
    text = "the beginning and then the end"
    assert cut_end(text, 10, 100).startswith("the begin")
    assert cut_end(text, 10, 100).endswith("…")
    assert cut_middle(text, 10, 100).startswith("the be")
    assert cut_middle(text, 10, 100).endswith("end")
