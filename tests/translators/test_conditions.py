"""SageMakerConditionOperator in a group decides as it does on a worker."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
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
