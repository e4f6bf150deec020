"""Reading and writing lose nothing."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import ABSENT, NULL, Choice, ChoiceRule, Map, Parallel, Pass, StateMachine, Succeed, Task
from airflow_sfn_ml.asl.digest import _written, canonical
from airflow_sfn_ml.exceptions import DefinitionError
from tests.asl.corpus import accepted, needs_corpus, recorded
from tests.asl.machines import damaged, machines


@settings(max_examples=150, deadline=None)
@given(machines())
def test_a_machine_comes_back_from_its_json(machine: StateMachine) -> None:
    definition = asl.render(machine)
    assert asl.parse(definition) == machine
    assert asl.render(asl.parse(json.dumps(definition))) == definition


@settings(max_examples=120, deadline=None)
@given(damaged(machines().map(asl.render)))
def test_what_can_be_read_at_all_is_written_as_it_was(definition: dict[str, Any]) -> None:
    try:
        machine = asl.parse(definition)
    except DefinitionError:
        return
    assert asl.render(machine) == definition


@needs_corpus
def test_definitions_recorded_from_aws_come_back() -> None:
    definitions = [*accepted(), *recorded()]
    assert len(definitions) > 600
    for definition in definitions:
        assert asl.render(asl.parse(definition)) == definition


@pytest.mark.parametrize(
    "fields",
    [
        {"ResultPath": None},
        {"InputPath": None, "OutputPath": None},
        {"Result": None},
        {"Next": None, "End": False},
        {"End": False, "Next": "b"},
        {"End": True, "Next": "b"},
        {"Comment": None, "QueryLanguage": None},
        {"Assign": None},
        {"Parameters": {"a": None, "b": []}},
        {"Unknown": {"x": [1]}, "End": True},
        {"Retry": [], "End": True},
        {"Catch": None, "End": True},
    ],
)
def test_every_field_of_a_state_is_kept(fields: dict[str, Any]) -> None:
    definition = {"StartAt": "a", "States": {"a": {"Type": "Pass", **fields}}}
    assert asl.render(asl.parse(definition)) == definition


@pytest.mark.parametrize(
    "fields",
    [
        {"Retry": [], "Catch": []},
        {"Retry": [1], "Catch": {"a": 1}},
        {"Retry": [{"ErrorEquals": []}, {"ErrorEquals": [1]}, {"ErrorEquals": None, "MaxAttempts": None, "X": 1}]},
        {"Catch": [{"Next": None, "ResultPath": None, "Output": None, "Assign": None}]},
        {"Resource": None, "TimeoutSeconds": None},
        {},
    ],
)
def test_every_field_of_a_task_is_kept(fields: dict[str, Any]) -> None:
    definition = {"StartAt": "a", "States": {"a": {"Type": "Task", "End": True, **fields}}}
    assert asl.render(asl.parse(definition)) == definition


def test_null_is_not_absence() -> None:
    state = asl.parse({"StartAt": "a", "States": {"a": {"Type": "Pass", "ResultPath": None, "End": True}}}).states[0]
    assert isinstance(state, Pass)
    assert (state.result_path, state.input_path) == (NULL, None)


def test_a_state_that_says_neither_next_nor_end_is_told_from_one_that_ends() -> None:
    states = asl.parse({"StartAt": "a", "States": {"a": {"Type": "Pass"}, "b": {"Type": "Pass", "End": True}}}).states
    assert [getattr(state, "end") for state in states] == [ABSENT, None]  # noqa: B009


def test_a_state_without_next_ends_its_machine() -> None:
    machine = StateMachine("a", (Pass("a", next="b"), Pass("b"), Succeed("c"), Choice("d", default="a")))
    states = asl.render(machine)["States"]
    assert [states[name].get("End") for name in "abcd"] == [None, True, None, None]


def test_the_former_names_of_a_map_are_kept() -> None:
    inner = {"StartAt": "i", "States": {"i": {"Type": "Succeed"}}}
    definition = {
        "StartAt": "m",
        "States": {"m": {"Type": "Map", "Iterator": inner, "Parameters": {"a": 1}, "End": True}},
    }
    state = asl.parse(definition).states[0]
    assert isinstance(state, Map)
    assert state.item_processor is None
    assert state.iterator is not None
    assert asl.render(asl.parse(definition)) == definition


def test_rules_within_rules_become_plain_data() -> None:
    rule = ChoiceRule({"Not": ChoiceRule({"Variable": "$.a", "IsNull": True})}, Next="b")
    rendered = asl.render(StateMachine("a", (Choice("a", choices=(rule,)), Succeed("b"))))
    assert json.loads(json.dumps(rendered)) == rendered
    assert rendered["States"]["a"]["Choices"] == [{"Not": {"Variable": "$.a", "IsNull": True}, "Next": "b"}]
    assert rule.next == "b"


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ("{", "not JSON"),
        ("[]", "is an object"),
        ({"StartAt": "a"}, "an object States"),
        ({"States": {}}, "needs StartAt"),
        ({"StartAt": "a", "States": {"a": 1}}, "/States/a: a state is an object"),
        ({"StartAt": "a", "States": {"a": {"Type": "Sleep"}}}, "/States/a: Type is 'Sleep'"),
        (
            {"StartAt": "p", "States": {"p": {"Type": "Parallel", "Branches": [{"StartAt": "x"}]}}},
            "/States/p/Branches/0: a machine needs an object States",
        ),
    ],
)
def test_what_is_no_machine_is_refused_with_its_place(definition: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        asl.parse(definition)


def test_the_digest_does_not_see_order_or_white_space() -> None:
    one = '{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true}}}'
    other = {"States": {"a": {"End": True, "Type": "Pass"}}, "StartAt": "a"}
    assert asl.digest(json.loads(one)) == asl.digest(other) == asl.digest(asl.parse(one))
    assert asl.digest(other).removeprefix("sha256:").isalnum()
    assert len(asl.digest(other)) == len("sha256:") + 64


def test_the_digest_sees_every_value() -> None:
    assert asl.digest({"a": 1}) != asl.digest({"a": 2}) != asl.digest({"b": 2})
    assert asl.digest({"a": [1, 2]}) != asl.digest({"a": [2, 1]})


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ANY_JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(ANY_JSON)
def test_the_two_writers_of_canonical_json_agree(data: Any) -> None:
    assert "".join(_written(data)) == canonical(data)


def nested(depth: int) -> StateMachine:
    machine = StateMachine("s", (Pass("s"),))
    for level in range(depth):
        machine = StateMachine(f"p{level}", (Parallel(f"p{level}", branches=(machine,)),))
    return machine


def test_states_within_states_are_no_limit() -> None:
    definition = asl.render(nested(255))
    assert asl.digest(definition) == asl.digest(nested(255))
    assert asl.digest(asl.parse(definition)) == asl.digest(definition)  # comparing so deep is beyond Python's own limit
    assert asl.validate(definition) == []


def test_the_cost_is_linear() -> None:
    """Twice the states take about twice the calls; counted, not timed."""
    assert _calls(2000) < 2.2 * _calls(1000)


def _calls(length: int) -> int:
    machine = StateMachine(
        "s0", tuple(Task(f"s{n}", resource="arn:aws:states:::sqs:sendMessage", next=f"s{n + 1}") for n in range(length))
    )
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        asl.parse(asl.render(machine))
    finally:
        sys.setprofile(before)
    return count
