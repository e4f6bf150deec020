from __future__ import annotations

import json
from typing import Any

import pytest
from airflow._shared.secrets_masker import mask_secret

from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus, StateView
from airflow_sfn_ml.plugin.masking import masked_text, masked_view


def nested(depth: int) -> Any:
    """A document with a secret *depth* levels deep."""
    return {"password": "hunter2"} if depth == 0 else {"a": [nested(depth - 1)]}


@pytest.mark.parametrize("depth", [0, 5, 20, 80])
def test_a_secret_field_is_hidden_at_any_depth(depth: int):
    told = masked_text(json.dumps(nested(depth)))
    assert "hunter2" not in str(told)


def test_what_is_too_deep_to_be_looked_at_is_hidden_as_a_whole():
    text = '{"a":' * 700 + '{"password": "hunter2"}' + "}" * 700
    assert "hunter2" not in str(masked_text(text))


def test_a_known_secret_is_hidden_in_text_that_is_no_json():
    mask_secret("correct-horse-battery")
    assert masked_text("login with correct-horse-battery failed") == "login with *** failed"


def test_what_is_no_secret_stays():
    assert json.loads(str(masked_text('{"a": [1, 2.5, null, "x"]}'))) == {"a": [1, 2.5, None, "x"]}
    assert masked_text("123") == "123"
    assert masked_text(None) is None


def test_everything_of_a_view_is_masked():
    secret = '{"token": "hunter2"}'
    attempt = Attempt(1, cause=secret, request_text=secret)
    state = StateView("s", StateStatus.FAILED, attempts=(attempt,), input_text=secret, output_text=secret, cause=secret)
    view = ExecutionView("FAILED", {"s": state}, input_text=secret, output_text=secret, cause=secret)
    told = masked_view(view)
    texts = [told.input_text, told.output_text, told.cause]
    texts += [told.state("s").input_text, told.state("s").output_text, told.state("s").cause]
    texts += [told.state("s").attempts[0].cause, told.state("s").attempts[0].request_text]
    assert texts == ['{"token": "***"}'] * 8
