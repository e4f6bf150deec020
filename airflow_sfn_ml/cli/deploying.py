"""`plan`, `deploy` and `versions`: what AWS has, what it would have, and making it so.

Two things can differ. A *change* is that no version of the state machine is the group's: `deploy` publishes one.
*Drift* is that someone else changed the machine after its newest version, in the console for example. Runs start
versions, so drift harms none of them; `deploy` restores the machine all the same, so that who opens it sees what runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml import asl
from airflow_sfn_ml.cli.aws import client_of, machine_of
from airflow_sfn_ml.cli.dags import Bag, Target, read, tell_errors
from airflow_sfn_ml.cli.differences import differences
from airflow_sfn_ml.cli.table import CHANGES, FAILED, OK
from airflow_sfn_ml.cli.writing import moment, write_json, write_rows
from airflow_sfn_ml.deploy import Machine, Plan, apply, machine_arn
from airflow_sfn_ml.deploy import plan as decide
from airflow_sfn_ml.deploy import read as read_actual
from airflow_sfn_ml.deploy.errors import translated
from airflow_sfn_ml.exceptions import NotDeployed, SfnMlError


@dataclass(frozen=True)
class Planned:
    """What is to be done for one group.

    :param definition_changes: how the definition of the newest version differs, line by line.
    :param drift: how the machine differs from its newest version.
    :param problem: why nothing can be done.
    """

    target: Target
    machine: Machine | None = None
    decided: Plan | None = None
    definition_changes: tuple[str, ...] = ()
    drift: tuple[str, ...] = ()
    problem: str = ""

    @property
    def action(self) -> str:
        """create, update, restore, unchanged or error."""
        if self.decided is None:
            return "error"
        if self.decided.action == "unchanged" and self.drift:
            return "restore"
        return self.decided.action


def plan(arguments: Any) -> int:
    """Show what `deploy` would do."""
    bag = read(arguments)
    planned = _plan(bag, arguments)
    _write(planned, arguments.output)
    return _status(bag, planned, CHANGES)


def deploy(arguments: Any) -> int:
    """Show the plan and carry it out; groups that cannot be deployed hinder no others."""
    bag = read(arguments)
    planned = _plan(bag, arguments)
    if arguments.dry_run:
        _write(planned, arguments.output)
        return _status(bag, planned, OK)
    if arguments.output == "table":
        _write(planned, "table")
    done = [_carry_out(one, arguments) for one in planned]
    if arguments.output == "json":
        write_json(done)
    for one in done:
        if arguments.output == "table" and one["version"]:
            print(f"{one['dag']}.{one['group']}: {one['done']}, version {one['version']}")
        if one["problem"]:
            print(f"error: {one['dag']}.{one['group']}: {one['problem']}", file=sys.stderr)
    bad = tell_errors(bag) or any(one["problem"] for one in done)
    return FAILED if bad else OK


def versions(arguments: Any) -> int:
    """List the newest versions of each group's state machine."""
    bag = read(arguments)
    rows = [row for target in bag.targets for row in _versions(target, arguments)]
    write_rows(rows, arguments.output, "no group has a published version")
    return FAILED if tell_errors(bag) else OK


def _plan(bag: Bag, arguments: Any) -> list[Planned]:
    return [_plan_one(target, arguments) for target in bag.targets]


def _plan_one(target: Target, arguments: Any) -> Planned:
    try:
        machine = machine_of(target, arguments)
        client = client_of(target, arguments)
        arn = machine_arn(client, machine)
        decided = decide(machine, read_actual(client, arn, mark=machine.mark))
        if decided.action == "create":
            return Planned(target, machine, decided)
        now, newest = _as_it_is(client, arn), _newest(client, arn)
        changes = differences(newest["definition"] if newest else now["definition"], dict(machine.definition))
        if decided.version_arn is not None:
            changes = []
        return Planned(target, machine, decided, tuple(changes), tuple(_drift(newest, now)) if newest else ())
    except SfnMlError as error:
        return Planned(target, problem=str(error))


def _as_it_is(client: Any, arn: str) -> dict[str, Any]:
    """The machine itself or one version of it: its definition and role."""
    with translated(client, "states:DescribeStateMachine", arn):
        found = client.describe_state_machine(stateMachineArn=arn)
    return {
        "definition": json.loads(found["definition"]),
        "role": found["roleArn"],
        "description": found.get("description", ""),
    }


def _newest(client: Any, arn: str) -> dict[str, Any] | None:
    found = _list_versions(client, arn, 1)
    return _as_it_is(client, found[0]["stateMachineVersionArn"]) if found else None


