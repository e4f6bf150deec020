from __future__ import annotations

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import ExecutionView
from airflow_sfn_ml.pictures.outline import outline
from tests.pictures.machines import LOOP, LOOP_SEEN, execution, seen, task


def ways(machine: dict[str, object], view: ExecutionView | None, kind: str) -> set[tuple[str, str]]:
    """The links that close a loop (``back``) or were ``taken``, by name."""
    made = outline(asl.parse(machine), view)
    return {(made.nodes[link.source].name, made.nodes[link.target].name) for link in made.links if getattr(link, kind)}


def test_what_closes_a_loop_is_found() -> None:
    assert ways(LOOP, None, "back") == {("Done?", "Submit"), ("Done?", "Wait a minute")}


def test_the_way_of_an_execution_is_followed_through_its_loops() -> None:
    assert ways(LOOP, LOOP_SEEN, "taken") == {
        ("Start", "Submit"),
        ("Submit", "Wait a minute"),
        ("Wait a minute", "Describe"),
        ("Describe", "Done?"),
        ("Done?", "Submit"),
        ("Done?", "Wait a minute"),
        ("Done?", "Give up"),
    }


def test_a_loop_that_was_entered_once_was_not_gone_round() -> None:
    view = execution(
        "SUCCEEDED",
        *(seen(name, "succeeded", 1) for name in ("Submit", "Wait a minute", "Describe", "Done?", "Publish")),
    )
    assert ways(LOOP, view, "taken") & ways(LOOP, None, "back") == set()
    assert ("Done?", "Publish") in ways(LOOP, view, "taken")


def diamond() -> dict[str, object]:
    """``a`` goes to ``b`` or at once to ``c``; ``b`` goes to ``c``, or after an error too."""
    return {
        "StartAt": "a",
        "States": {
            "a": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": True, "Next": "b"}], "Default": "c"},
            "b": task("x:y", "c", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "d"}]),
            "c": task("x:y"),
            "d": {"Type": "Fail"},
        },
    }


def test_in_doubt_a_way_was_not_taken() -> None:
    view = execution("SUCCEEDED", *(seen(name, "succeeded", 1) for name in "abc"))
    assert ways(diamond(), view, "taken") == {("Start", "a"), ("a", "b"), ("b", "c"), ("c", "End")}


def test_after_a_caught_error_the_catch_was_taken_and_not_the_next() -> None:
    view = execution("FAILED", seen("a", "succeeded", 1), seen("b", "caught", 1), seen("d", "failed", 1))
    assert ways(diamond(), view, "taken") == {("Start", "a"), ("a", "b"), ("b", "d")}


def test_rules_with_the_same_target_are_one_link() -> None:
    rules = [{"Variable": "$.x", "NumericEquals": number, "Next": "b"} for number in (1, 2)]
    machine = {
        "StartAt": "a",
        "States": {"a": {"Type": "Choice", "Choices": rules, "Default": "b"}, "b": {"Type": "Succeed"}},
    }
    links = outline(asl.parse(machine)).links
    assert [link.label for link in links] == ["", "x = 1 | x = 2 | default"]


def test_what_leads_nowhere_is_left_out() -> None:
    machine = {"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": "gone"}, "b": {"Type": "Pass", "Next": ["b"]}}}
    assert len(outline(asl.parse(machine)).links) == 1


def test_only_a_state_that_ends_the_machine_leads_to_its_end() -> None:
    machine = {"StartAt": "a", "States": {"a": {"Type": "Fail"}, "b": {"Type": "Pass", "End": True}}}
    made = outline(asl.parse(machine))
    ends = [link for link in made.links if made.nodes[link.target].kind == "End"]
    assert [made.nodes[link.source].name for link in ends] == ["b"]
