"""Make AWS match a group, and find the version that runs it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy import Machine, apply, machine_arn, machine_name, plan, read
from airflow_sfn_ml.deploy.names import repair_machine_name
from airflow_sfn_ml.exceptions import DeployError, NotDeployed

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.base import MachineGroup

log = logging.getLogger(__name__)


def machine_of(group: MachineGroup, role_arn: str, *, repair: bool = False) -> Machine:
    """The state machine of *group*, or the one that repairs its executions."""
    dag_id, group_id = group.dag.dag_id, str(group.group_id)
    name = group.machine_name or machine_name(dag_id, group_id)
    return Machine.of_group(
        dag_id,
        group_id,
        group.repair_definition if repair else group.definition,
        role_arn,
        name=repair_machine_name(name) if repair else name,
        tags=group.tags,
    )


def deployed_machine(group: MachineGroup, role_arn: str | None, hook: Any) -> str:
    """The ARN of the state machine of *group*, whether it is there or not.

    :raises DeployError: the role is missing.
    """
    return machine_arn(hook.conn, machine_of(group, _checked(group, role_arn)))


def deployed_version(group: MachineGroup, role_arn: str | None, *, repair: bool = False) -> str:
    """The ARN of the version whose definition is that of *group*; deployed now if the group's ``deploy`` is ``auto``.

    :param repair: the version that repairs the group's executions instead.
    :raises NotDeployed: ``deploy`` is ``never`` and AWS has no such version.
    :raises NotOwned: the state machine of that name is not this group's.
    :raises DeployError: anything else that AWS refuses.
    """
    machine = machine_of(group, _checked(group, role_arn), repair=repair)
    client = group.hook().conn
    if group.deploy == "auto":
        done = apply(client, machine)
        log.info("State machine %s: %s, running version %s", machine.name, done.action, done.version_arn)
        return done.version_arn
    decided = plan(machine, read(client, machine_arn(client, machine), mark=machine.mark))
    if decided.version_arn is None:
        raise NotDeployed(
            f"{group.group_id}: the state machine {machine.name} has no version with this definition and role "
            f"({'; '.join(decided.changes)}), and deploy is 'never'. Deploy it, or set deploy='auto'"
        )
    return decided.version_arn


def _checked(group: MachineGroup, role_arn: str | None) -> str:
    if not role_arn:
        raise DeployError(f"{group.group_id}: role_arn rendered to nothing")
    return role_arn
