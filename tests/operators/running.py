"""The context that Airflow gives to a task, made by Airflow's own classes, without a database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType, TIRunContext
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

DAY = datetime(2026, 11, 24, tzinfo=UTC)


class Store:
    """The store of one Dag run for the state of a task (``task_state_store``)."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def get(self, key: str, default: Any = None) -> Any:
        return self.kept.get(key, default)

    def set(self, key: str, value: Any, *, retention: Any = None) -> None:
        self.kept[key] = json.loads(json.dumps(value))


def running_context(operator: Any, *, scheduled: bool = True, conf: dict[str, Any] | None = None) -> Any:
    """The context of *operator* in a run of its Dag; one that an asset started has no logical date."""
    day = DAY if scheduled else None
    run = DagRun(
        dag_id=operator.dag_id,
        run_id="run",
        logical_date=day,
        data_interval_start=day,
        data_interval_end=day,
        run_after=DAY,
        start_date=DAY,
        end_date=None,
        run_type=DagRunType.SCHEDULED if scheduled else DagRunType.ASSET_TRIGGERED,
        state=DagRunState.RUNNING,
        conf=conf or {},
        consumed_asset_events=[],
        partition_key=None,
    )
    ti = RuntimeTaskInstance.model_construct(
        id=uuid4(),
        task_id=operator.task_id,
        dag_id=operator.dag_id,
        run_id="run",
        try_number=1,
        dag_version_id=uuid4(),
        map_index=-1,
        task=operator,
        max_tries=2,
        start_date=DAY,
        _ti_context_from_server=TIRunContext(dag_run=run, max_tries=2, task_reschedule_count=0),
    )
    return {**ti.get_template_context(), "task_state_store": Store()}
