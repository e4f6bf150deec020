"""A group for a machine that was written as a whole: one task per state that does work."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml import StateMachineTaskGroup, asl
from airflow_sfn_ml.exceptions import CompileError, DefinitionError
from airflow_sfn_ml.steps import Chain, Graph, Pass, SqsSendMessageStep
from airflow_sfn_ml.workflow import Workflow

ROLE = "arn:aws:iam::123456789012:role/states"
SEND = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage",
    "Parameters": {"QueueUrl": "q", "MessageBody": "m"},
}
CHOICE: dict[str, Any] = {
    "StartAt": "Look at it",
    "States": {
        "Look at it": {**SEND, "ResultPath": "$.looked", "Next": "big?"},
        "big?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.size", "NumericGreaterThan": 10, "Next": "both"}],
            "Default": "small",
        },
        "both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "left", "States": {"left": {**SEND, "End": True}}},
                {"StartAt": "right", "States": {"right": {**SEND, "End": True}}},
            ],
            "Next": "done",
        },
        "small": {**SEND, "Next": "done"},
        "done": {**SEND, "End": True},
    },
}


def stored(dag: DAG) -> dict[str, Any]:
    return {t.task_id: t for t in DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks}


def test_each_state_that_works_is_a_task_and_a_parallel_is_a_group():
    with DAG("d") as dag:
        StateMachineTaskGroup.from_definition("g", CHOICE, role_arn=ROLE)
    tasks = stored(dag)
    edges = {name: t.upstream_task_ids for name, t in tasks.items()}
    assert edges == {
        "g.start": set(),
        "g.Look_at_it": {"g.start"},
        "g.both.left": {"g.Look_at_it"},
        "g.both.right": {"g.Look_at_it"},
        "g.small": {"g.Look_at_it"},
        "g.done": {"g.both.left", "g.both.right", "g.small"},
    }
    assert tasks["g.Look_at_it"].task_display_name == "Look at it"
    assert all(t.start_from_trigger for name, t in tasks.items() if name != "g.start")


def test_the_definition_is_the_users_own():
    with DAG("d"):
        group = StateMachineTaskGroup.from_definition("g", CHOICE, role_arn=ROLE)
    assert group.definition == CHOICE
    assert group.report.tasks == 5


@pytest.mark.parametrize("form", ["text", "path", "machine", "to_dict", "workflow"])
def test_a_definition_comes_in_many_forms(form: str, tmp_path: Path):
    class Graph:
        def to_dict(self) -> dict[str, Any]:
            return CHOICE

    class Workflow:
        definition = Graph()

    path = tmp_path / "machine.asl.json"
    path.write_text(json.dumps(CHOICE))
    forms = {
        "text": json.dumps(CHOICE),
        "path": path,
        "machine": asl.parse(CHOICE),
        "to_dict": Graph(),
        "workflow": Workflow(),
    }
    with DAG("d"):
        group = StateMachineTaskGroup.from_definition("g", forms[form], role_arn=ROLE)
    assert group.definition == CHOICE


def test_the_input_may_be_the_xcom_of_a_task_which_then_gates_the_start():
    with DAG("d") as dag:

        @task
        def size() -> int:
            return 3

        group = StateMachineTaskGroup.from_definition("g", CHOICE, role_arn=ROLE, input={"size": size()})
        before, after = EmptyOperator(task_id="before"), EmptyOperator(task_id="after")
        before >> group >> after
    tasks = stored(dag)
    assert tasks["g.start"].upstream_task_ids == {"before", "size"}
    assert tasks["after"].upstream_task_ids == {"g.done"}


def test_what_aws_would_refuse_is_refused_at_parse():
    broken = {**CHOICE, "StartAt": "nobody"}
    with DAG("d"), pytest.raises(DefinitionError, match="g: /StartAt"):
        StateMachineTaskGroup.from_definition("g", broken, role_arn=ROLE)


def test_a_missing_role_is_told():
    with DAG("d"):
        group = StateMachineTaskGroup.from_definition("g", CHOICE)
    with pytest.raises(CompileError, match="g: role_arn is missing"):
        group.compiled()


def test_a_chain_and_a_workflow_of_the_sdks_words_are_definitions():
    def chain() -> Chain:
        return Chain([Pass("shape"), SqsSendMessageStep("send", parameters={"QueueUrl": "q", "MessageBody": "m"})])

    for given in (chain(), Graph(chain()), Workflow("w", chain(), ROLE)):
        with DAG("d") as dag:
            group = StateMachineTaskGroup.from_definition("g", given, role_arn=ROLE)
        assert list(group.definition["States"]) == ["shape", "send"]
        assert set(dag.task_dict) == {"g.start", "g.send"}
