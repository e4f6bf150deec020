"""The task group that runs as one state machine."""

from airflow_sfn_ml.task_group.group import StateMachineTaskGroup

__all__ = ["StateMachineTaskGroup"]
