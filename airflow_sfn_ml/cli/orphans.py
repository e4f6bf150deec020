"""`orphans`: executions that run although no Dag run needs them any more.

Tasks that follow an execution stop it when they are meant to. What is left over is what nobody follows: a Dag run that
was marked a success or deleted, a triggerer that was gone for good, an execution that a later one has taken the place
of. Each costs money until it ends by itself.

What runs is asked of AWS, machine by machine; whose it is, its input tells; and Airflow's database, what became of the
Dag run. Nothing is taken for an orphan that may just have been started.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_sfn_ml.cli.aws import connected, hook_of
from airflow_sfn_ml.cli.belonging import Belonging, whose, why_orphan
from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK, RUNNING
from airflow_sfn_ml.cli.writing import write_rows
from airflow_sfn_ml.deploy.names import repair_machine_name
from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.plan import DAG_TAG, GROUP_TAG
from airflow_sfn_ml.exceptions import DeployError, ExecutionError, NotDeployed
from airflow_sfn_ml.history import reduce

ERROR = "Airflow.Orphaned"


@dataclass(frozen=True)
class Machine:
    """A state machine that may have orphans.

    :param start_task_id: of the group whose machine it is, as far as the Dags tell.
    """

    hook: Any
    arn: str
    dag_id: str
    group_id: str
    start_task_id: str


@dataclass(frozen=True)
class Orphan:
    """An execution that nobody needs."""

    hook: Any
    arn: str
    whose: Belonging
    since: datetime
    why: str
    jobs: tuple[str, ...]

    def row(self) -> dict[str, Any]:
        """How it is shown."""
        return {
            "dag": self.whose.dag_id,
            "group": self.whose.group_id,
            "run": self.whose.run_id,
            "execution": self.arn,
            "since": self.since,
            "why": self.why,
            "jobs": list(self.jobs),
        }


def orphans(arguments: Any) -> int:
    """List orphans, and stop them if that is asked for."""
    bag = read(arguments)
    grace = timedelta(seconds=arguments.grace)
    found = [orphan for machine in _machines(bag.targets, arguments) for orphan in _of(machine, grace)]
    rows = [orphan.row() for orphan in found]
    status = RUNNING if found else OK
    if found and arguments.stop and _agreed(found, arguments):
        over = [_stop(orphan) for orphan in found]
        rows = [row | {"stopped": stopped} for row, stopped in zip(rows, over, strict=True)]
        status = OK if all(over) else FAILED
    write_rows(rows, arguments.output, "nothing runs that no Dag run needs")
    return FAILED if tell_errors(bag) else status


def _machines(targets: Iterable[Target], arguments: Any) -> Iterator[Machine]:
    """The machines of the groups and those that repair their executions, then whatever else says that it is ours."""
    known = set()
    for target in targets:
        assert target.group is not None
        hook = hook_of(target, arguments)
        for name in (target.machine_name, repair_machine_name(target.machine_name)):
            machine = Machine(hook, _machine_arn(hook, target, arguments, name), *_of_group(target))
            known.add(machine.arn)
            yield machine
    if arguments.all:
        hook = connected(
            "aws_default" if arguments.aws_conn_id is None else arguments.aws_conn_id or None,
            region_name=arguments.region,
        )
        yield from (machine for machine in _tagged(hook) if machine.arn not in known)


def _of_group(target: Target) -> tuple[str, str, str]:
    assert target.group is not None
    return target.dag_id, target.group_id, target.group.start_task_id


def _machine_arn(hook: Any, target: Target, arguments: Any, name: str) -> str:
    """The ARN of the machine *name* in the account of the group's role, or of the credentials if that is a template."""
    assert target.group is not None
    place = Place.of_role(arguments.role_arn or target.group.role_arn, name, region=hook.conn.meta.region_name)
    if place.account == "*":
        place = replace(place, account=hook.client_of("sts").get_caller_identity()["Account"])
    return place.machine_arn


def _tagged(hook: Any) -> Iterator[Machine]:
    """The machines of the account whose tags say that they are a group's; also of Dags that are no more."""
    for page in hook.conn.get_paginator("list_state_machines").paginate():
        for machine in page["stateMachines"]:
            arn = machine["stateMachineArn"]
            tags = {tag["key"]: tag["value"] for tag in hook.conn.list_tags_for_resource(resourceArn=arn)["tags"]}
            if DAG_TAG in tags and GROUP_TAG in tags:
                yield Machine(hook, arn, tags[DAG_TAG], tags[GROUP_TAG], f"{tags[GROUP_TAG]}.start")


def _of(machine: Machine, grace: timedelta) -> Iterator[Orphan]:
    """The orphans among the executions of a machine."""
    try:
        running = list(machine.hook.executions(machine.arn, status="RUNNING"))
    except NotDeployed:
        return
    for item in running:
        arn = str(item["executionArn"])
        described = machine.hook.find(arn)
        if described is None or described["status"] != "RUNNING":
            continue
        owned = whose(described, machine.dag_id, machine.group_id, machine.start_task_id)
        why = why_orphan(owned, described, datetime.now(UTC), grace)
        if why:
            yield Orphan(machine.hook, arn, owned, item["startDate"], why, tuple(_jobs(machine.hook, arn)))


def _jobs(hook: Any, arn: str) -> Iterator[str]:
    """The jobs that the execution is waiting for, as it has called them."""
    for state in reduce(hook.events(arn)).everywhere():
        if state.status.is_open and state.job:
            yield state.job


def _agreed(found: list[Orphan], arguments: Any) -> bool:
    """Whether a person, or who wrote the command, wants them to be stopped."""
    if arguments.yes:
        return True
    for orphan in found:
        print(f"{orphan.arn}: {orphan.why}", file=sys.stderr)
    if not sys.stdin.isatty():
        raise ExecutionError("nobody can be asked whether to stop them: give --yes")
    print(f"Stop {len(found)} executions and their jobs? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _stop(orphan: Orphan) -> bool:
    """Stop an execution and its jobs; whether nothing of it is at work any more."""
    from airflow_sfn_ml.hooks.jobs import is_at_work
    from airflow_sfn_ml.triggers.halt import halt_execution
    from airflow_sfn_ml.triggers.stopping import Order, Scope, left_jobs

    order = Order(Scope.EXECUTION, ERROR, "no Dag run needs it")
    try:
        for line in asyncio.run(halt_execution(orphan.hook, orphan.arn, order, "airflow sfn-ml orphans")):
            print(line, file=sys.stderr)
        view = reduce(orphan.hook.events(orphan.arn))
        return view.status != "RUNNING" and not any(
            is_at_work(orphan.hook, job.stop, job.looking) for job in left_jobs(view)
        )
    except DeployError as error:
        print(f"error: {error}", file=sys.stderr)
        return False
