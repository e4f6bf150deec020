"""What the tests of the translators share: a task in a group, what becomes of it, and a run of it."""

from __future__ import annotations

import json
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG, task

from airflow_sfn_ml import StateMachineTaskGroup, asl
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.history import ExecutionView, reduce

ROLE = "arn:aws:iam::123456789012:role/states"


def group_of(build: Callable[[], Any], **dag: Any) -> Any:
    """A group with the tasks that *build* makes."""
    with DAG("d", **dag), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        build()
    return group


def beside(build: Callable[[Any], Any], **dag: Any) -> Any:
    """A group with the tasks that *build* makes, which gets the XCom of a task outside, ``outside``."""
    with DAG("d", **dag):

        @task
        def outside() -> dict[str, Any]:
            return {}

        made = outside()
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            build(made)
    return group


def checked(group: Any) -> dict[str, Any]:
    """The definition of *group*: valid for us, and for the parser of the embedded AWS."""
    definition = json.loads(json.dumps(group.definition))
    wrong = [str(problem) for problem in asl.validate(definition) if problem.severity == "error"]
    assert not wrong, wrong
    parsed(definition)
    return definition


def parsed(definition: Any) -> None:
    """Let moto's parser read *definition*; it raises what it does not like."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    AmazonStateLanguageParser.parse(json.dumps(definition))


def member(cls: Any, **arguments: Any) -> dict[str, Any]:
    """The state of a task of *cls* that is alone in its group."""
    dag = arguments.pop("dag_arguments", {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = group_of(lambda: cls(task_id="t", **arguments), **dag)
        return checked(group)["States"]["t"]


def states(cls: Any, **arguments: Any) -> dict[str, Any]:
    """The states of a task of *cls* that takes several, by their short names."""
    branch = member(cls, **arguments)["Branches"][0]
    found = {name.removeprefix("t: "): state for name, state in branch["States"].items()}
    return {"begins": branch["StartAt"].removeprefix("t: "), **found}


def refusal(cls: Any, **arguments: Any) -> str:
    """What the user is told where a task of *cls* cannot be translated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        group = group_of(lambda: cls(task_id="t", **arguments))
        with pytest.raises(CompileError) as caught:
            group.compiled()
    return str(caught.value)


def warned(cls: Any, **arguments: Any) -> list[str]:
    """What the user is told that a task of *cls* loses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(group_of(lambda: cls(task_id="t", **arguments)).compiled().warnings)


class Ti(SimpleNamespace):
    """A task instance that has the XComs of tasks outside of the group."""

    def xcom_pull(self, task_ids: Any = None, key: str = "return_value", **more: Any) -> Any:
        return self.xcoms.get(task_ids)

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def context(xcoms: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    ti = Ti(
        task_id="g.start", run_id="manual", dag_id="d", map_index=-1, try_number=1, xcoms=dict(xcoms or {}), task=None
    )
    return {"ti": ti, "task_instance": ti, "task": SimpleNamespace(task_id="g.start"), "params": {}, **values}


def rendered(group: Any, values: dict[str, Any]) -> dict[str, Any]:
    """What the start task renders for *group*, where the context holds *values*."""
    return dict(group.rendered(values))


@contextmanager
def connected(aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let operators and hooks of this process talk to *aws*."""
    with monkeypatch.context() as patch:
        for name, value in aws.env().items():
            patch.setenv(name, value)
        patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws"}))
        yield


def run(aws: Any, group: Any, values: dict[str, Any] | None = None, seconds: float = 60) -> ExecutionView:
    """What became of *group* when its machine ran on *aws*."""
    import time

    client = aws.client("stepfunctions")
    definition = json.dumps(checked(group))
    machine = client.create_state_machine(name=f"t-{uuid.uuid4().hex[:12]}", definition=definition, roleArn=ROLE)
    document = group.execution_input({}, rendered(group, values or context()))
    started = client.start_execution(stateMachineArn=machine["stateMachineArn"], input=json.dumps(document))
    deadline = time.monotonic() + seconds
    while client.describe_execution(executionArn=started["executionArn"])["status"] == "RUNNING":
        assert time.monotonic() < deadline, "the execution is still running"
        time.sleep(0.05)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=started["executionArn"])
    return reduce([event for page in pages for event in page["events"]])


def xcom(aws: Any, build: Callable[[], Any], values: dict[str, Any] | None = None, seconds: float = 60) -> Any:
    """The XCom of the task ``t`` that *build* makes, run on *aws*."""
    view = run(aws, group_of(build), values, seconds)
    state = view.state("t")
    assert str(state.status) == "succeeded", (state.status, state.error, state.cause, view.error, view.cause)
    return state.output
