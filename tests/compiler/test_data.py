"""How requests read outputs: what they come to in the interpreter of the embedded AWS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl.jsonata import parse
from airflow_sfn_ml.asl.refs import Code, Given, Param, Path, Ref, Text, refs_in
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.compiler.data import bind, refs_by_task, source, trimmed
from airflow_sfn_ml.compiler.jsonata import expression, literal, select, within
from airflow_sfn_ml.compiler.names import variable
from airflow_sfn_ml.compiler.pythonic import FUNCTIONS
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.steps import ProcessingStep

STRINGS = [
    "plain",
    "it's",
    'a "b"',
    "back\\slash",
    "a\nb\t",
    "$x",
    "é ü",
    "日本",
    "{% x %}",
    "%}",
    "\u2028",
    "\x7f",
    "`",
    "",
]


def value(request: Any, **outputs: Any) -> Any:
    """What *request* of the task ``t`` becomes when the other tasks have put out *outputs*."""
    bound = bind("t", request, {task: task for task in outputs})
    return _evaluated(bound, outputs)


def _evaluated(bound: Any, variables: dict[str, Any]) -> Any:
    states = {"states": {"context": {"Execution": {"Input": {"values": {"t": variables.pop("params", {})}}}}}}

    def leaf(item: Any) -> Any:
        if isinstance(item, str) and item.startswith("{%"):
            return evaluate(within(item), {**variables, **states})
        return item

    return asl_walk(bound, leaf)


def asl_walk(value: Any, leaf: Any) -> Any:
    if isinstance(value, dict):
        return {key: asl_walk(item, leaf) for key, item in value.items()}
    return [asl_walk(item, leaf) for item in value] if isinstance(value, list) else leaf(value)


@pytest.mark.parametrize("text", STRINGS)
def test_every_text_survives_quoting(text: str):
    code = expression(literal(text))
    assert code[:-2].count("%}") == 0
    assert evaluate(within(code), {}) == text


@pytest.mark.parametrize("key", [*STRINGS, "and", "true", "pre-process", "a.b", "0", "$"])
def test_every_key_can_be_selected(key: str):
    assert evaluate(select("$t", (key, "x")), {"t": {key: {"x": 1}}}) == 1


def test_every_function_is_jsonata():
    for text in FUNCTIONS.values():
        parse(text)


def test_a_reference_keeps_what_it_leads_to():
    for given in ([], [1], [[1]], {}, None, "x", 0, False, [{"a": []}]):
        assert value({"X": Ref("a", ("v",))}, a={"v": given}) == {"X": given}


@pytest.mark.parametrize(
    "request_",
    [
        Text(("s3://", Ref("a", ("gone",)))),
        Code(("{'X': ", Given(Ref("a", ("gone",))), "}")),
        Code((Given({"X": {"Y": [Ref("a", ("gone",))]}}),)),
        Code(("$merge([", Given(Ref("a", ("gone",))), "])")),
        Text((Ref("a", ("gone",)),)),
    ],
)
def test_a_missing_field_fails_by_name_wherever_it_stands(request_: Any):
    with pytest.raises(EvaluationError, match=r"t needs a\['gone'\], which is not there"):
        value(request_, a={"there": 1})


def test_a_missing_field_alone_is_an_error_of_the_state():
    with pytest.raises(EvaluationError, match="undefined"):
        value(Ref("a", ("gone",)), a={})


def test_what_is_below_a_skipped_tasks_output_is_missing():
    with pytest.raises(EvaluationError, match=r"t needs a\['x'\]"):
        value(Text((Ref("a", ("x",)),)), a=None)
    assert value(Ref("a"), a=None) is None


def test_an_index_is_taken_of_lists_only():
    for wrong in ("text", {"k": 1}, 5):
        with pytest.raises(EvaluationError, match=r"t needs a\['v'\]\[0\], which is not there"):
            value(Text((Ref("a", ("v", 0)),)), a={"v": wrong})
    assert value(Text((Ref("a", ("v", 0)),)), a={"v": ["x"]}) == "x"


@pytest.mark.parametrize(
    ("given", "text"),
    [("x", "x"), (True, "True"), (False, "False"), (None, "None"), (5, "5"), (-2.5, "-2.5"), (1e-4, "0.0001")],
)
def test_text_is_what_python_writes(given: Any, text: str):
    assert value(Text(("<", Ref("a"), ">")), a=given) == f"<{text}>" == f"<{given}>"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([1], "a list or an object would become text as Python writes it"),
        ({}, "a list or an object would become text"),
        (0.1 + 0.2, "has more digits than can be written exactly"),
        (1e-7, "has more digits than"),
        (10**17, "has more digits than"),
    ],
)
def test_what_python_would_write_in_another_way_fails_by_name(given: Any, told: str):
    with pytest.raises(EvaluationError, match=rf"t needs a\['v'\] as text: .*{told}"):
        value(Text(("<", Ref("a", ("v",)), ">")), a={"v": given})


def test_a_list_within_a_list_stays_one():
    request = Code((Given([Ref("a"), "x", [Ref("b")], Param("t", "/p")]),))
    assert value(request, a=[1, 2], b=[], params={"/p": [[3]]}) == [[1, 2], "x", [[]], [[3]]]


def test_text_of_several_parts_is_one_operand():
    request = Code((Given(Text(("a", Ref("a")))), " = 'ab'"))
    assert value(request, a="b") is True
    assert source("t", Text(("a", Ref("a"))), {"a": "a"}).startswith("(")


def test_variables_keep_apart_what_their_names_would_mix_up():
    names = {variable(task, depth) for task in ("count", "pre-process", "pre_process", "a.b", "é") for depth in (0, 1)}
    assert len(names) == 10
    for name in names:
        assert evaluate(f"${name} & $count([1])", {name: "x"}) == "x1"


# What is kept in variables


def kept_value(result: Any, paths: set[Path], answer: Any, *, optional: bool = False) -> Any:
    def leaf(item: Any) -> Any:
        if isinstance(item, str) and item.startswith("{%"):
            return evaluate(within(item), {"states": {"result": answer}})
        return item

    return asl_walk(trimmed(result, [Ref("a", path, optional=optional) for path in paths]), leaf)


RESULT = {"Training": "{% $states.result.S = 'Completed' ? $states.result : $error('no') %}"}
ANSWER = {"S": "Completed", "M": {"Uri": "s3://m", "Long": "x" * 1000}, "L": [{"v": 1}], "N": None}


@pytest.mark.parametrize(
    ("paths", "wanted"),
    [
        ({("Training", "M", "Uri")}, {"Training": {"M": {"Uri": "s3://m"}}}),
        ({("Training", "M", "Uri"), ("Training", "S")}, {"Training": {"M": {"Uri": "s3://m"}, "S": "Completed"}}),
        ({("Training", "M", "Uri"), ("Training", "M")}, {"Training": {"M": ANSWER["M"]}}),
        ({("Training", "L", 0, "v")}, {"Training": {"L": [{"v": 1}]}}),
        ({("Training", "N", "x")}, {"Training": {"N": {}}}),
        ({("Training", "gone", "x")}, {"Training": {"gone": {}}}),
        ({("Training", "gone")}, {"Training": {}}),
        ({("Other",)}, {}),
        ({("Training",)}, {"Training": ANSWER}),
        ({(), ("Training", "S")}, {"Training": ANSWER}),
        ({(0,)}, {"Training": ANSWER}),
    ],
)
def test_a_variable_keeps_what_is_read(paths: set[Path], wanted: Any):
    assert kept_value(RESULT, paths, ANSWER) == wanted


def test_a_whole_answer_is_cut_too():
    assert kept_value("{% $states.result %}", {("M", "Uri"), ("S",)}, ANSWER) == {
        "M": {"Uri": "s3://m"},
        "S": "Completed",
    }


def test_a_reader_of_the_whole_keeps_it_as_it_is():
    assert trimmed(RESULT, [Ref("a"), Ref("a", ("Training", "S"))]) is RESULT


def test_a_cut_output_still_fails_where_the_job_did():
    with pytest.raises(EvaluationError, match="no"):
        kept_value(RESULT, {("Training", "M", "Uri")}, {"S": "Stopped"})


def test_who_asks_whether_something_is_there_sees_lists_and_text_as_they_are():
    answer = {"L": [{"v": 1}], "T": "text", "N": None, "M": {"Uri": "u"}}
    paths: set[Path] = {("Training", key, "v") for key in "LTNMZ"}
    assert kept_value({"Training": "{% $states.result %}"}, paths, answer, optional=True) == {
        "Training": {"L": [{"v": 1}], "T": "text", "N": None, "M": {}}
    }


def test_an_optional_reference_gives_nothing_where_python_finds_nothing():
    reading = Code(("$exists(", Given(Ref("a", ("v", "x"), optional=True)), ")"))
    for given in ([{"x": 1}], "text", None, {}):
        assert value(reading, a={"v": given}) is False
    assert value(reading, a={"v": {"x": None}}) is True


def test_the_references_of_a_request_are_found_in_text_and_code():
    request = {"A": Text(("x", Ref("a", ("p",)))), "B": [Code((Given({"C": Ref("a", ("q", 0))}),))], "D": Ref("b")}
    assert refs_by_task(refs_in(request)) == {
        "a": frozenset({Ref("a", ("p",)), Ref("a", ("q", 0))}),
        "b": frozenset({Ref("b")}),
    }


def test_expressions_with_functions_are_valid_in_a_definition():
    reading = {"Environment": {"A": Text(("number ", Ref("a")["Processing"]["ProcessingJobStatus"]["x"]))}}
    made = dict(
        compile_graph(
            [
                Node("a", ProcessingStep("a", request={}), frozenset()),
                Node("b", ProcessingStep("b", request=reading), frozenset({"a"})),
            ]
        ).definition
    )
    assert [problem for problem in asl.validate(made) if problem.severity == "error"] == []
    assert "$py_text := function" in json.dumps(made)
