"""What Airflow's scheduler makes of Dags, without its processes: its own code decides which tasks may run.

``python -m tests.comparison.scheduler`` is a process with a database of its own, told on standard input what becomes of
each task that runs; in a fraction of a second a Dag run ends as it would on a real Airflow, where nothing but work lies
between two decisions. ``test_runs.py`` shows for some Dags that a real one agrees.

    {"kind": "plain", "orders": ["all"], "outcomes": {case: {task: outcome}}}
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ORDERS = ("all", "first", "last")
"""Which of the tasks that may run at the same time end first."""
BUNDLE = "comparison"


def scheduled(
    kind: str, outcomes: Mapping[str, Mapping[str, Any]], orders: Sequence[str] = ("all",)
) -> dict[str, dict[str, dict[str, str]]]:
    """For each order and case, the states in which its tasks end, and under ``""`` that of its Dag run.

    :param kind: ``plain``, ``group`` or ``stopping``.
    :param outcomes: by case and task id: ``success``, ``failed``, ``skipped``, or the ids of the tasks chosen.
    """
    with tempfile.TemporaryDirectory(prefix="airflow-sfn-ml-comparison-") as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "AWS_"))},
            "AIRFLOW_HOME": home,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "false",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        }
        done = subprocess.run(
            [sys.executable, "-m", "tests.comparison.scheduler"],
            input=json.dumps({"kind": kind, "orders": list(orders), "outcomes": outcomes}),
            env=environment,
            cwd=home,
            capture_output=True,
            text=True,
            timeout=600,
        )
    if done.returncode:
        raise RuntimeError(f"{done.stdout[-2000:]}\n{done.stderr[-6000:]}")
    states: dict[str, dict[str, dict[str, str]]] = json.loads(done.stdout.splitlines()[-1])
    return states


def _main() -> None:
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.tasklog import LogTemplate
    from airflow.settings import engine
    from airflow.utils.session import create_session

    from tests.comparison import cases, making

    told = json.load(sys.stdin)
    import_all_models()
    Base.metadata.create_all(engine)
    with create_session() as session:
        session.add_all([DagBundleModel(name=BUNDLE), LogTemplate(filename="log", elasticsearch_id="log")])
    make = getattr(making, told["kind"])
    found: dict[str, dict[str, dict[str, str]]] = {order: {} for order in told["orders"]}
    for name, outcomes in told["outcomes"].items():
        dag = make(cases.CASES[name] if name in cases.CASES else cases.STOPPED[name][0])
        with create_session() as session:
            stored = _stored(dag, session)
            for order in told["orders"]:
                found[order][name] = _run(stored, outcomes, order, session)
    print(json.dumps(found))


def _run(dag: Any, outcomes: Mapping[str, Any], order: str, session: Any) -> dict[str, str]:
    run, before = _made(dag, order, session), None
    while True:
        run.update_state(session=session, execute_callbacks=False)
        ready = run.task_instance_scheduling_decisions(session=session).schedulable_tis
        ready.sort(key=lambda ti: list(dag.task_dict).index(ti.task_id))
        for ti in ready if order == "all" else ready[:1] if order == "first" else ready[-1:]:
            _end(run, ti, outcomes[ti.task_id], session)
        states = {ti.task_id: str(ti.state) for ti in run.get_task_instances(session=session)}
        if not ready and states == before:
            return {**states, "": str(run.state)}
        before = states


def _end(run: Any, ti: Any, outcome: str | Sequence[str], session: Any) -> None:
    """Let *ti* end; one that chooses leaves its XCom, and on a worker skips the others itself."""
    if isinstance(outcome, str):
        ti.set_state(outcome, session=session)
        return
    task = ti.task
    running = set(outcome).union(*(task.dag.get_task(name).get_flat_relative_ids(upstream=False) for name in outcome))
    followed = sorted(running & task.downstream_task_ids)
    ti.xcom_push(key="skipmixin_key", value={"followed": followed}, session=session)
    ti.set_state("success", session=session)
    if not task.start_from_trigger or _plain(task.start_trigger_args.trigger_kwargs)["ends_on_worker"]:
        for name in sorted(task.downstream_task_ids - running):
            other = run.get_task_instance(name, session=session)
            begun = task.start_from_trigger and task.dag.get_task(name).trigger_rule == "always"
            if other.state not in ("running", "success", "failed") and not begun:
                other.set_state("skipped", session=session)
    session.flush()


def _plain(stored: Any) -> Any:
    """The arguments of a trigger, which the serialised Dag holds encoded."""
    from airflow.serialization.serialized_objects import BaseSerialization

    return BaseSerialization.deserialize(stored) if "__type" in stored else stored


def _stored(dag: Any, session: Any) -> Any:
    """*dag* as the scheduler reads it."""
    from airflow.models.dag import DagModel
    from airflow.models.dag_version import DagVersion
    from airflow.serialization.serialized_objects import DagSerialization

    session.add(DagModel(dag_id=dag.dag_id, bundle_name=BUNDLE, timetable_type="NullTimetable", fileloc=__file__))
    session.flush()
    DagVersion.write_dag(dag_id=dag.dag_id, bundle_name=BUNDLE, session=session)
    session.flush()
    return DagSerialization.from_dict(DagSerialization.to_dict(dag))


def _made(dag: Any, run_id: str, session: Any) -> Any:
    from airflow._shared.timezones import timezone
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    now = timezone.utcnow()
    return dag.create_dagrun(
        run_id=run_id,
        logical_date=None,
        data_interval=None,
        run_after=now,
        start_date=now,
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.TEST,
        state=DagRunState.RUNNING,
        session=session,
    )


if __name__ == "__main__":
    _main()
