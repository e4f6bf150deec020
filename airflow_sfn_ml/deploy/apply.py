"""Carry out a plan, with a client that is handed in.

The state machine is looked up by its ARN, which is derived: ListStateMachines is slow and throttled hard. In the usual
case, nothing changed, there are three reads: the newest version's ARN, its description with the mark, the machine's
tags. Older versions are looked at only when the newest is not the right one; a Dag that was rolled back finds its own.

Two deployers may do this at the same time. AWS then refuses one of them; it reads again and finds what the other one
made. Many may, when a backfill starts: ListStateMachineVersions has a bucket of 100 calls that one a second refills
(service quotas of Step Functions), so who is throttled waits longer than boto3 does by itself.
"""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.deploy.errors import code, translated
from airflow_sfn_ml.deploy.plan import Action, Actual, Machine, Plan, Version, plan
from airflow_sfn_ml.exceptions import DeployError, NotDeployed

RACES = frozenset({"ConflictException", "StateMachineAlreadyExists", "StateMachineDoesNotExist"})
"""What AWS answers when someone else was faster."""
THROTTLED = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"})
TRIES = 6
SEARCHED = 20
"""How many versions are looked at for the right one, newest first; beyond them a new one is published."""


@dataclass(frozen=True)
class Deployed:
    """What AWS has now.

    :param version_arn: the version to start executions of.
    """

    version_arn: str
    state_machine_arn: str
    action: Action


def apply(
    client: Any, desired: Machine, *, account: str | None = None, sleep: Callable[[float], None] = time.sleep
) -> Deployed:
    """Make AWS have *desired*, as a published version.

    :param client: boto3's ``stepfunctions`` client.
    :param account: the account of *client*, where the ARN of the role does not tell it.
    :raises NotOwned: the state machine belongs to someone else.
    :raises DefinitionError: AWS refuses the definition.
    :raises AccessDenied: the credentials lack a permission.
    :raises DeployError: anything else.
    """
    arn = machine_arn(client, desired, account)
    for number in range(TRIES):
        try:
            return _carry_out(client, arn, desired, plan(desired, read(client, arn, mark=desired.mark)))
        except DeployError as error:
            answer = code(error)
            if answer not in RACES | THROTTLED or number == TRIES - 1:
                raise
            sleep((0.2 if answer in RACES else 2.0) * 2**number * random.uniform(0.5, 1.0))
    raise AssertionError("the last try returns or raises")


def machine_arn(client: Any, machine: Machine, account: str | None = None) -> str:
    """The ARN of *machine*, in the account of its role where *account* is not given.

    :raises DeployError: neither tells the account.
    """
    role = re.fullmatch(r"arn:([^:]+):iam::(\d{12}):role/.+", machine.role_arn)
    if account is None and role is None:
        raise DeployError(f"{machine.name}: {machine.role_arn!r} is not the ARN of an IAM role")
    partition = role.group(1) if role else client.meta.partition
    number = account or (role.group(2) if role else "")
    return f"arn:{partition}:states:{client.meta.region_name}:{number}:stateMachine:{machine.name}"


def read(client: Any, arn: str, *, mark: str | None = None) -> Actual | None:
    """The state machine *arn* as AWS has it; None if there is none.

    :param mark: the mark of the version that is looked for. Older versions are read only for its sake.
    """
    newest = _versions(client, arn, 1)
    try:
        with translated(client, "states:DescribeStateMachine", arn):
            found = client.describe_state_machine(stateMachineArn=newest[0] if newest else arn)
    except NotDeployed:
        return None
    with translated(client, "states:ListTagsForResource", arn):
        tags = client.list_tags_for_resource(resourceArn=arn)["tags"]
    versions = [Version(newest[0], found.get("description", ""))] if newest else []
    if mark and versions and not versions[0].description.startswith(mark):
        versions += _older(client, arn, mark)
    return Actual(
        arn=arn,
        digest=asl.digest(json.loads(found["definition"])),
        role_arn=found["roleArn"],
        tags={tag["key"]: tag["value"] for tag in tags},
        versions=tuple(versions),
        type=found["type"],
    )


def _older(client: Any, arn: str, mark: str) -> list[Version]:
    """The versions after the newest, up to the one with *mark*."""
    versions: list[Version] = []
    for version_arn in _versions(client, arn, SEARCHED)[1:]:
        with translated(client, "states:DescribeStateMachine", version_arn):
            description = client.describe_state_machine(stateMachineArn=version_arn).get("description", "")
        versions.append(Version(version_arn, description))
        if description.startswith(mark):
            break
    return versions


def _versions(client: Any, arn: str, most: int) -> list[str]:
    """The ARNs of the newest versions; none if there is no such machine."""
    try:
        with translated(client, "states:ListStateMachineVersions", arn):
            answer = client.list_state_machine_versions(stateMachineArn=arn, maxResults=most)
    except NotDeployed:
        return []
    return [version["stateMachineVersionArn"] for version in answer["stateMachineVersions"]][:most]


def _carry_out(client: Any, arn: str, desired: Machine, decided: Plan) -> Deployed:
    version_arn = decided.version_arn
    if decided.action == "create":
        version_arn = _create(client, arn, desired)
    elif version_arn is None:
        version_arn = _update(client, arn, desired)
    if decided.action == "update" and decided.tags:
        with translated(client, "states:TagResource", arn):
            client.tag_resource(resourceArn=arn, tags=_tags(decided.tags))
    return Deployed(version_arn, arn, decided.action)


def _create(client: Any, arn: str, desired: Machine) -> str:
    with translated(client, "states:CreateStateMachine", arn):
        answer = client.create_state_machine(
            name=desired.name,
            definition=_text(desired),
            roleArn=desired.role_arn,
            type=desired.type,
            tags=_tags(desired.tags),
            publish=True,
            versionDescription=desired.description,
        )
    return str(answer["stateMachineVersionArn"])


def _update(client: Any, arn: str, desired: Machine) -> str:
    with translated(client, "states:UpdateStateMachine", arn):
        answer = client.update_state_machine(
            stateMachineArn=arn,
            definition=_text(desired),
            roleArn=desired.role_arn,
            publish=True,
            versionDescription=desired.description,
        )
    return str(answer["stateMachineVersionArn"])


def _text(machine: Machine) -> str:
    return json.dumps(machine.definition, ensure_ascii=False, separators=(",", ":"))


def _tags(tags: Any) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(tags.items())]
