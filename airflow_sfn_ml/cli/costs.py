"""`cost`: what a group costs, beside a design that polls for its jobs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_sfn_ml.cli.dags import Target, read, tell_errors
from airflow_sfn_ml.cli.table import FAILED, OK
from airflow_sfn_ml.cli.writing import write_json, write_rows
from airflow_sfn_ml.deploy.cost import Assumptions, Cost, Range
from airflow_sfn_ml.deploy.cost import cost as of_definition
from airflow_sfn_ml.exceptions import SfnMlError

MONTH = timedelta(days=30)
WITHOUT_SCHEDULE = 30
"""Runs a month of a Dag that says nothing itself."""


def cost(arguments: Any) -> int:
    """Write what each group costs."""
    bag = read(arguments)
    rows, notes = [], []
    for target in bag.targets:
        expected = cost_of(target, arguments)
        notes += [f"{target.label}: {note}" for note in expected.notes]
        rows.append(
            {
                "dag": target.dag_id,
                "group": target.group_id,
                "transitions": least_to_most(expected.transitions),
                "jobs": least_to_most(expected.jobs),
                "polling": least_to_most(expected.polled),
                "runs_a_month": runs_a_month(target, arguments.runs),
                "usd_a_month": round(expected.monthly, 4),
                "polling_usd_a_month": round(expected.polled_monthly, 4),
            }
        )
    if arguments.output == "json":
        write_json({"groups": rows, "notes": notes})
    else:
        write_rows(rows, "table", "no Dag has a group that runs as a state machine")
        for note in notes:
            print(note)
    return FAILED if tell_errors(bag) else OK


def cost_of(target: Target, arguments: Any) -> Cost:
    """The cost of *target*, under what *arguments* assume.

    :raises SfnMlError: an assumption makes no sense.
    """
    if arguments.poll_seconds <= 0 or arguments.job_minutes < 0 or arguments.items < 0:
        raise SfnMlError("--poll-seconds must be above 0, --job-minutes and --items not below")
    assumed = Assumptions(
        runs=runs_a_month(target, arguments.runs),
        job_minutes=arguments.job_minutes,
        poll_seconds=arguments.poll_seconds,
        items=arguments.items,
        per_thousand=arguments.price,
    )
    return of_definition(target.definition, assumed)


def least_to_most(amount: Range) -> int | str:
    """*amount* for a table: a number, or two."""
    return amount.most if amount.least == amount.most else f"{amount.least}-{amount.most}"


def runs_a_month(target: Target, given: float | None) -> float:
    """How often *target* runs in 30 days: as *given*, else as its Dag is scheduled."""
    if given is not None:
        return given
    if target.group is None:
        return WITHOUT_SCHEDULE
    return _scheduled(target.group.dag)


def _scheduled(dag: Any) -> float:
    """How many runs the timetable of *dag* makes in 30 days from now; a schedule by assets tells nothing."""
    from airflow.serialization.serialized_objects import DagSerialization

    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    if not stored.timetable.periodic:
        return WITHOUT_SCHEDULE
    begin = datetime.now(UTC)
    return sum(1 for _ in stored.iter_dagrun_infos_between(begin, begin + MONTH)) or WITHOUT_SCHEDULE
