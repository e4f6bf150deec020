"""Tasks of several states."""

from __future__ import annotations

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import Choice, ChoiceRule, Retry, Task, Wait
from airflow_sfn_ml.asl.refs import Code, Given, Param, Ref
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.steps import TrainingStep
from airflow_sfn_ml.steps.procedure import Procedure


def endpoint(config: object) -> Procedure:
    return Procedure(
        "endpoint",
        (
            Task(
                "create",
                resource="sagemaker:createEndpoint",
                arguments=Code(("$merge([", Given(config), ", {'EndpointName': 'e'}])")),
                next="look",
            ),
            Task(
                "look",
                resource="aws-sdk:sagemaker:describeEndpoint",
                arguments={"EndpointName": "e"},
                assign={"p_seen": Code(("$states.result",))},
                next="decide",
            ),
            Choice(
                "decide",
                choices=(ChoiceRule.when(Code(("$p_seen.EndpointStatus = 'InService'",)), "done"),),
                default="wait",
            ),
            Wait("wait", seconds=30, next="look"),
            asl.Pass("done", output={"Endpoint": Code(("$p_seen",))}),
        ),
    )


def test_a_procedure_is_one_branch_of_the_tasks_name():
    retry = Retry(error_equals=("States.ALL",), max_attempts=2)
    train = Node("train", TrainingStep("train", request={"RoleArn": "r"}))
    node = Node(
        "endpoint",
        endpoint({"Ref": Ref("train", ("Training", "X")), "P": Param("endpoint", "/p")}),
        frozenset({"train"}),
        retry,
    )
    program = compile_graph([train, node])
    state = program.definition["States"]["endpoint"]
    assert state["Type"] == "Parallel"
    assert state["Output"] == "{% $states.result[0] %}"
    assert state["Retry"][-1]["MaxAttempts"] == 2
    inner = state["Branches"][0]["States"]
    assert list(inner) == ["endpoint: create", "endpoint: look", "endpoint: decide", "endpoint: wait", "endpoint: done"]
    assert inner["endpoint: create"]["Arguments"] == (
        "{% $merge([{'Ref': ($exists($t0_train.Training.X) ? $t0_train.Training.X : "
        "$error(\"endpoint needs train['Training']['X'], which is not there\")), "
        "'P': $states.context.Execution.Input.values.endpoint.`/p`}, "
        "{'EndpointName': 'e'}]) %}"
    )
    assert inner["endpoint: decide"]["Default"] == "endpoint: wait"
    assert [problem for problem in asl.validate(program.definition) if problem.severity == "error"] == []


def test_a_procedure_of_one_state_is_the_tasks_state():
    run = Task(
        "run",
        resource="glue:startJobRun.sync",
        arguments={"JobName": "j"},
        output=Code(("$states.result.Id",)),
    )
    program = compile_graph([Node("job", Procedure("job", (run,)), timeout_seconds=60)])
    state = program.definition["States"]["job"]
    assert state["Type"] == "Task"
    assert state["Resource"] == "arn:aws:states:::glue:startJobRun.sync"
    assert state["Output"] == "{% $states.result.Id %}"
    assert state["TimeoutSeconds"] == 60


def test_the_states_of_a_task_at_the_end_of_a_branch_keep_their_names():
    graph = [Node("a", endpoint({})), Node("b", endpoint({}))]
    program = compile_graph(graph)
    (parallel,) = (state for state in program.definition["States"].values() if state["Type"] == "Parallel")
    assert [list(branch["States"]) for branch in parallel["Branches"]] == [["a", "a: done (2)"], ["b", "b: done (2)"]]
    assert [problem for problem in asl.validate(program.definition) if problem.severity == "error"] == []
