"""Histories that AWS recorded, run again here: the same events with the same contents."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.local import corpus
from tests.local.machines import Account

# Measured with moto 5.2.5: of 229 recordings, all end alike and have the same types of events; 208 also have the same
# contents. Of the other 21, 17 differ by what the recording masks (names, times, random numbers) and 4 by the wording
# of one message.
SAME_CONTENTS = 0.90

pytestmark = pytest.mark.skipif(not corpus.CORPUS.is_dir(), reason="the recordings are not here")


@pytest.fixture(scope="module")
def replayed(account: Account) -> list[tuple[dict[str, Any], dict[str, Any], list[dict[str, Any]]]]:
    """Each recording with how its execution ended here and its events."""
    started = [
        (record, account.start_raw(account.create_definition(record["definition"]), record["input"]))
        for record in corpus.recorded()
    ]
    return [(record, account.finish(execution), account.events(execution)) for record, execution in started]


def test_every_recording_ends_as_on_aws(replayed: list[Any]) -> None:
    assert len(replayed) > 200
    different = [record["name"] for record, ended, _ in replayed if ended["status"] != record["final_status"]]
    assert different == []


def test_every_recording_has_the_events_of_aws(replayed: list[Any]) -> None:
    different = [
        record["name"] for record, _, events in replayed if corpus.types(events) != corpus.types(record["events"])
    ]
    assert different == []


def test_nearly_all_events_have_the_contents_of_aws(replayed: list[Any]) -> None:
    same = sum(corpus.contents(events) == corpus.contents(record["events"]) for record, _, events in replayed)
    assert same >= SAME_CONTENTS * len(replayed)


@pytest.mark.skipif(not (corpus.CORPUS / "valid.jsonl").is_file(), reason="the definitions are not here")
def test_definitions_that_aws_accepts_are_accepted(account: Account) -> None:
    with (corpus.CORPUS / "valid.jsonl").open() as file:
        valid = [json.loads(line)["definition"] for line in file]
    refused = []
    for definition in valid:
        checked = account.sfn.validate_state_machine_definition(definition=json.dumps(definition))
        if checked["result"] != "OK":
            refused.append(checked["diagnostics"][0]["message"])
    assert len(refused) <= 2, refused
