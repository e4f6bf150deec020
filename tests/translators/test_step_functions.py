"""Executions of other machines in a group, run and compared with the operators."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.step_function import (
    StepFunctionGetExecutionOutputOperator,
    StepFunctionStartExecutionOperator,
)

from airflow_sfn_ml.history import StateStatus
from tests.local.machines import unique
from tests.translators.machines import (
    beside,
    connected,
    context,
    group_of,
    member,
    refusal,
    run,
    states,
    xcom,
)

ROLE = "arn:aws:iam::123456789012:role/states"
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"


def machine(local_aws: Any, state: dict[str, Any]) -> str:
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
    client = local_aws.client("stepfunctions")
    made = client.create_state_machine(name=unique("child"), definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


@pytest.fixture(scope="module")
def echo(local_aws: Any) -> str:
    return machine(local_aws, {"Type": "Pass", "Output": "{% $states.input %}", "End": True})


@pytest.fixture(scope="module")
def failing(local_aws: Any) -> str:
    return machine(local_aws, {"Type": "Fail", "Error": "Bad", "Cause": "by design"})


def described(local_aws: Any, arn: str) -> dict[str, Any]:
    return dict(local_aws.client("stepfunctions").describe_execution(executionArn=arn))


@pytest.mark.parametrize("given", [{"day": "{{ ds }}"}, '{"day": "{{ ds }}"}'])
def test_an_execution_is_started_with_its_input_and_its_arn_comes_back(local_aws: Any, echo: str, given: Any):
    def build() -> None:
        StepFunctionStartExecutionOperator(
            task_id="t", state_machine_arn=echo, state_machine_input=given, deferrable=True
        )

    arn = xcom(local_aws, build, context(ds="2026-01-01"))
    child = described(local_aws, arn)
    assert child["status"] == "SUCCEEDED"
    assert json.loads(child["output"]) == {"day": "2026-01-01"}


def test_the_input_may_be_an_xcom_of_an_outside_task(local_aws: Any, echo: str):
    def build(outside: Any) -> None:
        StepFunctionStartExecutionOperator(
            task_id="t", state_machine_arn=echo, state_machine_input=outside, deferrable=True
        )

    for given in ({"a": 1}, '{"a": 1}'):
        view = run(local_aws, beside(build), context({"outside": given}))
        assert json.loads(described(local_aws, view.state("t").output)["output"]) == {"a": 1}


def test_it_does_not_wait_unless_it_is_deferrable(local_aws: Any, failing: str):
    arn = xcom(local_aws, lambda: StepFunctionStartExecutionOperator(task_id="t", state_machine_arn=failing))
    assert arn.startswith("arn:aws:states:")


def test_a_child_that_fails_fails_the_task_that_waits(local_aws: Any, failing: str):
    view = run(
        local_aws,
        group_of(lambda: StepFunctionStartExecutionOperator(task_id="t", state_machine_arn=failing, deferrable=True)),
    )
    assert view.state("t").status is not StateStatus.SUCCEEDED
    assert "by design" in str(view.state("t").cause)


def test_the_name_of_an_execution_is_never_taken_twice(local_aws: Any, echo: str):
    def build() -> None:
        StepFunctionStartExecutionOperator(task_id="t", state_machine_arn=echo, name="daily", deferrable=True)

    names = {xcom(local_aws, build).rpartition(":")[2] for _ in range(2)}
    assert len(names) == 2
    assert all(name.startswith("daily-") for name in names)


def test_a_retry_starts_an_execution_of_another_name(local_aws: Any):
    child = machine(local_aws, {"Type": "Fail", "Error": "Bad"})

    def build() -> None:
        StepFunctionStartExecutionOperator(
            task_id="t",
            state_machine_arn=child,
            name="daily",
            deferrable=True,
            retries=2,
            retry_delay=timedelta(seconds=1),
        )

    view = run(local_aws, group_of(build))
    assert view.state("t").status is not StateStatus.SUCCEEDED
    listed = local_aws.client("stepfunctions").list_executions(stateMachineArn=child)["executions"]
    assert len({execution["name"] for execution in listed}) == 3


def test_a_deferrable_task_waits_as_long_as_upstreams():
    state = member(
        StepFunctionStartExecutionOperator,
        state_machine_arn=MACHINE,
        deferrable=True,
        waiter_delay=10,
        waiter_max_attempts=6,
    )
    assert state["Resource"] == "arn:aws:states:::states:startExecution.sync:2"
    assert state["TimeoutSeconds"] == 60


def test_a_redrive_is_a_call_of_its_own():
    state = member(
        StepFunctionStartExecutionOperator, state_machine_arn=MACHINE, name="n-{{ ds }}", is_redrive_execution=True
    )
    assert state["Resource"] == "arn:aws:states:::aws-sdk:sfn:redriveExecution"
    found = states(
        StepFunctionStartExecutionOperator,
        state_machine_arn=MACHINE,
        name="n",
        is_redrive_execution=True,
        deferrable=True,
    )
    assert found["redriveExecution"]["Arguments"] == {
        "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:m:n"
    }
    assert found["look"]["Resource"] == "arn:aws:states:::aws-sdk:sfn:describeExecution"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"is_redrive_execution": True}, "is_redrive_execution without a name (name the execution)"),
        ({"is_redrive_execution": "{{ params.again }}"}, "is_redrive_execution must be True or False"),
        ({"state_machine_input": "hello"}, "state_machine_input 'hello' is no JSON (write it as a dict)"),
    ],
)
def test_what_cannot_be_started_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(StepFunctionStartExecutionOperator, state_machine_arn=MACHINE, **arguments)


def test_the_output_of_an_execution_is_read_as_the_operator_reads_it(
    local_aws: Any, echo: str, failing: str, monkeypatch: pytest.MonkeyPatch
):
    client = local_aws.client("stepfunctions")
    for child in (echo, failing):
        arn = client.start_execution(stateMachineArn=child, input='{"a": [1]}')["executionArn"]
        while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
            pass
        ours = xcom(local_aws, lambda arn=arn: StepFunctionGetExecutionOutputOperator(task_id="t", execution_arn=arn))
        with connected(local_aws, monkeypatch):
            theirs = StepFunctionGetExecutionOutputOperator(task_id="t", execution_arn=arn).execute(context())
        assert ours == theirs
