"""Loops of states and the time limits of tasks that take several, also run on the embedded AWS."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import Pass, State, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.compiler.limits import timed
from airflow_sfn_ml.compiler.retriers import retriers, service_retriers
from airflow_sfn_ml.steps.loops import Until, loop, tolerant
from airflow_sfn_ml.steps.procedure import Procedure

LOOK = "aws-sdk:sagemaker:describeModel"
CALL = Task("call", resource="aws-sdk:sagemaker:deleteModel", arguments={"ModelName": "x"}, next="look")


def looping(until: Until, name: str = "model", *before: State, **more: Any) -> dict[str, Any]:
    """The definition of a task that calls, looks until it is done, and puts out what it saw."""
    states = (*before, *loop(LOOK, {"ModelName": name}, until, after="done"), Pass("done", output=Code(("$p_seen",))))
    definition = dict(compile_graph([Node("t", Procedure("t", states), **more)]).definition)
    assert [str(problem) for problem in asl.validate(definition)] == []
    return definition


def inner(definition: dict[str, Any]) -> dict[str, Any]:
    (branch,) = definition["States"]["t"]["Branches"]
    return {name.removeprefix("t: "): state for name, state in branch["States"].items()}


def test_without_any_limit_nothing_keeps_the_time():
    assert "p_began" not in json.dumps(looping(Until("$p_seen.S", ("OK",)), "m", CALL))


def test_the_first_call_keeps_when_the_task_began():
    states = inner(looping(Until("$p_seen.S", ("OK",)), "m", CALL, timeout_seconds=90))
    assert next(iter(states)) == "call"
    assert states["call"]["TimeoutSeconds"] == 90
    assert states["call"]["Assign"] == {"p_began": "{% $toMillis($states.context.State.EnteredTime) %}"}
    assert states["look"]["TimeoutSeconds"].startswith("{% $max([1, $floor($min([90 - ")
    assert states["judge"]["Choices"][-1]["Next"] == "t: over"
    assert states["over"]["Cause"] == "took longer than 90 seconds, its execution_timeout"


def test_where_a_loop_comes_back_to_the_first_state_another_one_keeps_the_time():
    states = inner(looping(Until("$p_seen.S", ("OK",), limit=60), "m"))
    assert list(states)[:2] == ["begin", "look"]
    assert "Assign" in states["begin"]


def test_a_call_that_is_caught_does_not_keep_the_time():
    catch, caught = tolerant("gone", "look")
    call = Task("call", resource=CALL.resource, arguments=CALL.arguments, catch=catch, next="look")
    states = inner(looping(Until("$p_seen.S", ("OK",)), "m", call, *caught, timeout_seconds=60))
    assert list(states)[:2] == ["begin", "call"]


def test_the_tasks_limit_is_looked_at_after_success_and_before_waiting():
    states = inner(looping(Until("$p_seen.S", ("OK",), busy=("BUSY",)), "m", CALL, timeout_seconds=90))
    assert [rule["Next"] for rule in states["judge"]["Choices"]] == ["t: done", "t: over", "t: wait"]
    assert states["judge"]["Default"] == "t: failed"


def test_the_shorter_limit_of_a_call_counts():
    call = Task("a", resource=LOOK, arguments={}, timeout_seconds=30, next="b")
    first, second = timed((call, Task("b", resource=LOOK, arguments={}, timeout_seconds=20)), 60)[:2]
    assert isinstance(first, Task)
    assert isinstance(second, Task)
    assert first.timeout_seconds == 30
    assert "$min([20, 60 - " in str(second.timeout_seconds)


def test_own_retriers_come_first_and_nothing_is_named_twice():
    own = asl.Retry(error_equals=("SageMaker.AmazonSageMakerException",), max_attempts=1)
    found = retriers("sagemaker:createModel", (own,))
    assert found[0] is own
    assert [retry.error_equals for retry in found[1:]] == [("SageMaker.ResourceLimitExceededException",)]


def test_an_error_that_may_be_an_answer_is_tried_again_but_shortly():
    first, second = retriers("aws-sdk:sagemaker:deleteModel", (), caught=True)
    assert (first.error_equals, first.max_attempts) == (("SageMaker.SageMakerException",), 2)
    assert "SageMaker.ThrottlingException" in second.error_equals
    assert "SageMaker.SageMakerException" not in second.error_equals
    assert retriers("aws-sdk:glue:deleteCrawler", (), caught=True) == service_retriers("aws-sdk:glue:deleteCrawler")


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("sagemaker:createTrainingJob.sync", "SageMaker.AmazonSageMakerException"),
        ("aws-sdk:sagemaker:describeModel", "SageMaker.SageMakerException"),
        ("glue:startJobRun.sync", "Glue.ConcurrentRunsExceededException"),
        ("aws-sdk:glue:getCrawler", "Glue.ThrottlingException"),
        ("emr-serverless:startJobRun.sync", "EmrServerless.ThrottlingException"),
        ("aws-sdk:unheardof:doIt", "Unheardof.ThrottlingException"),
    ],
)
def test_throttled_calls_are_tried_again_by_the_names_of_their_service(call: str, error: str):
    assert error in [name for retry in service_retriers(call) for name in retry.error_equals]


# Runs


@pytest.fixture
def model(local_aws: Any) -> str:
    name = f"model-{uuid.uuid4().hex[:6]}"
    local_aws.client("sagemaker").create_model(
        ModelName=name, ExecutionRoleArn="arn:aws:iam::123456789012:role/r", PrimaryContainer={"Image": "i"}
    )
    return name


def ran(aws: Any, definition: dict[str, Any]) -> dict[str, Any]:
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name=f"loop-{uuid.uuid4().hex[:8]}",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/states",
    )
    arn = client.start_execution(stateMachineArn=machine["stateMachineArn"], input="{}")["executionArn"]
    deadline = time.monotonic() + 60
    while (told := client.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return dict(told)


def test_a_loop_ends_when_it_is_done(local_aws: Any, model: str):
    told = ran(local_aws, looping(Until("$p_seen.ModelName", (model,), every=1, limit=30), model))
    assert json.loads(told["output"])["ModelName"] == model


def test_a_loop_fails_with_status_and_reason(local_aws: Any, model: str):
    until = Until("$p_seen.ModelName", ("never",), failed=(model,), reason="$p_seen.ExecutionRoleArn")
    told = ran(local_aws, looping(until, model))
    assert (told["error"], told["cause"]) == (
        "JobFailed",
        f"ended as {model}: arn:aws:iam::123456789012:role/r",
    )


def test_a_loop_fails_when_its_own_time_is_over(local_aws: Any, model: str):
    told = ran(local_aws, looping(Until("$p_seen.ModelName", ("never",), every=1, limit=1), model))
    assert (told["error"], told["cause"]) == ("TimedOut", "was not done after 1 seconds")


def test_a_loop_fails_when_the_tasks_time_is_over(local_aws: Any, model: str):
    told = ran(local_aws, looping(Until("$p_seen.ModelName", ("never",), every=1), model, timeout_seconds=1))
    assert (told["error"], told["cause"]) == ("TimedOut", "took longer than 1 seconds, its execution_timeout")


def test_what_is_gone_is_a_success_and_another_error_is_not(local_aws: Any):
    gone = Until("$p_seen.ModelName", ("never",), every=1, gone="Could not find model")
    states = (*loop(LOOK, {"ModelName": "nobody"}, gone, after="done"), Pass("done", output="gone"))
    definition = dict(compile_graph([Node("t", Procedure("t", states))]).definition)
    assert json.loads(ran(local_aws, definition)["output"]) == "gone"
    other = Until("$p_seen.ModelName", ("never",), every=1, gone="something else")
    states = (*loop(LOOK, {"ModelName": "nobody"}, other, after="done"), Pass("done", output="gone"))
    definition = dict(compile_graph([Node("t", Procedure("t", states))]).definition)
    # the calls of a service that does not model throttling are tried again under its general name
    definition["States"]["t"]["Branches"][0]["States"]["t: look"]["Retry"] = []
    told = ran(local_aws, definition)
    assert told["status"] == "FAILED"
    assert "Could not find model" in told["cause"]