def _list_versions(client: Any, arn: str, most: int) -> list[dict[str, Any]]:
    with translated(client, "states:ListStateMachineVersions", arn):
        answer = client.list_state_machine_versions(stateMachineArn=arn, maxResults=most)
    return list(answer["stateMachineVersions"][:most])


def _drift(newest: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What someone else did: to the machine after its newest version, or by publishing a version of their own."""
    drift = differences(newest["definition"], now["definition"])
    if newest["role"] != now["role"]:
        drift.append(f"~ role: {newest['role']} -> {now['role']}")
    mark = str(newest["description"]).partition(" ")[0]
    if mark != asl.digest(newest["definition"]):
        drift.append("~ the newest version was not published by a deployment of this group")
    return drift


def _carry_out(planned: Planned, arguments: Any) -> dict[str, Any]:
    done = _row(planned) | {"done": "nothing", "version": planned.decided.version_arn if planned.decided else None}
    if planned.machine is None or planned.decided is None:
        return done
    try:
        client = client_of(planned.target, arguments)
        if planned.action == "restore":
            done["done"] = "restored"
            done["version"] = _restore(client, planned.machine)
        else:
            made = apply(client, planned.machine)
            done["done"] = {"create": "created", "update": "updated", "unchanged": "unchanged"}[made.action]
            done["version"] = made.version_arn
    except SfnMlError as error:
        done["problem"] = str(error)
    return done


def _restore(client: Any, machine: Machine) -> str:
    """Publish the group's definition anew, so that the machine and its newest version are the group's again."""
    arn = machine_arn(client, machine)
    with translated(client, "states:UpdateStateMachine", arn):
        answer = client.update_state_machine(
            stateMachineArn=arn,
            definition=json.dumps(machine.definition, ensure_ascii=False, separators=(",", ":")),
            roleArn=machine.role_arn,
            publish=True,
            versionDescription=machine.description,
        )
    return str(answer["stateMachineVersionArn"])


def _row(planned: Planned) -> dict[str, Any]:
    decided, machine = planned.decided, planned.machine
    return {
        "dag": planned.target.dag_id,
        "group": planned.target.group_id,
        "action": planned.action,
        "state_machine": machine.name if machine else planned.target.machine_name,
        "changes": list(decided.changes) if decided else [],
        "definition": list(planned.definition_changes),
        "drift": list(planned.drift),
        "problem": planned.problem,
    }


SIGNS = {"create": "+", "update": "~", "restore": "~", "unchanged": "=", "error": "!"}


def _write(planned: list[Planned], output: str) -> None:
    if output == "json":
        write_json([_row(one) for one in planned])
        return
    for one in planned:
        row = _row(one)
        print(f"{SIGNS[one.action]} {one.target.label}: {one.action} {row['state_machine']}")
        for change in (*row["changes"], *(f"  {line}" for line in row["definition"])):
            print(f"    {change}")
        if row["drift"]:
            print("    changed by someone else since the newest version (runs do not use it):")
        for line in row["drift"]:
            print(f"      {line}")
        for line in row["problem"].splitlines():
            print(f"    {line}")
    count = {action: sum(one.action == action for one in planned) for action in SIGNS}
    told = ", ".join(f"{number} to {action}" for action, number in count.items() if action in _ACTS and number)
    print(f"{told or 'nothing to do'}; {count['unchanged']} unchanged, {count['error']} with errors")


_ACTS = ("create", "update", "restore")


def _status(bag: Bag, planned: list[Planned], changed: int) -> int:
    if tell_errors(bag) or any(one.action == "error" for one in planned):
        return FAILED
    return changed if any(one.action in _ACTS for one in planned) else OK


def _versions(target: Target, arguments: Any) -> list[dict[str, Any]]:
    machine, client = machine_of(target, arguments), client_of(target, arguments)
    arn = machine_arn(client, machine)
    try:
        found = _list_versions(client, arn, arguments.limit)
    except NotDeployed:
        return []
    rows = []
    for version in found:
        version_arn = version["stateMachineVersionArn"]
        description = _as_it_is(client, version_arn)["description"]
        rows.append(
            {
                "dag": target.dag_id,
                "group": target.group_id,
                "version": int(version_arn.rpartition(":")[2]),
                "published": moment(version["creationDate"]),
                "current": f"{description} ".startswith(f"{machine.mark} "),
                "description": description,
                "arn": version_arn,
            }
        )
    if arguments.output == "table":
        return [{key: value for key, value in row.items() if key != "arn"} for row in rows]
    return rows
