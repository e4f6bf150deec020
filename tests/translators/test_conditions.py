"""SageMakerConditionOperator in a group decides as it does on a worker."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.asl.refs import Ref
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.steps.decision import Decision
from airflow_sfn_ml.translators.members import read_member
from airflow_sfn_ml.translators.render import plain

FAILS = "fails"
evaluate("1", {})  # the interpreter raises Python's recursion limit once; Hypothesis minds if that is within a test


def operator(conditions: Any, **kwargs: Any) -> SageMakerConditionOperator:
    """The operator in a Dag, with two tasks after it."""
    with DAG("d"):
        before = EmptyOperator(task_id="a")
        given = {"if_task_ids": ["yes"], "else_task_ids": ["no"], "conditions": conditions, **kwargs}
        decide = SageMakerConditionOperator(task_id="decide", **given)
        before >> decide >> [EmptyOperator(task_id="yes"), EmptyOperator(task_id="no")]
    return decide


def decision(decide: Any) -> Decision:
    """What the group makes of it."""
    names = {"a": "a", "yes": "yes", "no": "no", "decide": "decide"}
    member = read_member(decide, "decide", names, "aws_default", None)
    assert not member.problems, member.problems
    assert isinstance(member.node.step, Decision)
    return member.node.step


def decided(decide: Any, output: Any = None) -> Any:
    """What the machine decides, where the task before it has put out *output*."""
    found = decision(decide)
    (expression,) = bind("decide", found.request["conditions"], {"a": "t0_a"})
    try:
        value = evaluate(expression.removeprefix("{% ").removesuffix(" %}"), {"t0_a": plain(output)})
    except EvaluationError:
        return FAILS
    return list(found.ways[0].output) if value is True else list(found.ways[1].output)


def on_a_worker(decide: Any) -> Any:
    """What the operator decides itself, with values that are rendered already."""
    try:
        return list(decide.choose_branch({}))
    except Exception:
        return FAILS


NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))
WORDS = st.sampled_from(
    [
        *("None", "true", "False", "TRUE", "", "a", "b", "B", " ", "+5", "007", "-00.5", "1_000", "_1", "1__0"),
        *(
            "5.",
            ".5",
            "-.5",
            "1e3",
            "1E-2",
            "1e",
            " 7 ",
            "7\n",
            "0x10",
            "1.5.2",
            "--1",
            "é",
            "0",
            "-0",
            "1_0.2_5",
            ".",
            "e5",
        ),
    ]
)
VALUES = st.none() | st.booleans() | NUMBERS | NUMBERS.map(str) | WORDS
COMPARISONS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["Equals", "GreaterThan", "GreaterThanOrEqualTo", "LessThan", "LessThanOrEqualTo"]),
        "left_value": VALUES,
        "right_value": VALUES,
    }
)
MEMBERSHIPS = st.fixed_dictionaries(
    {"type": st.just("In"), "value": VALUES, "in_values": st.lists(VALUES, max_size=4) | WORDS}
)
CONDITIONS = st.recursive(
    COMPARISONS | MEMBERSHIPS,
    lambda inner: (
        st.fixed_dictionaries({"type": st.just("Not"), "condition": inner})
        | st.fixed_dictionaries({"type": st.just("Or"), "conditions": st.lists(inner, max_size=3)})
    ),
    max_leaves=4,
)


def lifted(condition: Any, values: list[Any]) -> Any:
    """*condition* with each value replaced by a reference to an entry of *values*, which is filled."""
    match condition:
        case {"type": "Not", "condition": inner}:
            return {"type": "Not", "condition": lifted(inner, values)}
        case {"type": "Or", "conditions": several}:
            return {"type": "Or", "conditions": [lifted(one, values) for one in several]}
        case {"type": "In", "value": value, "in_values": list(allowed)}:
            return {"type": "In", "value": _kept(value, values), "in_values": [_kept(one, values) for one in allowed]}
        case _:
            return {key: one if key == "type" else _kept(one, values) for key, one in condition.items()}


def _kept(value: Any, values: list[Any]) -> Ref:
    values.append(value)
    return Ref("a", ("values", len(values) - 1))


@settings(max_examples=100, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=3))
def test_what_becomes_known_while_the_machine_runs_decides_as_on_a_worker(conditions: list[Any]):
    values: list[Any] = []
    later = operator([lifted(one, values) for one in conditions])
    assert decided(later, {"values": values}) == on_a_worker(operator(conditions))


@settings(max_examples=60, deadline=None)
@given(st.lists(CONDITIONS, min_size=1, max_size=2))
def test_what_is_written_out_decides_as_on_a_worker(conditions: list[Any]):
    decide = operator(conditions)
    assert decided(decide) == on_a_worker(decide)


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e21, 12345678.90123456, 5, True, "7", "fish", "True"])
def test_a_value_that_stands_alone_in_a_template_keeps_what_it_is(value: Any):
    pulled = "{{ ti.xcom_pull(task_ids='a')['x'] }}"
    decide = operator([{"type": "Equals", "left_value": pulled, "right_value": value}])
    assert decided(decide, {"x": value}) == ["yes"]


def test_a_missing_value_fails_the_task():
    decide = operator([{"type": "In", "value": Ref("a", ("gone",)), "in_values": [None]}])
    assert decided(decide, {}) == FAILS


@pytest.mark.parametrize(
    ("allowed", "outcome"), [("abc", ["yes"]), ("", ["no"]), (["b"], ["yes"]), ({"b": 1}, ["yes"])]
)
def test_allowed_values_may_be_all_that_python_can_look_through(allowed: Any, outcome: Any):
    decide = operator([{"type": "In", "value": "b", "in_values": Ref("a", ("x",))}])
    assert decided(decide, {"x": allowed}) == outcome
    assert decided(operator([{"type": "In", "value": "b", "in_values": Ref("a", ("x",))}]), {"x": 5}) == FAILS


@pytest.mark.parametrize("text", ["nan", "-inf", "Infinity"])
def test_what_json_has_no_number_for_fails_rather_than_decides(text: str):
    decide = operator([{"type": "Equals", "left_value": Ref("a", ("x",)), "right_value": 1}])
    assert decided(decide, {"x": text}) == FAILS


def test_the_flat_form_is_a_condition_too_and_without_else_a_miss_fails():
    decide = operator(None, condition_type="GreaterThan", left_value="5", right_value=3, else_task_ids=None)
    found = decision(decide)
    assert next(way.output for way in found.ways) == ["yes"]
    (failing,) = [way.output for way in found.ways[1:]]
    with pytest.raises(EvaluationError, match="Condition check failed in task 'decide'"):
        evaluate(str(bind("decide", failing, {})).removeprefix("{% ").removesuffix(" %}"), {})


def test_labels_and_groups_are_known():
    with DAG("d"):
        decide = SageMakerConditionOperator(
            task_id="decide",
            conditions=[EQUAL],
            if_task_ids=["ways"],
            else_task_ids="no",
            render_template_as_native_obj=True,
        )
        with TaskGroup("ways"):
            first = EmptyOperator(task_id="first")
            first >> EmptyOperator(task_id="second")
        decide >> first
        decide >> Label("bad") >> EmptyOperator(task_id="no")
    names = {"decide": "decide", "ways.first": "ways.first", "ways.second": "ways.second", "no": "no"}
    member = read_member(decide, "decide", names, "aws_default", None)
    assert isinstance(member.node.step, Decision)
    assert [(way.follows, way.output, way.label) for way in member.node.step.ways] == [
        (("ways.first",), ["ways"], ""),
        (("no",), ["no"], "bad"),
    ]


EQUAL = {"type": "Equals", "left_value": 1, "right_value": 1}


@pytest.mark.parametrize(
    ("conditions", "more", "problem"),
    [
        ([EQUAL], {"if_task_ids": "{{ params.go }}"}, "if_task_ids must be written out"),
        ([EQUAL], {"else_task_ids": ["a"]}, "else_task_ids names a, which does not come right after it; draw the edge"),
        ([EQUAL], {"if_task_ids": "typo"}, "if_task_ids names typo, which does not come right after it"),
        ("{{ params.conditions }}", {}, "conditions must be written out as a list"),
        ([{"type": "And", "conditions": []}], {}, "is none of Equals, GreaterThan"),
        ([{"type": "Not"}], {}, "a condition of type Not lacks condition"),
        ([{**EQUAL, "left_value": "nan"}], {}, "a state machine cannot compare with 'nan'"),
        ([{**EQUAL, "left_value": 2**53 + 1}], {}, "exactly: its numbers have 53 bits"),
        (
            [{"type": "In", "value": 1, "in_values": "{{ ti.xcom_pull(task_ids='a') }}"}],
            {},
            "in_values is a template of an XCom, which Airflow renders to text",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(conditions: Any, more: dict[str, Any], problem: str):
    member = read_member(operator(conditions, **more), "decide", {"a": "a", "decide": "decide"}, "aws_default", None)
    assert any(problem in told for told in member.problems), member.problems


def test_a_subclass_that_decides_in_its_own_way_is_refused():
    class Own(SageMakerConditionOperator):
        def choose_branch(self, context: Any) -> list[str]:
            return ["yes"]

    with DAG("d"):
        decide = Own(task_id="decide", conditions=[EQUAL], if_task_ids="yes")
        decide >> EmptyOperator(task_id="yes")
    member = read_member(decide, "decide", {"decide": "decide", "yes": "yes"}, "aws_default", None)
    assert any("Own has its own choose_branch, so what it decides is not known" in told for told in member.problems)
