"""The task instance that a trigger stands for, as Airflow's API tells of it and takes from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowRuntimeError
from airflow.sdk.execution_time.comms import (
    DagRunStateResult,
    DeleteXCom,
    GetDagRunState,
    GetTaskStates,
    TaskStatesResult,
)
from airflow.sdk.execution_time.xcom import XCom

from airflow_sfn_ml.triggers.redrive import KEY as RECORD
from airflow_sfn_ml.triggers.redrive import Record
from airflow_sfn_ml.triggers.stopping import GONE

RETURN_VALUE = BaseXCom.XCOM_RETURN_KEY
ENDED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})
PAUSE = 3.0
"""How long to wait between two looks at the start task, in seconds."""


class Member:
    """A task instance of a group.

    :param ti: what the triggerer knows of it.
    :param start_task_id: the task that starts the group's execution.
    """

    def __init__(self, ti: Any, start_task_id: str) -> None:
        self.try_number = int(ti.try_number)
        self.start_task_id = start_task_id
        self.identity: dict[str, Any] = {
            "dag_id": ti.dag_id,
            "task_id": ti.task_id,
            "run_id": ti.run_id,
            "map_index": -1 if ti.map_index is None else ti.map_index,
        }

    def __str__(self) -> str:
        return f"Task {self.identity['task_id']} of Dag run {self.identity['dag_id']} {self.identity['run_id']}"

    @property
    def map_index(self) -> int:
        """Which instance of a mapped task it is; -1 for one that is not mapped."""
        return int(self.identity["map_index"])

    # XComs

    async def push(self, key: str, value: Any, *, length: int | None = None) -> None:
        """Push *value*; *length* tells the scheduler how many instances a task that is mapped over it has."""
        await XCom.aset(key, value, **self.identity, _mapped_length=length)

    async def forget(self, *keys: str) -> None:
        """Delete the XComs of an earlier try: starting from a trigger does not do what a worker's start does."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        for key in keys:
            await SUPERVISOR_COMMS.asend(DeleteXCom(key=key, **self.identity))

    async def earlier_record(self) -> Record | None:
        """What an earlier try has told, if one has told anything."""
        return Record.of_earlier_try(await XCom.aget_one(key=RECORD, **self.identity), self.try_number)

    async def has_told(self) -> bool:
        """Whether this try itself has told how it ended."""
        record = Record.of_earlier_try(await XCom.aget_one(key=RECORD, **self.identity), self.try_number + 1)
        return record is not None and record.try_number == self.try_number

    async def leave_record(self, arn: str, redrive_count: int, *, failed: bool) -> None:
        """Leave to the next try what this one tells."""
        await self.push(RECORD, Record(arn, redrive_count, self.try_number, failed).as_json())

    # The start task, and states

    async def started_execution(self) -> str | None:
        """The execution that the start task has told; None if it has told none."""
        for map_index in dict.fromkeys((self.map_index, -1)):
            told = await XCom.aget_one(
                key=RETURN_VALUE, **{**self.identity, "task_id": self.start_task_id, "map_index": map_index}
            )
            if isinstance(told, dict) and "execution_arn" in told:
                return str(told["execution_arn"])
        return None

    async def is_started(self) -> bool:
        """Wait until the start task has ended; whether it succeeded."""
        while (state := await self._state_of(self.start_task_id, None)) not in ENDED:
            await asyncio.sleep(PAUSE)
        return state == "success"

    async def state(self) -> str | None:
        """The state of the task in Airflow; `GONE` if it was deleted."""
        return await self._state_of(self.identity["task_id"], self.map_index if self.map_index >= 0 else None)

    async def run_state(self) -> str:
        """The state of the Dag run; `GONE` if it was deleted."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        question = GetDagRunState(dag_id=self.identity["dag_id"], run_id=self.identity["run_id"])
        try:
            answer = await SUPERVISOR_COMMS.asend(question)
        except AirflowRuntimeError as error:
            if (error.error.detail or {}).get("status_code") != HTTPStatus.NOT_FOUND:
                raise
            return GONE
        return str(answer.state.value) if isinstance(answer, DagRunStateResult) else ""

    async def finished(self, states: Sequence[str]) -> dict[str, str]:
        """Those of the group's tasks that follow *states* and have ended, with their states in Airflow."""
        prefix = self.start_task_id[: self.start_task_id.rfind(".") + 1]
        told = await self._states([prefix + name for name in states], None)
        return {task: str(state) for task, state in told.items() if state in ENDED}

    async def _state_of(self, task_id: str, map_index: int | None) -> str | None:
        return next(iter((await self._states([task_id], map_index)).values()), GONE)

    async def _states(self, task_ids: Sequence[str], map_index: int | None) -> dict[str, str | None]:
        """The states of task instances, by task id, and by map index where they are mapped."""
        from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

        run_id = self.identity["run_id"]
        question = GetTaskStates(
            dag_id=self.identity["dag_id"], run_ids=[run_id], task_ids=list(task_ids), map_index=map_index
        )
        answer = await SUPERVISOR_COMMS.asend(question)
        return dict(answer.task_states.get(run_id, {})) if isinstance(answer, TaskStatesResult) else {}
