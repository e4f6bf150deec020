"""What a trigger asks of AWS is asked again while AWS is out of reach."""

from __future__ import annotations

import asyncio

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from airflow_sfn_ml.exceptions import AccessDenied
from airflow_sfn_ml.hooks import errors
from airflow_sfn_ml.triggers import threads


class Answers:
    """A call that fails with each of *failures* in turn, and then answers."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "FIRST", 0.01)
    monkeypatch.setattr(errors, "FIRST", 0.01)


def out_of_reach() -> Exception:
    return EndpointConnectionError(endpoint_url="https://states.us-east-1.amazonaws.com")


def throttled() -> Exception:
    return ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, "RedriveExecution")


def test_a_trigger_asks_again_what_failed_with_what_passes():
    ask = Answers(out_of_reach(), throttled())
    assert asyncio.run(threads.insist(ask)) == "answer"
    assert ask.calls == 3


def test_a_trigger_asks_once_what_would_fail_again():
    ask = Answers(AccessDenied("states:RedriveExecution"))
    with pytest.raises(AccessDenied):
        asyncio.run(threads.insist(ask))
    assert ask.calls == 1


def test_a_worker_asks_again_what_failed_with_what_passes():
    ask = Answers(throttled(), out_of_reach())
    assert errors.insist(ask) == "answer"
    assert ask.calls == 3


def test_a_worker_gives_up_in_the_end(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(errors, "PATIENCE", 0)
    ask = Answers(out_of_reach(), out_of_reach())
    with pytest.raises(EndpointConnectionError):
        errors.insist(ask)
    assert ask.calls == 1
