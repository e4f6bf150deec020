"""Placeholders: paths, types, schemas, and what they refuse."""

from __future__ import annotations

import copy
import pickle

import pytest

from airflow_sfn_ml.asl.refs import Ref, refs_in
from airflow_sfn_ml.inputs import (
    ContextObject,
    ExecutionInput,
    MapItemIndex,
    MapItemValue,
    States,
    StepInput,
    Variable,
)
from airflow_sfn_ml.steps import ProcessingStep, TrainingStep

SCHEMA = {"A": str, "B": {"C": int, "D": {"E": bool}}, "F": float}


def test_a_placeholder_is_a_path_in_both_languages():
    placeholder = ExecutionInput()["a"]["b-c"][0]["it's"]
    assert placeholder.to_jsonpath() == "$$.Execution.Input['a']['b-c'][0]['it\\'s']"
    assert placeholder.to_jsonata() == "$states.context.Execution.Input.a.`b-c`[0].`it's`"
    assert StepInput().to_jsonpath() == "$"
    assert Variable("count")["a"].to_jsonpath() == "$count['a']"
    assert ContextObject()["Map"]["Item"]["Index"].to_jsonpath() == "$$.Map.Item.Index"


def test_the_item_of_a_map_and_its_number():
    value = MapItemValue(schema={"name": str})
    assert value["name"].to_jsonpath() == "$$.Map.Item.Value['name']"
    assert value["name"].to_jsonata() == "$states.context.Map.Item.Value.name"
    assert (MapItemIndex() + 1).to_jsonpath() == "States.MathAdd($$.Map.Item.Index, 1)"
    with pytest.raises(ValueError, match="has no 0"):
        _ = MapItemIndex()[0]


def test_a_schema_holds_only_its_keys():
    inputs = ExecutionInput(schema=SCHEMA)
    assert inputs["B"]["D"]["E"].type is bool
    with pytest.raises(ValueError, match=r"does not conform to schema.*has no 'C'; it has 'A', 'B', 'F'"):
        _ = inputs["C"]
    with pytest.raises(ValueError, match="does not conform"):
        _ = inputs["A"]["x"]
    with pytest.raises(ValueError, match="different value type: <class 'str'>"):
        inputs.get("A", int)


def test_variables_are_made_once_and_can_be_given_a_type_later():
    inputs = ExecutionInput()
    assert inputs["a"] is inputs["a"]
    assert inputs.get("a", int) is inputs["a"]
    with pytest.raises(ValueError, match="different value type"):
        inputs.get("a", str)
    with pytest.raises(ValueError, match="only be string or integer"):
        _ = inputs[1.5]


def test_a_schema_can_be_read():
    inputs = ExecutionInput()
    inputs.get("a", int)
    inputs["b"].get("c", float)
    _ = inputs["d"]
    assert inputs.get_schema_as_dict() == {"a": int, "b": {"c": float}, "d": str}
    assert inputs.get_schema_as_json() == '{"a": "int", "b": {"c": "float"}, "d": "str"}'
    assert "\n    " in inputs.get_schema_as_json(pretty=True)


def test_a_collection_contains_its_variables():
    one, other = ExecutionInput(), ExecutionInput()
    assert one["a"]["b"] in one
    assert one.contains(one["a"]["b"])
    assert other["a"]["b"] not in one
    assert one["a"]["b"].root is one


@pytest.mark.parametrize(
    ("given", "missing", "mismatched"),
    [
        ({"A": "x", "B": {"C": 1, "D": {"E": True}}, "F": 1}, [], []),
        ({"A": "x", "B": {"C": 1, "D": {"E": True}}, "F": 1.5, "more": 0}, [], []),
        ({"A": "x", "B": {"C": True, "D": {"E": 1}}, "F": "1"}, [],
         [("B.C", int, bool), ("B.D.E", bool, int), ("F", float, str)]),
        ({"A": "x", "B": 3}, ["F"], [("B", dict, int)]),
        ({}, ["A", "B.C", "B.D.E", "F"], []),
    ],
)  # fmt: skip
def test_an_input_is_compared_with_the_schema(given, missing, mismatched):
    result = ExecutionInput(schema=SCHEMA).validate(given)
    assert result == (not missing and not mismatched, missing, mismatched)


def test_no_input_is_not_valid():
    assert ExecutionInput(schema=SCHEMA).validate(None).valid is False


def test_a_dict_is_valid_where_the_schema_says_dict():
    assert ExecutionInput(schema={"a": dict}).validate({"a": {"b": 1}}).valid


@pytest.mark.parametrize(
    "use",
    [str, "{}".format, lambda p: f"s3://{p}", list, len, int, float, lambda p: p < 3, lambda p: [*p]],
    ids=["str", "format", "f-string", "list", "len", "int", "float", "less", "star"],
)
@pytest.mark.parametrize("placeholder", [ExecutionInput()["a"], StepInput()["a"], States.UUID()], ids=repr)
def test_a_placeholder_used_as_a_value_is_refused(use, placeholder):
    with pytest.raises(TypeError, match="known only while the state machine runs"):
        use(placeholder)


def test_arithmetic_needs_to_know_what_it_adds():
    inputs = ExecutionInput(schema={"text": str, "number": int})
    assert (inputs["text"] + "/x").to_jsonata() == "($states.context.Execution.Input.text & '/x')"
    assert ("s3://" + inputs["text"]).to_jsonpath() == "States.Format('{}{}', 's3://', $$.Execution.Input.text)"
    assert (1 + inputs["number"]).to_jsonpath() == "States.MathAdd(1, $$.Execution.Input.number)"
    assert (inputs["number"] / 4 - 1).to_jsonata() == "(($states.context.Execution.Input.number / 4) - 1)"
    with pytest.raises(TypeError, match="text or numbers"):
        _ = ExecutionInput()["a"] + ExecutionInput()["b"]
    with pytest.raises(TypeError, match="is not a number"):
        _ = inputs["text"] * 2
    with pytest.raises(ValueError, match="whole numbers"):
        (inputs["number"] + 0.5).to_jsonpath()


def test_the_output_of_a_step_is_a_reference_in_a_group():
    train = TrainingStep("train", request={})
    artifacts = train.output()["ModelArtifacts"]["S3ModelArtifacts"]
    assert artifacts.to_jsonpath() == "$['ModelArtifacts']['S3ModelArtifacts']"
    assert (artifacts.task, artifacts.path) == ("train", ("Training", "ModelArtifacts", "S3ModelArtifacts"))
    assert list(refs_in({"a": [artifacts]})) == [artifacts]
    match artifacts:
        case Ref(task=task):
            assert task == "train"
        case _:
            pytest.fail("it is a Ref")
    assert ProcessingStep("p", request={"x": artifacts}).request["x"] is artifacts


def test_a_reference_survives_copying_and_pickling():
    artifacts = TrainingStep("train", request={}).output()["ModelArtifacts"]
    assert copy.deepcopy({"x": artifacts})["x"] is artifacts
    assert pickle.loads(pickle.dumps(artifacts)) == Ref("train", ("Training", "ModelArtifacts"))
    assert artifacts.serialize() == {"output_of": "train", "path": ["Training", "ModelArtifacts"]}
