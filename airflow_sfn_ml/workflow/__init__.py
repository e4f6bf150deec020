"""Workflows: create a state machine, execute it, follow it. The SDK's ``stepfunctions.workflow``; no Airflow.

boto3 is imported when a client is first needed, unless one is handed in.
"""

from airflow_sfn_ml.workflow.execution import Execution, ExecutionStatus
from airflow_sfn_ml.workflow.lists import EventsList, ExecutionsList, Html, WorkflowList
from airflow_sfn_ml.workflow.workflow import Workflow

__all__ = [
    "EventsList",
    "Execution",
    "ExecutionStatus",
    "ExecutionsList",
    "Html",
    "Workflow",
    "WorkflowList",
]
