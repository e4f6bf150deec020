"""From a group to AWS: which client, which state machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from airflow_sfn_ml.cli.dags import Target
from airflow_sfn_ml.deploy import Machine, machine_name
from airflow_sfn_ml.deploy.names import repair_machine_name
from airflow_sfn_ml.exceptions import DeployError

CONTEXT = "_AIRFLOW_PROCESS_CONTEXT"


def hook_of(target: Target, arguments: Any) -> Any:
    """The hook of the group's connection, or of the one that *arguments* name instead; connected.

    :raises DeployError: the connection cannot be used, or says no region.
    """
    group = target.group
    assert group is not None
    connection = group.aws_conn_id if arguments.aws_conn_id is None else arguments.aws_conn_id or None
    own = group.hook()
    return connected(
        connection,
        label=target.label,
        region_name=arguments.region or group.region_name,
        verify=group.verify,
        config=own._config,
    )


def connected(connection: str | None, *, label: str = "AWS", **settings: Any) -> Any:
    """A hook of *connection* that has a client.

    :param label: what the connection is for, for errors.
    :param settings: those of the hook.
    :raises DeployError: the connection cannot be used, or says no region.
    """
    from botocore.exceptions import BotoCoreError

    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    hook = StepFunctionsHook(connection, **settings)
    try:
        with _connections_of_the_database():
            hook.conn  # noqa: B018 - connects, and keeps the client
    except BotoCoreError as error:
        raise DeployError(f"{label}: {error}; see --region and --aws-conn-id") from error
    return hook


def client_of(target: Target, arguments: Any) -> Any:
    """A boto3 client of Step Functions.

    :raises DeployError: the connection cannot be used, or says no region.
    """
    return hook_of(target, arguments).conn


@contextlib.contextmanager
def _connections_of_the_database() -> Iterator[None]:
    """Let Airflow look for connections in its database too, as its own command ``connections`` does.

    Otherwise a process that is neither a task nor a server finds those of the environment only (Airflow 3.3.2,
    ``airflow/cli/commands/connection_command.py``).
    """
    before = os.environ.get(CONTEXT)
    os.environ[CONTEXT] = "server"
    try:
        yield
    finally:
        if before is None:
            del os.environ[CONTEXT]
        else:
            os.environ[CONTEXT] = before


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
    repair = getattr(arguments, "repair", False)
    if repair:
        name = repair_machine_name(group.machine_name or machine_name(target.dag_id, target.group_id))
        return Machine.of_group(
            target.dag_id, target.group_id, group.repair_definition, role, name=name, tags=group.tags
        )
    return Machine.of_group(
        target.dag_id, target.group_id, target.definition, role, name=group.machine_name, tags=group.tags
    )
