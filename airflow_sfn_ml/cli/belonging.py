"""Whose an execution is, and whether the Dag run still needs it.

The input of an execution says which Dag run it belongs to. That of a machine which was written as a whole is the
user's; then the Dag run is the one whose start task has told of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from airflow_sfn_ml.deploy.names import repair_arn
from airflow_sfn_ml.deploy.owner import owner_of

REPAIRS = 100
"""How many repairs of an execution are known by their names."""
STARTING = timedelta(minutes=10)
"""How long a start task may take from starting an execution to telling of it."""
DERIVED = re.compile(r".*-[0-9a-f]{20}")
"""What the names look like that start tasks derive."""


@dataclass(frozen=True)
class Belonging:
    """The Dag run of an execution, and what Airflow knows of it.

    :param run_id: empty if the execution does not tell, and no start task told of it.
    :param state: of the Dag run; empty if there is none.
    :param told: the execution that the start task has told last; empty if it has told none.
    """

    dag_id: str
    group_id: str
    run_id: str = ""
    map_index: int = -1
    state: str = ""
    ended: datetime | None = None
    told: str = ""


def whose(described: Mapping[str, Any], dag_id: str, group_id: str, start_task_id: str) -> Belonging:
    """Whose execution DescribeExecution has *described*; the other parameters say whose its machine is."""
    identity = owner_of(described)
    if isinstance(identity, Mapping) and {"dag_id", "run_id", "group_id", "map_index"} <= set(identity):
        found = Belonging(
            str(identity["dag_id"]), str(identity["group_id"]), str(identity["run_id"]), int(identity["map_index"])
        )
        start = start_task_id if (found.dag_id, found.group_id) == (dag_id, group_id) else f"{found.group_id}.start"
        return _in_airflow(found, start)
    run_id, map_index = _teller(str(described["executionArn"]), dag_id, start_task_id)
    return _in_airflow(Belonging(dag_id, group_id, run_id, map_index), start_task_id)


def why_orphan(whose: Belonging, described: Mapping[str, Any], now: datetime, grace: timedelta) -> str:
    """Why nobody needs the execution that was *described*; empty if somebody may.

    :param grace: how long a Dag run has to be over: what is meant to stop then takes some seconds.
    """
    arn = str(described["executionArn"])
    if not whose.run_id:
        ours = DERIVED.fullmatch(arn.rpartition(":")[2]) and now - described["startDate"] > max(STARTING, grace)
        return "no Dag run has started it, or it was deleted" if ours else ""
    if not whose.state:
        return "its Dag run was deleted"
    if whose.state in ("success", "failed"):
        over = whose.ended is None or now - whose.ended > grace
        return f"its Dag run is over ({whose.state})" if over else ""
    if whose.told and arn not in {repair_arn(whose.told, number) for number in range(REPAIRS)}:
        return f"its Dag run has started another since: {whose.told}"
    return ""


def _in_airflow(found: Belonging, start_task_id: str) -> Belonging:
    """*found* with what Airflow's database says."""
    from dataclasses import replace

    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    if not found.run_id:
        return found
    with create_session(scoped=False) as session:
        row = session.execute(
            select(DagRun.state, DagRun.end_date).where(DagRun.dag_id == found.dag_id, DagRun.run_id == found.run_id)
        ).first()
        if row is None:
            return found
        told = session.scalar(_xcoms(found.dag_id, start_task_id, found.run_id, found.map_index))
    arn = _value(told).get("execution_arn") or ""
    return replace(found, state=str(getattr(row.state, "value", row.state)), ended=row.end_date, told=str(arn))


def _teller(arn: str, dag_id: str, start_task_id: str) -> tuple[str, int]:
    """The Dag run and the map index of the start task that has told of *arn*."""
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import String, cast

    with create_session(scoped=False) as session:
        query = _xcoms(dag_id, start_task_id).where(cast(XComModel.value, String).contains(arn, autoescape=True))
        for row in session.scalars(query):
            if _value(row).get("execution_arn") == arn:
                return str(row.run_id), int(row.map_index)
    return "", -1


def _xcoms(dag_id: str, task_id: str, run_id: str | None = None, map_index: int | None = None) -> Any:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    query = select(XComModel).where(
        XComModel.dag_id == dag_id, XComModel.task_id == task_id, XComModel.key == "return_value"
    )
    if run_id is not None:
        query = query.where(XComModel.run_id == run_id, XComModel.map_index == map_index)
    return query


def _value(row: Any) -> Mapping[str, Any]:
    """What an XCom holds; nothing if there is none."""
    from airflow.models.xcom import XComModel

    told = XComModel.deserialize_value(row) if row is not None else None
    return told if isinstance(told, Mapping) else {}
