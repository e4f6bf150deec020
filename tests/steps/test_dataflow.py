"""Where the output of a state can be used."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.steps import Catch, Chain, Choice, ChoiceRule, Graph, Map, Parallel, Pass, Task, Wait
from airflow_sfn_ml.steps.dataflow import illegal_placeholders

LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:f"


def task(name, parameters=None, **kwargs):
    return Task(name, resource=LAMBDA, **({} if parameters is None else {"parameters": parameters}), **kwargs)


def refused(block):
    with pytest.raises(DefinitionError) as caught:
        Graph(block)
    return str(caught.value)


def test_the_next_state_may_use_it():
    first = task("first")
    made = Graph(Chain([first, task("second", {"x": first.output()["a"][0]["b"]})])).to_dict()
    assert made["States"]["second"]["Parameters"] == {"x.$": "$['a'][0]['b']"}


@pytest.mark.parametrize(
    "between",
    [
        lambda: Wait("between", seconds=1),
        lambda: Pass("between"),
        lambda: Pass("between", result=1, result_path="$.other"),
        lambda: task("between", result_path="$.other"),
        lambda: task("between", result_path=None),
        lambda: task("between", result_path="$.a.other"),
    ],
)
def test_a_later_state_may_use_it_while_the_states_between_keep_it(between):
    first = task("first")
    assert Graph(Chain([first, between(), task("last", {"x": first.output()["a"]["kept"]})]))


@pytest.mark.parametrize(
    "between",
    [
        lambda: task("between"),
        lambda: Pass("between", result={"b": 1}),
        lambda: task("between", result_path="$.a"),
        lambda: task("between", result_path="$.other", output_path="$.other"),
        lambda: Wait("between", seconds=1, input_path="$.b"),
    ],
)
def test_a_state_after_one_that_replaced_it_cannot_use_it(between):
    first = task("first")
    told = refused(Chain([first, between(), task("last", {"x": first.output()["a"]["kept"]})]))
    assert told.startswith("State 'last' is using an illegal placeholder for the 'x' parameter: the output of 'first'")


def test_every_way_through_a_choice_counts():
    first, choice = task("first"), Choice("choice")
    last = task("last", {"x": first.output()["a"]})
    replaces = task("replaces")
    choice.add_choice(ChoiceRule.IsPresent(first.output()["a"], True), last)
    choice.default_choice(Wait("keeps", seconds=1))
    choice.default.next(last)
    assert Graph(Chain([first, choice]).steps[0])
    choice.default_choice(replaces)
    replaces.next(last)
    assert "'last' is using an illegal placeholder" in refused(first)


def test_a_catcher_replaces_the_data_unless_it_keeps_the_error_beside_it():
    for kept in (False, True):
        first = task("first")
        handler = task("handler", {"x": first.output()["a"]})
        path = {"result_path": "$.error"} if kept else {}
        second = task("second", catch=Catch(handler, error_equals=["States.ALL"], **path))
        block = Chain([first, second])
        if kept:
            assert Graph(block)
        else:
            assert "'handler' is using an illegal placeholder" in refused(block)


def test_its_own_output_is_not_its_input():
    state = task("a")
    state.update_parameters({"x": state.output()["b"]})
    assert "is its own output" in refused(state)


def test_a_choice_may_use_its_own_output_which_is_its_input():
    choice = Choice("c")
    choice.add_choice(ChoiceRule.BooleanEquals(choice.output()["done"], True), Pass("end"))
    assert Graph(choice).to_dict()["States"]["c"]["Choices"][0]["Variable"] == "$['done']"


def test_within_its_branches_and_iterations_the_output_of_a_state_is_what_they_begin_with():
    """As in the SDK's own tests of placeholders in Map and Parallel."""
    parallel, each = Parallel("p"), Map("m")
    parallel.add_branch(task("branch", {"x": parallel.output()["a"]}))
    each.attach_iterator(Chain([Pass("kept"), task("item", {"x": each.output()["a"]})]))
    states = Graph(Chain([parallel, each])).to_dict()["States"]
    assert states["p"]["Branches"][0]["States"]["branch"]["Parameters"] == {"x.$": "$['a']"}
    assert states["m"]["Iterator"]["States"]["item"]["Parameters"] == {"x.$": "$['a']"}


def test_a_state_before_it_cannot_use_it():
    last = task("last")
    assert "'first' is using" in refused(Chain([task("first", {"x": last.output()["a"]}), last]))


def test_a_loop_may_use_it_if_both_ways_bring_it():
    look, wait, choice = task("look"), Wait("wait", seconds=1), Choice("ready?")
    choice.add_choice(ChoiceRule.BooleanEquals(look.output()["done"], True), Pass("end"))
    choice.default_choice(wait)
    assert Graph(Chain([task("start"), wait, look, choice]).steps[0])


def test_branches_get_what_the_parallel_gets():
    first = task("first")
    parallel = Parallel("p")
    parallel.add_branch(task("inner", {"x": first.output()["a"]}))
    assert Graph(Chain([first, parallel]))
    parallel.update_parameters({"only": 1})
    assert "'inner' is using" in refused(first)


def test_iterations_get_an_item_instead():
    first = task("first")
    each = Map("m", items_path=first.output()["items"], iterator=task("inner", {"x": first.output()["a"]}))
    assert "'inner' is using" in refused(Chain([first, each]))


def test_placeholders_are_found_at_any_depth():
    first = task("first")
    deep = task("deep", {"a": [{"b": ["x", [first.output().get("c", str) + "/d"]]}]})
    assert "for the 'a' parameter" in refused(Chain([first, task("between"), deep]))


def test_the_check_walks_each_edge_once_for_the_placeholders_of_one_state(monkeypatch):
    """Counted, not timed: as many steps back as there are states, however many states use the same output."""
    from airflow_sfn_ml.steps import dataflow

    steps = 0
    keeps = dataflow._keeps

    def counted(*arguments):
        nonlocal steps
        steps += 1
        return keeps(*arguments)

    monkeypatch.setattr(dataflow, "_keeps", counted)
    first = task("first")
    users = [task(f"u{n}", {"x": first.output()["a"]}, result_path=None) for n in range(400)]
    assert list(illegal_placeholders(Chain([first, *users]))) == []
    assert steps <= 400
