"""The builders of states: fields, flow, both query languages."""

from __future__ import annotations

import logging

import pytest

from airflow_sfn_ml.asl import validate
from airflow_sfn_ml.exceptions import DefinitionError, DuplicateStatesInChain
from airflow_sfn_ml.inputs import ContextObject, ExecutionInput, States, StepResult, Variable
from airflow_sfn_ml.steps import (
    Catch,
    Chain,
    Choice,
    ChoiceRule,
    Fail,
    FrozenGraph,
    Graph,
    LambdaStep,
    Map,
    Parallel,
    Pass,
    Retry,
    Succeed,
    Task,
    Wait,
)

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"


def body(state):
    """The state's body in a definition that the language accepts."""
    made = Graph(state).to_dict()
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    return made["States"][state.state_id]


# Fields


def test_an_unknown_field_is_refused_with_what_was_meant():
    with pytest.raises(TypeError, match="Field 'paramters' is not supported. Did you mean 'parameters'?"):
        Pass("a", paramters={})


def test_a_misspelt_attribute_is_an_error_and_a_field_that_is_absent_is_none():
    state = Pass("a")
    assert state.comment is None
    with pytest.raises(AttributeError, match="coment"):
        _ = state.coment


def test_a_field_can_be_set_later_as_an_attribute():
    state = Pass("a")
    state.comment = "later"
    state.update_parameters({"x": 1})
    assert body(state) == {"Type": "Pass", "Comment": "later", "Parameters": {"x": 1}, "End": True}


def test_a_wait_says_exactly_one_moment():
    for given in ({}, {"seconds": 1, "timestamp": "2020-01-01T00:00:00Z"}):
        with pytest.raises(ValueError, match="exactly one"):
            Wait("w", **given)


def test_a_time_limit_is_a_value_or_a_path():
    with pytest.raises(ValueError, match="Only one of 'timeout_seconds'"):
        Task("t", resource=LAMBDA, timeout_seconds=1, timeout_seconds_path="$.x")


def test_fields_that_came_after_the_sdk():
    state = Task(
        "t",
        resource=LAMBDA,
        result_selector={"a.$": "$.b"},
        credentials={"RoleArn": "arn:aws:iam::123456789012:role/other"},
        assign={"kept.$": "$.b"},
        retry=Retry(error_equals=["States.ALL"], max_delay_seconds=9, jitter_strategy="FULL", comment="why"),
    )
    assert body(state) == {
        "Type": "Task",
        "Resource": LAMBDA,
        "ResultSelector": {"a.$": "$.b"},
        "Credentials": {"RoleArn": "arn:aws:iam::123456789012:role/other"},
        "Assign": {"kept.$": "$.b"},
        "Retry": [{"Comment": "why", "ErrorEquals": ["States.ALL"], "MaxDelaySeconds": 9, "JitterStrategy": "FULL"}],
        "End": True,
    }


def test_error_equals_is_a_list():
    with pytest.raises(ValueError, match="a list of names"):
        Retry(error_equals="States.ALL")


def test_a_retrier_and_a_catcher_can_be_read_alone():
    assert Retry(error_equals=["E"], max_attempts=1).to_dict() == {"ErrorEquals": ["E"], "MaxAttempts": 1}
    assert Catch(Pass("p"), error_equals=["E"], result_path=None).to_dict() == {
        "ErrorEquals": ["E"],
        "Next": "p",
        "ResultPath": None,
    }


# Placeholders where the SDK had none


