"""Make AWS have the state machine of a group: names, a pure plan, and the few calls that carry it out."""

from airflow_sfn_ml.deploy.apply import Deployed, apply, machine_arn, read
from airflow_sfn_ml.deploy.names import execution_name, machine_name
from airflow_sfn_ml.deploy.plan import Actual, Machine, Plan, Version, plan

__all__ = [
    "Actual",
    "Deployed",
    "Machine",
    "Plan",
    "Version",
    "apply",
    "execution_name",
    "machine_arn",
    "machine_name",
    "plan",
    "read",
]
