"""Templates of one's own."""

from __future__ import annotations

import pytest

from airflow_sfn_ml.exceptions import DefinitionError
from airflow_sfn_ml.inputs import ExecutionInput
from airflow_sfn_ml.steps import Catch, Chain, Fail, Graph, LambdaStep, Parallel, Pass
from airflow_sfn_ml.template import Template, template


@template
def call_and_check(function, retries=1):
    """Call a function; fail with a name of our own."""
    call = LambdaStep("call", parameters={"FunctionName": function})
    call.add_catch(Catch(Fail("failed"), error_equals=["States.ALL"]))
    return Chain([call, Pass("check", parameters={"answer": call.output()["Payload"]})])


def test_a_template_stands_several_times_in_one_definition():
    both = Parallel("both")
    both.add_branch(call_and_check("one", prefix="first: "))
    both.add_branch(call_and_check(ExecutionInput()["f"], prefix="second: "))
    branches = Graph(both).to_dict()["States"]["both"]["Branches"]
    assert [list(branch["States"]) for branch in branches] == [
        ["first: call", "first: check", "first: failed"],
        ["second: call", "second: check", "second: failed"],
    ]
    assert branches[1]["States"]["second: check"]["Parameters"] == {"answer.$": "$['Payload']"}


def test_a_template_is_a_workflow_in_one_line(local_aws):
    workflow = call_and_check.workflow(
        "w", "arn:aws:iam::123456789012:role/sfn", "f", settings={"client": local_aws.client("stepfunctions")}
    )
    assert list(workflow.definition.states) == ["call", "check", "failed"]
    assert call_and_check.__doc__.startswith("Call a function")


def test_a_class_is_a_template_as_well():
    class Greeting:
        def __init__(self, who):
            self.who = who

        def chain(self):
            return Pass("greet", result=f"hello {self.who}")

    assert Template(Greeting)("you", prefix="> ").to_dict()["Result"] == "hello you"


def test_a_template_makes_new_states_each_time():
    kept = Pass("kept")
    again = Template(lambda: kept)
    assert again() is kept
    with pytest.raises(DefinitionError, match="gives the state 'kept' twice"):
        again()


def test_a_template_makes_states():
    with pytest.raises(DefinitionError, match="must give a state or a chain, not 3"):
        Template(lambda: 3)()
