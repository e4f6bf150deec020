"""How far a listing is read, and which machines have one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_sfn_ml.triggers.listing import PAGES, Search, machine_of

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def page(*minutes: int) -> list[dict[str, Any]]:
    """Executions that started so many minutes after noon."""
    return [{"executionArn": f"e{each}", "startDate": NOON + timedelta(minutes=each)} for each in minutes]


def test_a_listing_is_read_until_all_were_found():
    search = Search({"e5": None, "e3": None})
    search.read(page(9, 7, 5))
    assert not search.is_done
    search.read(page(4, 3, 2))
    assert search.is_done
    assert sorted(search.found) == ["e3", "e5"]


def test_a_listing_is_not_read_beyond_the_oldest_start():
    search = Search({"gone": NOON})
    search.read(page(9, 7, 0))
    assert not search.is_done, "its neighbours may stand in another order"
    search.read(page(-1, -2))
    assert search.is_done


def test_one_whose_start_is_not_known_is_searched_for_a_few_pages():
    search = Search({"gone": NOON, "other": None})
    for number in range(PAGES):
        assert not search.is_done
        search.read(page(-100 * number))
    assert search.is_done


@pytest.mark.parametrize(
    ("arn", "machine"),
    [
        ("arn:aws:states:eu-west-1:1:execution:m:e", "arn:aws:states:eu-west-1:1:stateMachine:m"),
        ("arn:aws:states:eu-west-1:1:execution:m/Map:e", None),
        ("arn:aws:states:eu-west-1:1:express:m:e:x", None),
        ("arn", None),
    ],
)
def test_only_executions_that_a_machine_lists_have_a_listing(arn: str, machine: str | None):
    assert machine_of(arn) == machine
