"""Decide what makes AWS match. Pure: it sees two values and calls nothing.

A group runs published versions, never "the latest": UpdateStateMachine is eventually consistent, and someone may edit a
machine in the console while a Dag run is going on. A version is found by its *mark*, which stands at the head of its
description: the digest of the definition, and a short one of the role, since a version keeps its role as well.

A state machine says by its tags which group it belongs to. One that says nothing, or something else, is not touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_sfn_ml import asl
from airflow_sfn_ml.deploy.names import machine_name, tag_value
from airflow_sfn_ml.exceptions import DeployError, NotOwned

DAG_TAG = "airflow-sfn-ml:dag"
GROUP_TAG = "airflow-sfn-ml:group"
DESCRIPTION_LIMIT = 256
"""The most characters that AWS allows for the description of a version."""

Action = Literal["create", "update", "unchanged"]


@dataclass(frozen=True)
class Machine:
    """A state machine as it should be.

    :param digest: of the definition, ``sha256:<64 hex>``.
    :param tags: with the two that say whose it is.
    :param note: for people; it follows the mark in the descriptions of versions.
    """

    name: str
    definition: Mapping[str, Any] = field(repr=False)
    role_arn: str
    tags: Mapping[str, str]
    digest: str
    type: str = "STANDARD"
    note: str = ""

    @classmethod
    def of_group(
        cls,
        dag_id: str,
        group_id: str,
        definition: Mapping[str, Any],
        role_arn: str,
        *,
        name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Machine:
        """The state machine of the group *group_id* of the Dag *dag_id*."""
        owner = {DAG_TAG: tag_value(dag_id), GROUP_TAG: tag_value(group_id)}
        return cls(
            name=name or machine_name(dag_id, group_id),
            definition=definition,
            role_arn=role_arn,
            tags={**(tags or {}), **owner},
            digest=asl.digest(definition),
            note=f"dag={dag_id} group={group_id}",
        )

    @property
    def mark(self) -> str:
        """What the description of a version of exactly this machine begins with."""
        return f"{self.digest} role={hashlib.sha256(self.role_arn.encode()).hexdigest()[:12]}"

    @property
    def description(self) -> str:
        """The description of a version of this machine."""
        return f"{self.mark} {self.note}"[:DESCRIPTION_LIMIT].rstrip()

    @property
    def owner(self) -> Mapping[str, str]:
        """The tags that say whose it is."""
        return {key: self.tags[key] for key in (DAG_TAG, GROUP_TAG) if key in self.tags}


@dataclass(frozen=True)
class Version:
    """A published version."""

    arn: str
    description: str = ""


@dataclass(frozen=True)
class Actual:
    """A state machine as AWS has it.

    :param digest: of the definition that was looked at: the newest version's, or the machine's own if it has none.
    :param versions: those that were looked at, newest first.
    """

    arn: str
    digest: str
    role_arn: str
    tags: Mapping[str, str]
    versions: tuple[Version, ...] = ()
    type: str = "STANDARD"


@dataclass(frozen=True)
class Plan:
    """What is to be done.

    :param version_arn: the version to run, if it exists already.
    :param tags: those to set.
    :param changes: what differs, for people.
    """

    action: Action
    version_arn: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    changes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join([self.action, *(f"  {change}" for change in self.changes)])


def plan(desired: Machine, actual: Actual | None) -> Plan:
    """What makes *actual* match *desired*.

    :raises NotOwned: the machine belongs to another group, or to nobody that it says.
    :raises DeployError: it differs in what AWS never changes.
    """
    if actual is None:
        return Plan("create", tags=desired.tags, changes=(f"definition: {desired.digest}", f"role: {desired.role_arn}"))
    _check_owner(desired, actual)
    if actual.type != desired.type:
        raise DeployError(
            f"{actual.arn} is of type {actual.type}, which AWS cannot change to {desired.type}: delete it, or give the "
            "group another machine_name"
        )
    found = next((version.arn for version in actual.versions if marked(version, desired)), None)
    tags = {key: value for key, value in desired.tags.items() if actual.tags.get(key) != value}
    changes = [f"tag {key}: {actual.tags.get(key, 'none')} -> {value}" for key, value in tags.items()]
    if found is None:
        changes = [*_differences(desired, actual), *changes]
    return Plan("update" if changes else "unchanged", found, tags, tuple(changes))


def marked(version: Version, machine: Machine) -> bool:
    """Whether *version* is one of exactly this *machine*."""
    return f"{version.description} ".startswith(f"{machine.mark} ")


def _differences(desired: Machine, actual: Actual) -> list[str]:
    differences = []
    if actual.digest != desired.digest:
        differences.append(f"definition: {actual.digest} -> {desired.digest}")
    if actual.role_arn != desired.role_arn:
        differences.append(f"role: {actual.role_arn} -> {desired.role_arn}")
    return differences or ["version: none has this definition and role"]


def _check_owner(desired: Machine, actual: Actual) -> None:
    if not desired.owner:
        raise DeployError(f"{desired.name}: the tags {DAG_TAG} and {GROUP_TAG} are missing, which say whose it is")
    theirs = {key: actual.tags.get(key) for key in desired.owner}
    if theirs == desired.owner:
        return
    told = ", ".join(f"{key}={value}" for key, value in theirs.items() if value is not None) or "no such tag"
    adopt = " ".join(f"key={key},value='{value}'" for key, value in desired.owner.items())
    raise NotOwned(
        f"{actual.arn} exists and does not belong to this group (it says: {told}). Give the group another "
        "machine_name, or adopt it, which overwrites it: "
        f"aws stepfunctions tag-resource --resource-arn {actual.arn} --tags {adopt}"
    )
