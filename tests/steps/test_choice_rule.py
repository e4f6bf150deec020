"""The rules of a Choice."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import Choice, ChoiceRule, Graph, LambdaStep, Pass, Succeed

EI = ExecutionInput(schema={"text": str, "number": int})


def rules(choice, **kwargs):
    made = Graph(choice, **kwargs).to_dict()
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    return made["States"][choice.state_id]["Choices"]


def choice_of(rule, **more):
    choice = Choice("c")
    choice.add_choice(rule, Succeed("yes"), **more)
    return choice


def test_both_sides_may_be_placeholders():
    rule = ChoiceRule.NumericLessThan(EI["number"], EI["number"])
    assert rules(choice_of(rule)) == [
        {
            "Variable": "$$.Execution.Input['number']",
            "NumericLessThanPath": "$$.Execution.Input['number']",
            "Next": "yes",
        }
    ]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ChoiceRule.StringEquals("Genre", "a"), r"must start with '\$', but got 'Genre'"),
        (lambda: ChoiceRule.StringEquals("$.a", 1), "Expected value to be a String, but got 1"),
        (lambda: ChoiceRule.NumericEquals("$.a", True), "Expected value to be a Numeric"),
        (lambda: ChoiceRule.NumericEquals("$.a", "1"), "Expected value to be a Numeric"),
        (lambda: ChoiceRule.IsNull("$.a", "yes"), "Expected value to be a Is"),
        (lambda: ChoiceRule.StringEqualsPath("$.a", "b"), r"must start with '\$', but got 'b'"),
        (lambda: ChoiceRule.StringEquals("$.a", EI["number"]), "Expected value to be a String, but .* is a int"),
        (lambda: ChoiceRule.And([1]), "Rule '1' is invalid"),
        (lambda: ChoiceRule.Not("x"), "Rule 'x' is invalid"),
        (lambda: ChoiceRule.Condition("true"), "a condition is written"),
    ],
)
def test_a_rule_of_the_wrong_kind_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_computed_value_needs_jsonata():
    choice = choice_of(ChoiceRule.NumericEquals(EI["number"] + 1, 2))
    with pytest.raises(DefinitionError, match="c: .* is computed"):
        Graph(choice)
    assert rules(choice, query_language="JSONata")[0]["Condition"] == (
        "{% ($states.context.Execution.Input.number + 1) = 2 %}"
    )


@pytest.mark.parametrize(
    ("rule", "condition"),
    [
        (ChoiceRule.StringEquals("$.a.b[0]", "it's"), "$states.input.a.b[0] = \"it's\""),
        (ChoiceRule.BooleanEquals("$['a']", True), "$states.input.`a` = true"),
        (ChoiceRule.NumericGreaterThanEqualsPath("$.a", "$$.Execution.Input.n"),
         "$states.input.a >= $states.context.Execution.Input.n"),
        (ChoiceRule.IsPresent("$.a", False), "$not($exists($states.input.a))"),
        (ChoiceRule.IsNumeric("$count", True), "$type($count) = 'number'"),
        (ChoiceRule.TimestampLessThan("$.a", "2020-01-01T00:00:00Z"),
         "$toMillis($states.input.a) < $toMillis('2020-01-01T00:00:00Z')"),
        (ChoiceRule.StringMatches("$.a", "log-*.txt"), "$contains($states.input.a, /^log\\-.*\\.txt$/)"),
        (ChoiceRule.Or([ChoiceRule.IsNull("$.a", True), ChoiceRule.Not(ChoiceRule.IsString("$.a", True))]),
         "($states.input.a = null or $not($type($states.input.a) = 'string'))"),
    ],
)  # fmt: skip
def test_each_rule_is_a_condition_in_jsonata(rule, condition):
    assert rules(choice_of(rule), query_language="JSONata") == [{"Condition": f"{{% {condition} %}}", "Next": "yes"}]


def test_a_condition_makes_the_choice_jsonata():
    made = Graph(choice_of("{% $states.input.a > 1 %}", assign={"big": True})).to_dict()["States"]["c"]
    assert made["QueryLanguage"] == "JSONata"
    assert made["Choices"] == [{"Condition": "{% $states.input.a > 1 %}", "Next": "yes", "Assign": {"big": True}}]


def test_rules_read_what_the_state_before_gave():
    step = LambdaStep("l", parameters={"FunctionName": "f"})
    choice = choice_of(ChoiceRule.StringEquals(step.output()["Payload"]["status"], "ok"))
    choice.default_choice(Pass("no"))
    step.next(choice)
    made = Graph(step).to_dict()["States"]["c"]
    assert made["Choices"][0]["Variable"] == "$['Payload']['status']"
