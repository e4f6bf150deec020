"""The benchmark of triggers, small: what it counts, never how long anything took."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.cases import Case, cases
from benchmarks.triggers import HEAD, PARTS, row, run, used

SMALL: dict[str, Any] = {"settle": 1, "window": 3, "spread": 2, "patience": 60}


@pytest.mark.integration
@pytest.mark.parametrize(
    "helped",
    [pytest.param(False, id="polled", marks=pytest.mark.thorough), pytest.param(True, id="with events and a role")],
)
def test_followers_of_many_states_are_told_without_a_call_too_many(helped: bool) -> None:
    told = run(Case("ours", "states", executions=20, states=5, quotas=True, events=helped, role=helped, **SMALL))
    assert all(told[part]["counts"]["rejected"] == {} for part in PARTS)
    assert isinstance(told["ramp"]["seen"], float)
    assert isinstance(told["ramp"]["read"], float)
    assert told["ends"]["missing"] == 0
    assert len(told["ends"]["late"]) == 100
    assert used(told["window"]["counts"]) <= 0.5
    calls = told["ramp"]["counts"]["calls"]
    assert calls["GetExecutionHistory"] <= 30, "one look at each execution, not one for each follower"
    assert calls.get("AssumeRole", 0) == int(helped)


@pytest.mark.integration
def test_waiting_for_whole_executions_reads_no_history() -> None:
    told = run(Case("ours", "whole", executions=30, quotas=True, **SMALL))
    assert told["ends"]["missing"] == 0
    for part in PARTS:
        assert told[part]["counts"]["rejected"] == {}
        assert "GetExecutionHistory" not in told[part]["counts"]["calls"]
    assert used(told["window"]["counts"]) <= 0.5


def test_quick_cases_are_the_same_kinds_and_smaller() -> None:
    kinds = [
        [(case.who, case.waits, case.states > 1, case.quotas, case.events, case.role) for case in cases(quick=quick)]
        for quick in (False, True)
    ]
    assert kinds[0] == kinds[1]
    assert len({str(case) for case in cases(quick=False)}) == len(kinds[0])
    assert max(case.executions * case.states for case in cases(quick=True)) <= 100


def test_a_line_of_the_table_tells_of_what_is_missing_and_rejected() -> None:
    counts = {"calls": {"ListExecutions": 30}, "rejected": {"ListExecutions": 4}, "seconds": 60.0, "peak": 9}
    part = {"seconds": 60.0, "cpu": 3.0, "block": 0.2, "own": 0.1, "collecting": 0.05, "counts": counts}
    told = {
        "case": str(Case("peer", "whole", quotas=True)),
        "ramp": {**part, "seen": "7 of 1000", "read": "0 of 1000"},
        "window": part,
        "memory": 1190.0,
        "ends": {**part, "late": [1.0, 2.0, 3.0], "missing": 997, "wrong": []},
    }
    cells = dict(zip(HEAD, row(told), strict=True))
    assert cells["case"] == "peer 1,000 executions, quotas"
    assert (cells["ramp s"], cells["all read s"]) == ("7 of 1000", "")
    assert cells["of a quota"] == "10 %"
    assert cells["rejected"] == "12"
    assert cells["block ms (own, gc)"] == "200 (100, 50)"
    assert cells["max"] == "3.0 (997 missing)"
