"""What becomes of messages that several triggerers may need."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.triggers.passing import OLD, RECEIPTS, ROUND, Fate, Passing


@dataclass
class Round:
    """Triggerers in front of one queue; each receipt of a message is a second after the one before."""

    readers: list[Passing]
    woken: dict[str, set[int]] = field(default_factory=dict)
    received: dict[str, int] = field(default_factory=dict)
    now: float = 0.0

    def receive(self, reader: int, message: str, age: float = 1.0) -> Fate:
        self.now += 1
        self.received[message] = self.received.get(message, 0) + 1
        wakes, fate = self.readers[reader].take(message, self.received[message], age, self.now)
        if wakes:
            assert reader not in self.woken.setdefault(message, set()), "nobody is woken twice by one message"
            self.woken[message].add(reader)
        return fate


def test_a_triggerer_alone_sees_each_message_twice_and_wakes_once():
    alone = Round([Passing()])
    assert [alone.receive(0, "m"), alone.receive(0, "m")] == [Fate.PASS_ON, Fate.DELETE]
    assert alone.woken == {"m": {0}}


def test_a_message_goes_round_all_triggerers_before_it_is_deleted():
    three = Round([Passing() for _ in range(3)])
    assert [three.receive(reader, "m") for reader in (0, 1, 2, 0)] == [Fate.PASS_ON] * 3 + [Fate.DELETE]
    assert three.woken == {"m": {0, 1, 2}}


def test_where_others_were_noticed_a_message_that_was_nowhere_else_is_passed_on_again():
    two = Round([Passing(), Passing()])
    for reader in (0, 1, 0):
        two.receive(reader, "first")
    assert [two.receive(reader, "second") for reader in (0, 0, 0, 1)] == [Fate.PASS_ON] * 4
    assert two.woken["second"] == {0, 1}
    assert two.receive(0, "second") is Fate.DELETE


def test_an_old_message_is_deleted_and_wakes_nobody():
    alone = Round([Passing()])
    assert alone.receive(0, "m", age=OLD + 1) is Fate.DELETE
    assert alone.woken == {}


def test_a_late_message_wakes_but_is_not_passed_on():
    alone = Round([Passing()])
    assert alone.receive(0, "m", age=ROUND + 1) is Fate.DELETE
    assert alone.woken == {"m": {0}}


@given(st.lists(st.integers(0, 3), min_size=RECEIPTS, max_size=3 * RECEIPTS))
def test_no_message_stays_for_ever(readers: list[int]):
    four = Round([Passing() for _ in range(4)])
    fates = [four.receive(reader, "m") for reader in readers]
    assert Fate.DELETE in fates[:RECEIPTS]