EI = ExecutionInput(schema={"text": str, "number": int, "list": list, "flag": bool, "whole": dict})


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (Wait("s", seconds=EI["number"]), {"SecondsPath": "$$.Execution.Input['number']"}),
        (Wait("s", timestamp=EI["text"]), {"TimestampPath": "$$.Execution.Input['text']"}),
        (Wait("s", seconds_path=EI["number"]), {"SecondsPath": "$$.Execution.Input['number']"}),
        (Pass("s", result={"a": EI["text"]}), {"Parameters": {"a.$": "$$.Execution.Input['text']"}}),
        (Pass("s", result=EI["whole"]), {"InputPath": "$$.Execution.Input['whole']"}),
        (Pass("s", input_path=EI["whole"]), {"InputPath": "$$.Execution.Input['whole']"}),
        (
            Task("s", resource=LAMBDA, parameters=EI["whole"], timeout_seconds=EI["number"]),
            {
                "Resource": LAMBDA,
                "InputPath": "$$.Execution.Input['whole']",
                "TimeoutSecondsPath": "$$.Execution.Input['number']",
            },
        ),
        (
            Task("s", resource=LAMBDA, parameters={"args": ["--x", EI["text"], 1, {"a": 2}]}),
            {
                "Resource": LAMBDA,
                "Parameters": {
                    "args.$": "States.Array('--x', $$.Execution.Input.text, 1, States.StringToJson('\\{\"a\": 2\\}'))"
                },
            },
        ),
        (
            Task("s", resource=LAMBDA, parameters={"items": [{"name": EI["text"]}]}),
            {"Resource": LAMBDA, "Parameters": {"items": [{"name.$": "$$.Execution.Input['text']"}]}},
        ),
        (Fail("s", error="E", cause=States.Format("no {}", EI["text"])),
         {"Error": "E", "CausePath": "States.Format('no {}', $$.Execution.Input.text)"}),
        (Pass("s", parameters={"n": EI["number"] - 1}),
         {"Parameters": {"n.$": "States.MathAdd($$.Execution.Input.number, -1)"}}),
        (Pass("s", parameters={"name": ContextObject()["Execution"]["Name"], "v": Variable("count")}),
         {"Parameters": {"name.$": "$$.Execution.Name", "v.$": "$count"}}),
        (Task("s", resource=LAMBDA, result_selector={"a": StepResult()["b"]}),
         {"Resource": LAMBDA, "ResultSelector": {"a.$": "$['b']"}}),
    ],
)  # fmt: skip
def test_a_placeholder_stands_wherever_a_value_may_in_jsonpath(state, fields):
    made = Graph(state).to_dict()["States"]["s"]
    assert {key: item for key, item in made.items() if key not in ("Type", "End")} == fields


@pytest.mark.parametrize(
    ("state", "fields"),
    [
        (Wait("s", seconds=EI["number"]), {"Seconds": "{% $states.context.Execution.Input.number %}"}),
        (Wait("s", seconds_path=EI["number"]), {"Seconds": "{% $states.context.Execution.Input.number %}"}),
        (
            Pass("s", result={"a": EI["text"] + "/b"}),
            {"Output": {"a": "{% ($states.context.Execution.Input.text & '/b') %}"}},
        ),
        (
            Task("s", resource=LAMBDA, parameters=EI["whole"], result_path="$.kept"),
            {
                "Resource": LAMBDA,
                "Arguments": "{% $states.context.Execution.Input.whole %}",
                "Output": "{% $merge([$states.input, {'kept': $states.result}]) %}",
            },
        ),
        (Task("s", resource=LAMBDA, result_path=None), {"Resource": LAMBDA, "Output": "{% $states.input %}"}),
        (
            Task("s", resource=LAMBDA, arguments={"args": ["--x", EI["text"]], "half": EI["number"] / 2}),
            {
                "Resource": LAMBDA,
                "Arguments": {
                    "args": ["--x", "{% $states.context.Execution.Input.text %}"],
                    "half": "{% ($states.context.Execution.Input.number / 2) %}",
                },
            },
        ),
    ],
)
def test_the_same_state_in_a_jsonata_definition(state, fields):
    made = Graph(state, query_language="JSONata").to_dict()
    assert made["QueryLanguage"] == "JSONata"
    assert [str(problem) for problem in validate(made) if problem.severity == "error"] == []
    assert {key: item for key, item in made["States"]["s"].items() if key not in ("Type", "End")} == fields


