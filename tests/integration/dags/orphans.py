"""A Dag whose machine was written as a whole, and goes on after its last task."""

from __future__ import annotations

from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup

with DAG("written_slow", schedule=None):
    StateMachineTaskGroup.from_definition(
        "g",
        {
            "QueryLanguage": "JSONata",
            "StartAt": "work",
            "States": {
                "work": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels",
                    "Arguments": {},
                    "Next": "rest",
                },
                "rest": {"Type": "Wait", "Seconds": 600, "End": True},
            },
        },
        input={"number": 1},
        role_arn="arn:aws:iam::123456789012:role/states",
    )
