"""The one task of a group that a worker runs: render, deploy, start or adopt.

Any of its lines may be the last one that a process ran. A try that comes after finds what the earlier one did: the
version by its digest, the execution by its name, which is derived from the Dag run and the generation. A generation is
what a person asks for by clearing this task: Airflow then raises the row's ``max_tries``, and an automatic retry does
not, as long as the task's own number of retries never changes. So it is a constant here, whatever default arguments or
policies say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_sfn_ml.exceptions import (
    AccessDenied,
    CompileError,
    DefinitionError,
    ExecutionError,
    NotDeployed,
    NotOwned,
    TooLarge,
    TranslationError,
)
from airflow_sfn_ml.operators.follow import _Pinned
from airflow_sfn_ml.operators.secrets import refuse_secrets, refuse_written

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.base import MachineGroup

RETRIES = 2
INPUT_LIMIT = 262_144
"""AWS's limit for the input of an execution, in bytes of UTF-8."""
FINAL = (AccessDenied, CompileError, DefinitionError, ExecutionError, NotDeployed, NotOwned, TooLarge, TranslationError)
"""What trying again does not mend."""


class StartExecutionOperator(BaseOperator):
    """Start the execution of a group; made by the group itself.

    Its XCom is ``{"execution_arn", "execution_name", "state_machine_version_arn", "generation"}``.
    """

    retries = _Pinned(RETRIES)
    retry_delay = _Pinned(timedelta(seconds=10))
    retry_exponential_backoff = _Pinned(2)
    max_retry_delay = _Pinned(timedelta(minutes=5))
    trigger_rule = _Pinned("all_success")
    execution_timeout = _Pinned(None)
    do_xcom_push = _Pinned(True)
    multiple_outputs = _Pinned(False)
    on_success_callback = _Pinned([])
    outlets = _Pinned([])

    template_fields = ("role_arn",)
    ui_color = "#d8e8ff"

    def __init__(self, *, group: MachineGroup, role_arn: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group = group
        self.role_arn = role_arn

    def execute(self, context: Any) -> dict[str, Any]:
        """Render, check, deploy and start; return which execution it is."""
        try:
            return self._start(context)
        except FINAL as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    def _start(self, context: Any) -> dict[str, Any]:
        from airflow_sfn_ml.deploy import execution_name

        group, ti, run = self.group, context["ti"], context["dag_run"]
        compiled = group.compiled()
        generation = max(0, ti.max_tries - RETRIES)
        map_index = -1 if ti.map_index is None else ti.map_index
        identity = {
            "dag_id": ti.dag_id,
            "run_id": run.run_id,
            "group_id": group.group_id,
            "map_index": map_index,
            "generation": generation,
        }
        values = group.rendered(context)
        refuse_secrets(group, values)
        refuse_written(group, compiled.program.definition)
        document = group.execution_input(identity, values)
        _refuse_large(document, values)
        version_arn = group.deployed(self.role_arn)
        name = execution_name(ti.dag_id, run.run_id, str(group.group_id), map_index, generation)
        arn = group.hook().start(version_arn, name, document)
        self.log.info("%s", compiled.program.report)
        return {
            "execution_arn": arn,
            "execution_name": name,
            "state_machine_version_arn": version_arn,
            "generation": generation,
        }


def _refuse_large(document: Any, values: Mapping[str, Any]) -> None:
    size = len(json.dumps(document, ensure_ascii=False).encode())
    if size <= INPUT_LIMIT:
        return
    sizes = sorted(((len(json.dumps(value)), task) for task, value in values.items()), reverse=True)
    largest = ", ".join(f"{task} {length:,}" for length, task in sizes[:3])
    raise TooLarge(
        f"what Airflow rendered for this execution has {size:,} bytes, AWS allows {INPUT_LIMIT:,} (largest: "
        f"{largest}); put "
        "large values into S3 and pass their address"
    )
