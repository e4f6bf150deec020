"""From a group to AWS: which client, which state machine."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.cli.dags import Target
from airflow_sfn_ml.deploy import Machine
from airflow_sfn_ml.exceptions import DeployError


def hook_of(target: Target, arguments: Any) -> Any:
    """The hook of the group's connection, or of the one that *arguments* name instead."""
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    group = target.group
    assert group is not None
    connection = group.aws_conn_id if arguments.aws_conn_id is None else arguments.aws_conn_id or None
    own = group.hook()
    return StepFunctionsHook(
        connection, region_name=arguments.region or group.region_name, verify=group.verify, config=own._config
    )


def client_of(target: Target, arguments: Any) -> Any:
    """A boto3 client of Step Functions.

    :raises DeployError: the connection cannot be read, or says no region.
    """
    from botocore.exceptions import BotoCoreError

    try:
        return hook_of(target, arguments).conn
    except BotoCoreError as error:
        raise DeployError(f"{target.label}: {error}; see --region and --aws-conn-id") from error


def machine_of(target: Target, arguments: Any) -> Machine:
    """The state machine as the group wants it.

    :raises DeployError: the group's role is a template, which only a Dag run can render.
    :raises SfnMlError: the group cannot be compiled.
    """
    group = target.group
    assert group is not None
    role = arguments.role_arn or group.role_arn
    if not role or "{{" in role or "{%" in role:
        raise DeployError(f"{target.label}: role_arn is {role!r}, which only a Dag run can render; give --role-arn")
    return Machine.of_group(
        target.dag_id, target.group_id, target.definition, role, name=group.machine_name, tags=group.tags
    )
