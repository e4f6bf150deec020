"""Intrinsic functions, and the JSONata that computes the same: computed by an interpreter of JSONata."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.inputs import ExecutionInput, States
from airflow_sfn_ml.inputs.expressions import jsonata_code, jsonpath_argument

jsonata = pytest.importorskip("jsonata")
EI = ExecutionInput(schema={"text": str, "number": int, "list": list, "object": dict, "json": str})
INPUT = {"text": "a-b", "number": 2, "list": [3, 1, 3], "object": {"x": 1}, "json": '{"y": [1]}'}


def computed(expression):
    found = jsonata.Jsonata(expression.to_jsonata().replace("$states.context.Execution.Input", "input"))
    found.register_lambda("parse", lambda text: __import__("json").loads(text))
    return found.evaluate({"input": INPUT})


@pytest.mark.parametrize(
    ("expression", "jsonpath", "value"),
    [
        (States.Format("s3://{}/{}/it\\'s \\{x\\}", EI["text"], EI["number"]),
         "States.Format('s3://{}/{}/it\\'s \\{x\\}', $$.Execution.Input.text, $$.Execution.Input.number)",
         "s3://a-b/2/it's {x}"),
        (States.Array(EI["text"], 1, True, None, "x"),
         "States.Array($$.Execution.Input.text, 1, true, null, 'x')", ["a-b", 1, True, None, "x"]),
        (States.ArrayContains(EI["list"], 3), "States.ArrayContains($$.Execution.Input.list, 3)", True),
        (States.ArrayLength(EI["list"]), "States.ArrayLength($$.Execution.Input.list)", 3),
        (States.ArrayUnique(EI["list"]), "States.ArrayUnique($$.Execution.Input.list)", [3, 1]),
        (States.ArrayGetItem(EI["list"], 1), "States.ArrayGetItem($$.Execution.Input.list, 1)", 1),
        (States.Base64Encode(EI["text"]), "States.Base64Encode($$.Execution.Input.text)", "YS1i"),
        (States.Base64Decode("YS1i"), "States.Base64Decode('YS1i')", "a-b"),
        (States.JsonMerge(EI["object"], {"z": 3}),
         "States.JsonMerge($$.Execution.Input.object, States.StringToJson('\\{\"z\": 3\\}'), false)", {"x": 1, "z": 3}),
        (States.StringToJson(EI["json"]), "States.StringToJson($$.Execution.Input.json)", {"y": [1]}),
        (States.JsonToString(EI["object"]), "States.JsonToString($$.Execution.Input.object)", '{"x":1}'),
        (States.MathAdd(EI["number"], 5), "States.MathAdd($$.Execution.Input.number, 5)", 7),
        (States.StringSplit(EI["text"], "-"), "States.StringSplit($$.Execution.Input.text, '-')", ["a", "b"]),
    ],
    ids=lambda value: getattr(value, "name", None),
)  # fmt: skip
def test_a_function_in_both_languages(expression, jsonpath, value):
    assert expression.to_jsonpath() == jsonpath
    assert computed(expression) == value


@pytest.mark.parametrize(
    ("expression", "jsonata"),
    [
        (States.ArrayPartition(EI["list"], 2), "$partition($states.context.Execution.Input.list, 2)"),
        (States.ArrayRange(1, 9, 2), "$range(1, 9, 2)"),
        (States.Hash(EI["text"], "SHA-256"), "$hash($states.context.Execution.Input.text, 'SHA-256')"),
        (States.UUID(), "$uuid()"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_functions_that_step_functions_adds_to_jsonata(expression, jsonata):
    assert expression.to_jsonata() == jsonata


def test_format_has_as_many_places_as_values():
    with pytest.raises(ValueError, match="another number"):
        States.Format("{} {}", 1)


def test_functions_nest():
    nested = States.Format("{}/{}", States.ArrayGetItem(EI["list"], 0), States.Hash("a", "MD5"))
    assert nested.to_jsonpath() == (
        "States.Format('{}/{}', States.ArrayGetItem($$.Execution.Input.list, 0), States.Hash('a', 'MD5'))"
    )


def test_an_object_with_placeholders_is_an_argument_of_json_text():
    value = {"a": {"b": EI["number"]}, "c": ["it's", EI["text"]]}
    assert jsonpath_argument(value) == (
        'States.StringToJson(States.Format(\'\\{"a": \\{"b": {}\\}, "c": ["it\\\'s", {}]\\}\', '
        "States.JsonToString($$.Execution.Input.number), States.JsonToString($$.Execution.Input.text)))"
    )
    assert jsonata_code({"a": [EI["number"], None]}) == "{'a': [$states.context.Execution.Input.number, null]}"
