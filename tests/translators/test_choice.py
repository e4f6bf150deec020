"""The package's own choice in a group: the rules of the language over outputs, templates and XComs."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup, task

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.asl.refs import Code, Ref
from airflow_sfn_ml.compiler.data import bind
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.steps import Choice as ChoiceState
from airflow_sfn_ml.steps import ChoiceRule as Is
from airflow_sfn_ml.steps import ChoiceStep, Graph, SdkStep, Succeed
from airflow_sfn_ml.translators.choice import condition

ROLE = "arn:aws:iam::123456789012:role/states"
WORK = ("sts", "getCallerIdentity", {})
VALUE = {"auc": 0.9, "n": 5, "name": "Fish", "done": True, "nothing": None, "when": "2026-01-02T03:04:05Z", "text": "7"}
A = Ref("a")


def holds(rule: Any) -> Any:
    """What *rule* is where the task a has put out `VALUE`; ``missing`` where it cannot be told."""
    expression = bind("choice", Code(("(", *condition(rule), ")")), {"a": "t0_a"})
    try:
        return evaluate(expression.removeprefix("{% ").removesuffix(" %}"), {"t0_a": VALUE})
    except EvaluationError as error:
        return "missing" if "is not there" in str(error) else str(error)


def out(*path: str) -> Any:
    """A part of the output of a, as a step gives it."""
    found: Any = SdkStep("a", *WORK).output()
    for key in path:
        found = found[key]
    return found


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (Is.NumericGreaterThan(out("auc"), 0.8), True),
        (Is.NumericGreaterThan(out("auc"), 0.9), False),
        (Is.NumericGreaterThanEquals(out("auc"), 0.9), True),
        (Is.NumericLessThan(out("auc"), 1), True),
        (Is.NumericLessThanEquals(out("n"), 4), False),
        (Is.NumericEquals(out("n"), 5), True),
        (Is.NumericEquals(out("text"), 7), False),
        (Is.NumericEquals(out("n"), out("auc")), False),
        (Is.StringEquals(out("name"), "Fish"), True),
        (Is.StringEquals(out("n"), "5"), False),
        (Is.StringLessThan(out("name"), "Fisi"), True),
        (Is.StringMatches(out("name"), "F*h"), True),
        (Is.StringMatches(out("name"), "f*"), False),
        (Is.StringMatches(out("n"), "*"), False),
        (Is.BooleanEquals(out("done"), True), True),
        (Is.BooleanEquals(out("n"), True), False),
        (Is.TimestampLessThan(out("when"), "2026-01-02T04:04:05+01:00"), False),
        (Is.TimestampEquals(out("when"), "2026-01-02T04:04:05+01:00"), True),
        (Is.TimestampGreaterThan(out("when"), "2025-12-31T00:00:00Z"), True),
        (Is.IsNull(out("nothing"), True), True),
        (Is.IsNull(out("n"), True), False),
        (Is.IsNull(out("n"), False), True),
        (Is.IsString(out("name"), True), True),
        (Is.IsNumeric(out("name"), True), False),
        (Is.IsBoolean(out("done"), True), True),
        (Is.IsTimestamp(out("when"), True), True),
        (Is.IsTimestamp(out("name"), True), False),
        (Is.IsPresent(out("n"), True), True),
        (Is.IsPresent(out("gone"), True), False),
        (Is.IsPresent(out("gone", "further"), False), True),
        (Is.NumericEquals(out("gone"), 1), "missing"),
        (Is.IsNull(out("gone"), True), "missing"),
        (Is.Not(Is.NumericEquals(out("n"), 5)), False),
        (Is.And([Is.NumericEquals(out("n"), 5), Is.StringEquals(out("name"), "Fish")]), True),
        (Is.And([Is.NumericEquals(out("n"), 5), Is.StringEquals(out("name"), "x"), Is.IsNull(out("n"), True)]), False),
        (Is.And([Is.IsPresent(out("gone"), True), Is.NumericEquals(out("gone"), 1)]), False),
        (Is.Or([Is.NumericEquals(out("n"), 6), Is.StringEquals(out("name"), "Fish")]), True),
        (Is.Or([Is.IsPresent(out("n"), True), Is.NumericEquals(out("gone"), 1)]), True),
        (Is.Or([Is.NumericEquals(out("n"), 6), Is.NumericEquals(out("n"), 7)]), False),
        (Is.Condition("{% 1 = 1 %}"), True),
        (Is.Condition(out("done")), True),
        (Is.Condition(out("n")), False),
    ],
    ids=repr,
)
def test_a_rule_means_what_the_language_says(rule: Any, value: Any):
    assert holds(rule) == value


def group(make: Any) -> Any:
    """A group in which *make* draws something."""
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as found:
        make(found)
    assert dag
    return found


def states(found: Any) -> dict[str, Any]:
    return dict(found.definition["States"])


def test_rules_lead_along_labels():
    def make(found: Any) -> None:
        a = found.step(SdkStep("a", *WORK))
        choice = found.choice("good", {"good": Is.NumericGreaterThan(a.result["auc"], 0.8)}, default="bad")
        deploy, retrain, tell = (found.step(SdkStep(name, *WORK)) for name in ("deploy", "retrain", "tell"))
        choice >> Label("good") >> [deploy, tell]
        choice >> Label("bad") >> retrain

    found = group(make)
    step = found.compiled().members["good"].node.step
    assert [(way.follows, way.output, way.label) for way in step.ways] == [
        (("deploy", "tell"), ["g.deploy", "g.tell"], "good"),
        (("retrain",), ["g.retrain"], "bad"),
    ]
    assert found.dag.get_task("g.good").upstream_task_ids == {"g.a"}, "it waits for what its rules read"
    assert [rule["Comment"] for rule in states(found)["good"]["Choices"]] == ["good", "bad"]


def test_rules_lead_to_tasks_and_draw_the_edges():
    def make(found: Any) -> None:
        a = found.step(SdkStep("a", *WORK))
        deploy, retrain = (found.step(SdkStep(name, *WORK)) for name in ("deploy", "retrain"))
        found.step(ChoiceStep("good", [(Is.NumericGreaterThan(a.result["auc"], 0.8), deploy)], default=retrain))
        more = found.choice("more")
        more.add_choice(Is.IsPresent(a.result["x"], True), [deploy, retrain])
        more.add_choice("{% true %}", retrain)
        more.default_choice(deploy)

    found = group(make)
    assert found.dag.get_task("g.good").downstream_task_ids == {"g.deploy", "g.retrain"}
    assert [way.output for way in found.compiled().members["more"].node.step.ways] == [
        ["g.deploy", "g.retrain"],
        ["g.retrain"],
        ["g.deploy"],
    ]


def test_a_choice_without_default_fails_where_nothing_holds():
    def make(found: Any) -> None:
        choice = found.choice("good")
        choice.add_choice("{% false %}", found.step(SdkStep("deploy", *WORK)))

    code = states(group(make))["good"]["Choices"][-1]["Output"]
    with pytest.raises(EvaluationError, match="no rule holds, and there is no default"):
        evaluate(code.removeprefix("{% ").removesuffix(" %}"), {})


def test_a_task_after_a_chosen_one_runs_and_groups_are_their_first_tasks():
    def make(found: Any) -> None:
        choice = found.choice("good")
        with TaskGroup("ways") as ways:
            first, second = (EmptyOperator(task_id=name) for name in ("first", "second"))
            first >> second
        join = EmptyOperator(task_id="join")
        choice >> ways >> join
        choice >> join
        choice.add_choice("{% true %}", ways)
        choice.default_choice(join)

    step = group(make).compiled().members["good"].node.step
    assert [(way.follows, way.output) for way in step.ways] == [
        (("join", "ways.first"), ["g.ways"]),
        (("join",), ["g.join"]),
    ]


def test_what_the_scheduler_gets_says_whom_each_id_lets_run():
    def make(found: Any) -> None:
        choice = found.choice("good", [("{% true %}", EmptyOperator(task_id="b"))], default=EmptyOperator(task_id="c"))
        choice >> EmptyOperator(task_id="joined") << found.dag.get_task("g.b")

    found = group(make)
    arguments = found.dag.get_task("g.good").start_trigger_args.trigger_kwargs
    assert arguments["follows"] == {"g.b": ["g.b", "g.joined"], "g.c": ["g.c"]}
    assert found.dag.get_task("g.b").start_trigger_args.trigger_kwargs["follows"] is None


def test_only_a_choice_before_tasks_that_wait_for_others_too_ends_on_a_worker():
    def make(found: Any) -> None:
        b, c, d, e, f, g, h = (EmptyOperator(task_id=name) for name in "bcdefgh")
        found.choice("alone", [("{% true %}", b)], default=c)
        found.choice("sure", [("{% true %}", [d, e])], default=[d, f])
        found.choice("shared", [("{% true %}", g)], default=h)
        b >> [d, g]

    dag = group(make).dag
    kwargs = {name: dag.get_task(f"g.{name}").start_trigger_args.trigger_kwargs for name in ("alone", "sure", "shared")}
    assert {name: told["ends_on_worker"] for name, told in kwargs.items()} == {
        "alone": False,
        "sure": False,
        "shared": True,
    }


def test_templates_and_xcoms_from_outside_are_read_as_what_the_rule_compares():
    with DAG("d", params={"least": 0.8}) as dag:

        @task
        def least() -> float:
            return 0.5

        asked = least()
        with StateMachineTaskGroup("g", role_arn=ROLE) as found:
            a = found.step(SdkStep("a", *WORK))
            rule = Is.And(
                [
                    Is.NumericGreaterThan("{{ ti.xcom_pull(task_ids='g.a')['auc'] }}", "{{ params.least }}"),
                    Is.NumericGreaterThan(a.result["auc"], asked),
                    Is.BooleanEquals("{{ dag_run.conf.get('go', True) }}", True),
                ]
            )
            choice = found.choice("good", [(rule, EmptyOperator(task_id="b"))], default=EmptyOperator(task_id="c"))
            a >> choice
    assert dag.get_task("g.good").upstream_task_ids == {"g.a", "least"}
    only, _ = states(found)["good"]["Choices"]
    values = dict(found.compiled().members["good"].params)
    assert len(values) == 3
    rendered = {"{{ params.least }}": "0.8", "{{ dag_run.conf.get('go', True) }}": "True"}
    document = {"good": {pointer: rendered.get(str(value), 0.5) for pointer, value in values.items()}}
    context = {"context": {"Execution": {"Input": {"values": document}}}}
    code = only["Condition"].removeprefix("{% ").removesuffix(" %}")
    (variable,) = states(found)["a"]["Assign"]
    for auc, expected in ((0.9, True), (0.7, False)):
        assert evaluate(code, {"states": context, variable: {"auc": auc}}) is expected


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda g: g.choice("good") >> EmptyOperator(task_id="b"), "good: has no rules; add_choice(rule, task)"),
        (
            lambda g: g.choice("good", {"good": Is.Condition("{% true %}")}) >> EmptyOperator(task_id="b"),
            "no edge from it has the label 'good'; draw it with >> Label('good') >> task",
        ),
        (
            lambda g: g.choice("good", [("{% true %}", EmptyOperator(task_id="b"))]) >> EmptyOperator(task_id="c"),
            "g.c comes right after it, but no rule and no default leads there",
        ),
        (
            lambda g: g.choice("good", [(Is.IsNull("$.a", True), EmptyOperator(task_id="b"))]),
            "the path '$.a' has no meaning in a group: use task.result[...]",
        ),
        (
            lambda g: g.choice("good", [(Is.NumericEquals(ExecutionInput()["a"], 1), EmptyOperator(task_id="b"))]),
            "is no value of a task: use task.result[...], a template or an XCom",
        ),
        (
            lambda g: g.choice("good", [(Is.StringMatches(out("name"), "{{ ds }}"), EmptyOperator(task_id="b"))]),
            "the pattern of StringMatches must be written out",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused(make: Any, problem: str):
    with pytest.raises(CompileError) as refused:
        states(group(make))
    assert problem in str(refused.value)


def test_a_rule_over_values_of_airflows_cannot_stand_in_a_definition():
    choice = ChoiceState("good")
    choice.add_choice(Is.NumericEquals("{{ params.a }}", 1), Succeed("yes"))
    with pytest.raises(ValueError, match="can stand in a task group only"):
        Graph(choice).to_dict()


def test_something_that_is_no_rule_is_refused_at_once():
    with pytest.raises(TypeError, match="expected a rule, got 1"):
        ChoiceStep("good", [(1, "b")])  # type: ignore[list-item]
