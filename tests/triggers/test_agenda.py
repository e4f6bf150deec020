"""What is looked at, in which order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from airflow_sfn_ml.triggers.agenda import Agenda, Kind


def order(agenda: Agenda[str], now: float) -> str:
    """What is due at *now*, in the order of the looks."""
    found = []
    while (due := agenda.next(now)) is not None:
        found.append(due[0])
    return "".join(found)


def test_urgent_looks_come_before_first_ones_and_these_before_routine():
    agenda: Agenda[str] = Agenda()
    for name, at, kind in (("a", 0, Kind.ROUTINE), ("b", 2, Kind.FIRST), ("c", 5, Kind.URGENT), ("d", 4, Kind.URGENT)):
        agenda.plan(name, at, kind)
    assert order(agenda, 10) == "dcba"


def test_what_is_not_due_waits_however_urgent():
    agenda: Agenda[str] = Agenda()
    agenda.plan("later", 5, Kind.URGENT)
    agenda.plan("now", 1, Kind.ROUTINE)
    assert order(agenda, 1) == "now"
    assert agenda.wait(1) == 4


def test_the_sooner_or_more_urgent_plan_holds():
    agenda: Agenda[str] = Agenda()
    agenda.plan("a", 30, Kind.ROUTINE)
    agenda.plan("a", 10, Kind.ROUTINE)
    agenda.plan("a", 20, Kind.ROUTINE)
    assert agenda.wait(0) == 10
    agenda.plan("a", 15, Kind.URGENT)
    agenda.plan("a", 1, Kind.ROUTINE)
    assert (agenda.wait(0), order(agenda, 15), len(agenda)) == (15, "a", 0)


def test_routine_looks_can_be_held_back_alone():
    agenda: Agenda[str] = Agenda()
    agenda.plan("idle", 0, Kind.ROUTINE)
    assert agenda.wait(0, routine=7) == 7
    assert agenda.next(0, routine=False) is None
    agenda.plan("new", 0, Kind.FIRST)
    assert agenda.wait(0, routine=7) == 0
    assert agenda.next(0, routine=False) == ("new", Kind.FIRST)


def test_what_is_dropped_is_not_looked_at():
    agenda: Agenda[str] = Agenda()
    agenda.plan("a", 0, Kind.FIRST)
    agenda.drop("a")
    assert (agenda.wait(0), agenda.next(0)) == (None, None)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 20), st.sampled_from(list(Kind))), max_size=40))
def test_each_thing_is_looked_at_once_with_its_best_plan(plans: list[tuple[str, int, Kind]]):
    agenda: Agenda[str] = Agenda()
    for plan in plans:
        agenda.plan(*plan)
    best = {name: min((kind, at) for other, at, kind in plans if other == name) for name, _, _ in plans}
    assert len(agenda) == len(best)
    assert list(order(agenda, 20)) == sorted(best, key=lambda name: (best[name], order_of(plans, name, best[name])))


def order_of(plans: list[tuple[str, int, Kind]], name: str, best: tuple[Kind, int]) -> int:
    return next(number for number, (other, at, kind) in enumerate(plans) if (other, (kind, at)) == (name, best))