def test_a_field_of_jsonata_makes_the_state_jsonata():
    made = Graph(Chain([Pass("a", output={"x": "{% 1 + 1 %}"}), Pass("b", result={"y": 1})])).to_dict()["States"]
    assert made["a"]["QueryLanguage"] == "JSONata"
    assert "QueryLanguage" not in made["b"]


@pytest.mark.parametrize(
    ("state", "language", "message"),
    [
        (Pass("s", input_path="$.a"), "JSONata", "s: input_path: a JSONata state does not have this field"),
        (Wait("s", seconds_path="$.a"), "JSONata", r"s: seconds_path: '\$.a' is a path"),
        (Pass("s", parameters={"a.$": "$.b"}), "JSONata", r"s: parameters: the field 'a.\$'"),
        (Task("s", resource=LAMBDA, arguments={}, query_language="JSONPath"), None, "s: arguments: only states"),
        (Wait("s", seconds=EI["number"] + 1), None, r"s: seconds: .* is computed"),
        (Pass("s", parameters={"a": EI["number"] * 2}), None, "s: parameters: .*JSONPath can only add whole numbers"),
        (Pass("s", comment=EI["text"]), None, "s: comment: .* a placeholder cannot stand here"),
        (Task("s", resource=EI["text"]), None, "s: resource: .* a placeholder cannot stand here"),
        (Task("s", resource=LAMBDA, parameters={"a": 1}, arguments={"b": 2}), "JSONata", "is written as arguments"),
    ],
)
def test_what_a_query_language_cannot_say_is_refused(state, language, message):
    with pytest.raises(DefinitionError, match=message):
        Graph(state, query_language=language)


# Flow


def test_a_state_that_goes_on_cannot_be_in_a_second_chain():
    first, second, third = Pass("a"), Pass("b"), Pass("c")
    Chain([first, second])
    with pytest.raises(DuplicateStatesInChain, match="'a' already goes on with 'b'"):
        Chain([first, third])
    assert first.next_step is second


def test_chains_may_end_in_the_same_state_and_be_made_twice():
    last, first, other = Succeed("end"), Pass("a"), Pass("b")
    Chain([first, last])
    Chain([other, last])
    Chain([first, last])
    assert (first.next_step, other.next_step) == (last, last)


def test_a_state_is_in_a_chain_once():
    state = Pass("a")
    with pytest.raises(DuplicateStatesInChain, match="already inside this chain"):
        Chain([state, Pass("b"), state])


def test_chains_within_chains_are_one_chain():
    chain = Chain([Pass("a"), Chain([Pass("b"), Pass("c")])])
    chain.append(Chain([Pass("d")]))
    assert [state.state_id for state in chain] == ["a", "b", "c", "d"]
    assert chain.state_id == "a"
    assert Graph(chain).to_dict()["States"]["c"]["Next"] == "d"


def test_a_chain_takes_a_list_and_an_empty_one_has_no_name():
    with pytest.raises(TypeError, match="list"):
        Chain(Pass("a"))
    with pytest.raises(ValueError, match="empty"):
        _ = Chain().state_id


def test_nothing_follows_an_end():
    for end in (Succeed("s"), Fail("f")):
        with pytest.raises(ValueError, match="does not support method `next`"):
            end.next(Pass("a"))


def test_only_states_that_work_retry_and_catch():
    with pytest.raises(ValueError, match="Pass state does not support retry"):
        Pass("a").add_retry(Retry(error_equals=["States.ALL"]))
    with pytest.raises(TypeError, match="expected Catch"):
        Task("t", resource=LAMBDA).add_catch([Retry(error_equals=["States.ALL"])])


