"""`policy`: the IAM policies of a group."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK
from airflow_sfn_ml.cli.writing import write_json
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.policy import airflow_policy, execution_policy, trust_policy
from airflow_sfn_ml.exceptions import SfnMlError


def policy(arguments: Any) -> int:
    """Write the policies; one alone is written as nothing but its document."""
    bag = read(arguments)
    if not bag.targets and not bag.errors:
        raise SfnMlError("no Dag has a group that runs as a state machine")
    made = [_of(target, arguments) for target in bag.targets]
    if arguments.output == "json":
        write_json(made)
    elif len(made) == 1 and arguments.kind != "all":
        write_json(made[0][arguments.kind])
        _tell(made[0]["notes"], sys.stderr)
    else:
        for one in made:
            _write(one)
    return FAILED if tell_errors(bag) else OK


def _of(target: Target, arguments: Any) -> dict[str, Any]:
    """The policies of *target* that were asked for, and what there is to say about them."""
    group = target.group
    role = arguments.role_arn or (group.role_arn if group else None)
    region = arguments.region or (group.region_name if group else None)
    name = arguments.machine_name or (target.machine_name if group else "*")
    place = Place.of_role(role, name, region=region, account=arguments.account)
    wanted = ("execution", "trust", "airflow") if arguments.kind == "all" else (arguments.kind,)
    made: dict[str, Any] = {"dag": target.dag_id, "group": target.group_id, "notes": []}
    if "execution" in wanted:
        found = execution_policy(
            target.definition,
            place,
            job_roles=arguments.job_role,
            logging=arguments.logging,
            tracing=arguments.tracing,
        )
        made["notes"] = list(found.notes)
        made["execution"] = found.document
        if found.assumed:
            made["assumed"] = dict(found.assumed)
    if "trust" in wanted:
        made["trust"] = trust_policy(place)
    if "airflow" in wanted:
        deploys = group is None or group.deploy == "auto"
        role_arn = role if role and "{{" not in role else f"arn:{place.partition}:iam::{place.account}:role/*"
        made["airflow"] = airflow_policy(place, role_arn, deploys=deploys, resources=task_resources(target.definition))
    return made


def task_resources(definition: Any) -> list[str]:
    """The resources of all Tasks in *definition*."""
    match definition:
        case Mapping():
            own = [definition["Resource"]] if isinstance(definition.get("Resource"), str) else []
            return own + [found for item in definition.values() for found in task_resources(item)]
        case list():
            return [found for item in definition for found in task_resources(item)]
        case _:
            return []


HEADINGS = {
    "execution": "Policy of the state machine's role",
    "assumed": "Policies of the roles that its Tasks assume",
    "trust": "Trust policy of the state machine's role",
    "airflow": "Policy of Airflow's credentials",
}


def _write(made: dict[str, Any]) -> None:
    label = ".".join(part for part in (made["dag"], made["group"]) if part)
    for key, heading in HEADINGS.items():
        if key in made:
            print(f"# {label}: {heading}")
            print(json.dumps(made[key], indent=2))
    _tell(made["notes"], sys.stdout)


def _tell(notes: list[str], stream: Any) -> None:
    for note in notes:
        print(f"# note: {note}", file=stream)
