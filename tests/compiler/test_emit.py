"""What the definition says: names, variables, guards, retriers."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from airflow_sfn_ml.asl import Retry, validate
from airflow_sfn_ml.asl.refs import WHOLE, Code, Given, Param, Ref, Text
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.compiler.jsonata import within
from airflow_sfn_ml.exceptions import CompileError, TooLarge
from airflow_sfn_ml.local.stepfunctions.jsonata import evaluate
from airflow_sfn_ml.steps import ProcessingStep, TrainingStep


def node(name: str, *upstream: str, request: Any = None, **kwargs: Any) -> Node:
    return Node(name, ProcessingStep(name, request={} if request is None else request), frozenset(upstream), **kwargs)


def definition(*nodes: Node) -> dict[str, Any]:
    made = dict(compile_graph(list(nodes)).definition)
    assert [problem for problem in validate(made) if problem.severity == "error"] == []
    return made


def test_a_task_returns_what_the_upstream_operator_pushes_and_refuses_a_stopped_job():
    state = definition(node("prepare"))["States"]["prepare"]
    assert state["Resource"] == "arn:aws:states:::sagemaker:createProcessingJob.sync"
    assert state["Output"] == {
        "Processing": "{% $states.result.ProcessingJobStatus = 'Completed' ? $states.result : "
        "$error('prepare: the job ended as ' & $states.result.ProcessingJobStatus) %}"
    }


def test_an_output_that_nobody_reads_is_not_kept():
    states = definition(node("a"), node("b", "a"))["States"]
    assert "Assign" not in states["a"]


def test_a_reference_reads_the_variable_of_its_scope():
    states = definition(node("a"), node("b", "a", request={"X": Ref("a")["Processing"]["ExitMessage"]}))["States"]
    assert list(states["a"]["Assign"]) == ["t0_a"]
    assert states["b"]["Arguments"]["X"] == "{% $t0_a.Processing.ExitMessage %}"


def test_a_branch_exports_only_what_is_used_later():
    made = definition(
        node("a"), node("b"), node("c", "a", "b", request={"X": Ref("a")["Processing"]["ProcessingJobArn"]})
    )["States"]
    parallel = made["a | b"]
    first, second = (branch["States"] for branch in parallel["Branches"])
    assert first["a: done"]["Output"] == {"a": "{% $t1_a %}", ": failures": "{% [$e1_a] %}"}
    assert second["b: done"]["Output"] == {": failures": "{% [$e1_b] %}"}
    assert parallel["Assign"]["t0_a"] == "{% $states.result[0].a %}"
    assert parallel["Arguments"] == {}
    assert parallel["Output"] == {}


def test_variables_of_nested_scopes_never_share_a_name():
    made = compile_graph(
        [
            node("a"),
            node("b", "a", request={"X": Ref("a")}),
            node("c", "a", request={"X": Ref("a")}),
            node("d"),
            node("e", "b", "c", "d", request={"B": Ref("b"), "D": Ref("d")}),
        ]
    ).definition
    assert [problem for problem in validate(dict(made)) if problem.severity == "error"] == []
    assert "$t1_a" in json.dumps(made)
    assert "t2_b" in json.dumps(made)
    assert "$t0_b" in json.dumps(made)


def test_text_around_a_reference_is_guarded_by_name():
    states = definition(
        node("a"), node("b", "a", request={"Uri": Text(("s3://", Ref("a")["Processing"]["ProcessingJobName"], "/x"))})
    )["States"]
    assert states["b"]["Arguments"]["Uri"] == (
        "{% 's3://' & ($exists($t0_a.Processing.ProcessingJobName) ? $t0_a.Processing.ProcessingJobName : "
        "$error(\"b needs a['Processing']['ProcessingJobName'], which is not there\")) & '/x' %}"
    )


def test_airflows_values_come_with_the_input():
    states = definition(node("a", request={"RoleArn": Param("a", "/RoleArn")}))["States"]
    assert states["a"]["Arguments"]["RoleArn"] == "{% $states.context.Execution.Input.values.a.`/RoleArn` %}"


def test_a_job_name_differs_by_execution_redrive_and_retry_and_fits_63_characters():
    name = definition(node("a", request={"ProcessingJobName": "my job " + "x" * 60}))["States"]["a"]["Arguments"][
        "ProcessingJobName"
    ]
    assert name.startswith("{% 'my-job-" + "x" * 33 + "-' & $substring($hash(")
    assert "RedriveCount" in name
    assert "RetryCount" in name
    assert "Execution.Id" in name


def test_a_request_that_is_wholly_an_airflow_value_still_gets_a_job_name_of_its_own():
    arguments = definition(node("a", request=Param("a", WHOLE)))["States"]["a"]["Arguments"]
    assert arguments.startswith("{% $merge([$states.context.Execution.Input.values.a.request, {'ProcessingJobName': ")


def test_a_request_that_is_computed_gets_a_job_name_of_its_own_too():
    request = Code(("$py_native(", Given(Ref("a", ("Processing",))), ", 'b: the request')"))
    arguments = definition(node("a"), node("b", "a", request=request))["States"]["b"]["Arguments"]
    variables = {"t0_a": {"Processing": {"ProcessingJobName": "my job", "RoleArn": "r"}}}
    context = {"Execution": {"Id": "x", "RedriveCount": 0}, "State": {"RetryCount": 1}}
    made = evaluate(within(arguments), {**variables, "states": {"context": context}})
    assert made["RoleArn"] == "r"
    assert re.fullmatch("my-job-[0-9a-f]{10}-0-1", made["ProcessingJobName"])
    del variables["t0_a"]["Processing"]["ProcessingJobName"]
    made = evaluate(within(arguments), {**variables, "states": {"context": context}})
    assert re.fullmatch("b-[0-9a-f]{10}-0-1", made["ProcessingJobName"])


def test_a_failing_output_cannot_rerun_a_finished_job():
    retriers = definition(node("a", retry=Retry(error_equals=("States.ALL",), max_attempts=2)))["States"]["a"]["Retry"]
    names = [retrier["ErrorEquals"] for retrier in retriers]
    assert names.index(["States.QueryEvaluationError", "States.Permissions"]) < names.index(["States.ALL"])
    assert retriers[names.index(["States.QueryEvaluationError", "States.Permissions"])]["MaxAttempts"] == 0


def test_a_task_without_a_step_is_a_pass():
    assert definition(Node("gather"))["States"]["gather"] == {"Type": "Pass", "Output": {}, "End": True}


def test_the_same_graph_has_the_same_digest_and_another_has_another():
    nodes = [node("a"), node("b", "a")]
    assert compile_graph(nodes).digest == compile_graph([node("a"), node("b", "a")]).digest
    assert compile_graph(nodes).digest != compile_graph([node("a"), node("c", "a")]).digest


def test_the_report_counts():
    report = compile_graph([node("a"), node("b"), node("c", "a", "b")]).report
    assert (report.tasks, report.transitions, report.events) == (3, 7, 2 + 3 * 6 + 3 + 3 * 2)
    assert "3 tasks, 7 transitions a run" in str(report)


def test_all_problems_are_told_at_once():
    with pytest.raises(CompileError) as told:
        compile_graph([node("a"), node("b", request={"X": Ref("a"), "Y": Ref("nobody")})])
    assert "b: reads the output of a but does not wait for it: add a >> b" in str(told.value)
    assert "b: reads the output of nobody, which is not a task of this group" in str(told.value)


def test_two_tasks_of_one_name_are_refused():
    with pytest.raises(CompileError, match="a: two tasks would have this state name"):
        compile_graph([node("a"), node("a")])


def test_an_empty_group_is_refused():
    with pytest.raises(CompileError, match="no tasks"):
        compile_graph([])


def test_a_definition_above_a_megabyte_is_refused():
    with pytest.raises(TooLarge, match="split the group in two"):
        compile_graph([node("a", request={"Environment": {"X": "y" * 1_048_577}})])


def test_another_partition_has_its_own_resources():
    made = compile_graph([Node("t", TrainingStep("t", request={}))], partition="aws-cn").definition
    assert made["States"]["t"]["Resource"].startswith("arn:aws-cn:states:::")