def test_a_choice_in_a_chain_goes_on_with_its_default_and_says_when_that_changes(caplog):
    choice = Choice("c")
    choice.add_choice(ChoiceRule.IsPresent("$.a", True), Succeed("yes"))
    choice.default_choice(Pass("old"))
    with caplog.at_level(logging.WARNING):
        chain = Chain([choice, Pass("new")])
    assert "Overwriting c's current default_choice (old) with new" in caplog.text
    assert Graph(chain).to_dict()["States"]["c"]["Default"] == "new"


def test_all_that_is_wrong_is_said_at_once():
    parallel = Parallel("p")
    chain = Chain([Task("t"), parallel, Map("m"), Pass("x" * 81), Choice("c")])
    with pytest.raises(DefinitionError) as caught:
        Graph(chain)
    assert len(caught.value.problems) == 5
    assert [problem.partition(":")[0] for problem in caught.value.problems] == ["t", "p", "m", "x" * 81, "c"]


def test_a_name_is_unique_across_branches():
    parallel = Parallel("p")
    parallel.add_branch(Pass("same"))
    parallel.add_branch(Pass("same"))
    with pytest.raises(ValueError, match="duplicate state id 'same'"):
        Graph(parallel)


def test_a_state_is_in_one_branch_only():
    shared = Fail("shared")
    parallel = Parallel("p", catch=Catch(shared, error_equals=["States.ALL"]))
    parallel.add_branch(Task("t", resource=LAMBDA, catch=Catch(shared, error_equals=["States.ALL"])))
    with pytest.raises(DefinitionError, match="shared: the state is reached from two branches"):
        Graph(parallel)


def test_changes_after_the_graph_was_made_count():
    first = Pass("a")
    graph = Graph(first)
    first.next(Succeed("b"))
    assert list(graph.to_dict()["States"]) == ["a", "b"]
    assert graph.contains(first)


def test_a_graph_begins_with_a_state():
    with pytest.raises(ValueError, match="Expected branch to be a State or a Chain"):
        Graph({"StartAt": "a"})


def test_a_definition_that_was_written_elsewhere_stays_as_it_is():
    definition = {"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}}
    graph = FrozenGraph(definition)
    assert graph.to_dict() == definition
    assert FrozenGraph.from_json(graph.to_json()).freeze().start_at == "a"


# Map and Parallel of today


def test_a_distributed_map():
    state = Map(
        "m",
        item_processor=Pass("each"),
        processor_config={"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        item_reader={
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSON"},
            "Parameters": {"Bucket": EI["text"], "Key": "items.json"},
        },
        item_selector={"item.$": "$$.Map.Item.Value"},
        item_batcher={"MaxItemsPerBatch": 10},
        max_concurrency=EI["number"],
        tolerated_failure_percentage=5,
        label="items",
    )
    made = body(state)
    assert made["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert made["ItemReader"]["Parameters"]["Bucket.$"] == "$$.Execution.Input['text']"
    assert made["MaxConcurrencyPath"] == "$$.Execution.Input['number']"
    assert "Iterator" not in made


def test_a_map_in_jsonata_has_items_and_a_selector():
    state = Map("m", iterator=Pass("each"), items_path=EI["list"], parameters={"a": EI["text"]})
    made = Graph(state, query_language="JSONata").to_dict()["States"]["m"]
    assert made["Items"] == "{% $states.context.Execution.Input.list %}"
    assert made["ItemSelector"] == {"a": "{% $states.context.Execution.Input.text %}"}
    assert made["ItemProcessor"]["StartAt"] == "each"


def test_a_catcher_in_jsonata_keeps_the_error_beside_the_input():
    state = LambdaStep("s", arguments={"FunctionName": "f"})
    state.add_catch(Catch(Pass("p"), error_equals=["States.ALL"], result_path="$.error"))
    assert body(state)["Catch"] == [
        {
            "ErrorEquals": ["States.ALL"],
            "Output": "{% $merge([$states.input, {'error': $states.errorOutput}]) %}",
            "Next": "p",
        }
    ]
