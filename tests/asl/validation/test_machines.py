"""The rules over machines that nobody wrote by hand, and over what AWS itself accepted or refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import Parallel, Pass, StateMachine, Task
from tests.asl.corpus import accepted, needs_corpus, recorded, refused
from tests.asl.machines import damaged, machines
from tests.asl.validation.definitions import JSONATA, JSONPATH


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(machines())
def test_nothing_is_found_in_machines_that_break_no_rule(machine: StateMachine) -> None:
    assert asl.validate(machine) == []


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(damaged(machines().map(asl.render)))
def test_no_damage_makes_the_rules_stumble(definition: dict[str, Any]) -> None:
    for problem in asl.validate(definition):
        assert problem.path.startswith("/")
        assert problem.severity in ("error", "warning")


@pytest.mark.parametrize("value", [None, True, 0, -1.5, "x", "{% ( %}", [], [[]], {}, {"a": [{}]}], ids=repr)
@pytest.mark.parametrize("definition", [JSONPATH, JSONATA], ids=["JSONPath", "JSONata"])
def test_any_value_may_stand_in_any_place(definition: dict[str, Any], value: Any) -> None:
    """Every value of the definition in turn is replaced; the rules answer, whatever they find."""
    places = 0
    todo: list[Any] = [definition]
    while todo:
        holder = todo.pop()
        for key in list(holder if isinstance(holder, dict) else range(len(holder))):
            kept = holder[key]
            holder[key] = value
            try:
                assert isinstance(asl.validate(definition), list)
            finally:
                holder[key] = kept
            places += 1
            if isinstance(kept, (dict, list)):
                todo.append(kept)
    assert places > 60


@needs_corpus
def test_nothing_that_aws_accepted_is_refused() -> None:
    definitions = [*accepted(), *recorded()]
    errors = [
        str(problem)
        for definition in definitions
        for problem in asl.validate(definition)
        if problem.severity == "error"
    ]
    assert len(definitions) > 600
    assert errors == []


@needs_corpus
def test_all_that_aws_refused_is_refused_at_the_same_place() -> None:
    for line in refused():
        found = asl.validate(line["definition"], type=line["type"])
        errors = [problem.path for problem in found if problem.severity == "error"]
        assert errors, line["aws_message"]
        # AWS names the state where the fault is in one of its fields
        assert any(path in line["aws_message"] or path.rpartition("/")[0] in line["aws_message"] for path in errors)


def chain(length: int) -> StateMachine:
    """States that each write a variable and read that of the one before."""
    states = tuple(
        Task(
            f"s{n}",
            resource="arn:aws:states:::sqs:sendMessage",
            arguments={"MessageBody": f"{{% $v{n - 1} %}}" if n else "x"},
            assign={f"v{n}": "{% $states.result %}"},
            next=f"s{n + 1}" if n + 1 < length else None,
        )
        for n in range(length)
    )
    return StateMachine("s0", states, query_language="JSONata")


def test_a_long_chain_is_checked_to_its_end() -> None:
    machine = chain(3000)
    assert asl.validate(machine) == []
    broken = StateMachine(machine.start_at, (*machine.states[:-1], Pass("s2999", output="{% $v2999 %}")), "JSONata")
    assert [(problem.path, problem.code) for problem in asl.validate(broken)] == [
        ("/States/s2999/Output", "unassigned-variable")
    ]


def test_a_variable_written_on_one_way_only_may_be_read() -> None:
    """AWS accepts it too; whether it has a value depends on the way taken."""
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Which",
        "States": {
            "Which": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input.a %}", "Assign": {"x": 1}, "Next": "End"}],
                "Default": "End",
            },
            "End": {"Type": "Succeed", "Output": "{% $x %}"},
        },
    }
    assert asl.validate(definition) == []


def test_a_loop_reads_what_its_last_turn_wrote() -> None:
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": "Turn",
        "States": {
            "Turn": {"Type": "Pass", "Output": "{% $n %}", "Assign": {"n": 1}, "Next": "Again"},
            "Again": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 3 %}", "Next": "Turn"}],
                "Default": "End",
            },
            "End": {"Type": "Succeed"},
        },
    }
    assert asl.validate(definition) == []


def test_siblings_may_have_variables_of_the_same_name() -> None:
    def branch(name: str) -> StateMachine:
        return StateMachine(name, (Pass(name, assign={"x": 1}, next=f"{name}2"), Pass(f"{name}2", output="{% $x %}")))

    machine = StateMachine("p", (Parallel("p", branches=(branch("a"), branch("b"))),), "JSONata")
    assert asl.validate(machine) == []


def test_states_inside_speak_the_language_of_the_whole_not_of_the_map_around() -> None:
    inner = {"StartAt": "i", "States": {"i": {"Type": "Pass", "Output": 1, "End": True}}}
    definition = {
        "StartAt": "m",
        "States": {"m": {"Type": "Map", "QueryLanguage": "JSONata", "ItemProcessor": inner, "End": True}},
    }
    assert [(problem.path, problem.code) for problem in asl.validate(definition)] == [
        ("/States/m/ItemProcessor/States/i/Output", "jsonata-field")
    ]
