"""The one task of a group that a worker runs: render, deploy, start or adopt.

Any of its lines may be the last one that a process ran. A try that comes after finds what the earlier one did: the
version by its digest, the execution by what was claimed (`claim`) and by its name, which is derived from the Dag run
and the generation. A generation is what a person asks for by clearing this task: Airflow then raises the row's
``max_tries``, and an automatic retry does not, as long as the task's own number of retries never changes. So it is a
constant here, whatever default arguments or policies say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException

from airflow_sfn_ml.deploy.owner import check_owner
from airflow_sfn_ml.exceptions import (
    AccessDenied,
    CompileError,
    DefinitionError,
    ExecutionError,
    NamesakeFound,
    NotDeployed,
    NotOwned,
    TooLarge,
    TranslationError,
)
from airflow_sfn_ml.operators.claim import Claim
from airflow_sfn_ml.operators.deployment import deployed_machine
from airflow_sfn_ml.operators.follow import _Pinned
from airflow_sfn_ml.operators.killed import Killed
from airflow_sfn_ml.operators.room import wait_for_room, wait_until_listed
from airflow_sfn_ml.operators.secrets import refuse_secrets, refuse_written
from airflow_sfn_ml.operators.superseded import stop_superseded

if TYPE_CHECKING:
    from airflow_sfn_ml.task_group.base import MachineGroup

RETRIES = 2
NAMESAKES = 1000
"""How many names are tried."""
INPUT_LIMIT = 262_144
"""AWS's limit for the input of an execution, in bytes of UTF-8."""
FINAL = (AccessDenied, CompileError, DefinitionError, ExecutionError, NotDeployed, NotOwned, TooLarge, TranslationError)
"""What trying again does not mend."""


class StartExecutionOperator(BaseOperator):
    """Start the execution of a group; made by the group itself.

    Its XCom is ``{"execution_arn", "execution_name", "state_machine_version_arn", "generation", "namesake"}``.
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
        self._killed: Killed | None = None
        self._killed_early = False

    def execute(self, context: Any) -> dict[str, Any]:
        """Render, check, deploy and start; return which execution it is."""
        self._killed = Killed(context["ti"], _unsure=self._killed_early)
        try:
            return self._start(context)
        except FINAL as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error

    def on_kill(self) -> None:
        """Stop what was started, if someone ended this task in Airflow."""
        if self._killed is None:
            self._killed_early = True
        else:
            self._killed.end()

    def _start(self, context: Any) -> dict[str, Any]:
        ti, store = context["ti"], context["task_state_store"]
        generation = max(0, ti.max_tries - RETRIES)
        claim, hook = Claim.read(store), self.group.hook()
        if claim.generation == generation:
            found = _claimed(hook, claim)
            if found is not None:
                self.log.info("Adopted execution %s, which an earlier try started", claim.execution_arn)
                return _told(claim, str(found.get("stateMachineVersionArn")))
        if 0 <= claim.generation < generation:
            stop_superseded(self.group, hook, ti, claim.execution_arn)
        most = self.group.max_concurrent_executions
        if most is not None:
            machine_arn = deployed_machine(self.group, self.role_arn, hook)
            wait_for_room(hook, machine_arn, most, int(context.get("task_reschedule_count") or 0))
        document = self._document(context, claim, generation)
        version_arn = self.group.deployed(self.role_arn)
        claim = self._begin(context, hook, claim, generation, version_arn, document)
        if most is not None:
            wait_until_listed(hook, version_arn, claim.execution_arn)
        self.log.info("%s", self.group.compiled().program.report)
        return _told(claim, version_arn)

    def _document(self, context: Any, claim: Claim, generation: int) -> Any:
        """The input of the execution, rendered and checked."""
        group, ti = self.group, context["ti"]
        identity = {
            "dag_id": ti.dag_id,
            "run_id": context["dag_run"].run_id,
            "group_id": group.group_id,
            "map_index": _map_index(ti),
            "generation": generation,
            "nonce": claim.nonce,
        }
        values = group.rendered(context)
        refuse_secrets(group, values)
        refuse_written(group, group.compiled().program.definition)
        document = group.execution_input(identity, values)
        _refuse_large(document, values)
        return document

    def _begin(self, context: Any, hook: Any, claim: Claim, generation: int, version_arn: str, document: Any) -> Claim:
        """Claim a name and start the execution, or adopt what an earlier try started under it.

        What was claimed is written down first. Names that former Dag runs of the same id have used are passed over.
        """
        from airflow_sfn_ml.deploy import execution_name
        from airflow_sfn_ml.hooks.step_functions import execution_arn

        ti, store = context["ti"], context["task_state_store"]
        for namesake in range(claim.namesake, claim.namesake + NAMESAKES):
            run_id, group_id = context["dag_run"].run_id, str(self.group.group_id)
            name = execution_name(ti.dag_id, run_id, group_id, _map_index(ti), generation, namesake)
            arn = execution_arn(version_arn, name)
            wanted = claim.of(generation, namesake, arn, document)
            try:
                if not claim.is_same(wanted):
                    _refuse_unclaimed(hook, arn, document)
                    wanted.write(store)
                if self._killed is not None:
                    self._killed.begins(hook, arn)
                hook.start(version_arn, name, document)
            except NamesakeFound as error:
                self.log.info("%s; taking the next name", error)
                continue
            return wanted
        raise ExecutionError(f"{ti.dag_id} {run_id}: {NAMESAKES} names are taken by earlier Dag runs of the same id")


def _claimed(hook: Any, claim: Claim) -> dict[str, Any] | None:
    """The execution that an earlier try of this generation has started, if AWS shows it.

    :raises ExecutionError: it was started so long ago that AWS may have forgotten it.
    """
    try:
        found: dict[str, Any] | None = hook.find(claim.execution_arn)
    except AccessDenied:
        return None  # StartExecution tells the rest
    if found is not None and claim.owns(found):
        return found
    if found is None and claim.may_be_forgotten:
        raise ExecutionError(
            f"an earlier try claimed {claim.execution_arn} on {claim.claimed}. AWS does not know it any more, so "
            "whether it ran cannot be told. Clear this task to start a new execution"
        )
    return None


def _refuse_unclaimed(hook: Any, arn: str, document: Any) -> None:
    """Refuse an execution that was there before it was claimed, where its input would not tell it from ours.

    :raises NamesakeFound: it is like ours.
    :raises NameTaken: it is not.
    """
    if isinstance(document, Mapping) and "airflow" in document:
        return  # the nonce tells
    found = hook.find(arn)
    if found is not None:
        check_owner(found, document)
        raise NamesakeFound(f"{arn} was started before, by an earlier Dag run of the same id")


def _told(claim: Claim, version_arn: str) -> dict[str, Any]:
    return {
        "execution_arn": claim.execution_arn,
        "execution_name": claim.execution_arn.rpartition(":")[2],
        "state_machine_version_arn": version_arn,
        "generation": claim.generation,
        "namesake": claim.namesake,
    }


def _map_index(ti: Any) -> int:
    return -1 if ti.map_index is None else int(ti.map_index)


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
