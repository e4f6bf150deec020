"""The Dags of the tab's tests. Nothing schedules them: the tests start the executions themselves."""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup

ROLE = "arn:aws:iam::123456789012:role/states"
CALL = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels", "Arguments": {}}

MACHINE: dict[str, Any] = {
    "QueryLanguage": "JSONata",
    "StartAt": "look",
    "States": {
        "look": {**CALL, "Next": "both"},
        "both": {
            "Type": "Parallel",
            "Branches": [
                {"StartAt": "left", "States": {"left": {**CALL, "End": True}}},
                {
                    "StartAt": "each",
                    "States": {
                        "each": {
                            "Type": "Map",
                            "Items": [1, 2, 3],
                            "ItemProcessor": {"StartAt": "one", "States": {"one": {"Type": "Pass", "End": True}}},
                            "End": True,
                        }
                    },
                },
            ],
            "Next": "which",
        },
        "which": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.context.Execution.Input.fail %}", "Next": "stop"}],
            "Default": "last",
        },
        "stop": {"Type": "Fail", "Error": "Refused", "Cause": '{"reason": "too bold", "api_key": "k3y-in-a-cause"}'},
        "last": {**CALL, "End": True},
    },
}

for dag_id, connection in (("tab", "aws_default"), ("other_team", "aws_default"), ("nowhere", "nowhere")):
    with DAG(dag_id, schedule=None):
        machine = StateMachineTaskGroup.from_definition("g", MACHINE, role_arn=ROLE, aws_conn_id=connection)
        EmptyOperator(task_id="outside") >> machine

with DAG("plain", schedule=None):
    EmptyOperator(task_id="alone")
