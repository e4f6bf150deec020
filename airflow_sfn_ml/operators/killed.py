"""What becomes of an execution whose start task Airflow ends while it is at work.

Airflow sends SIGTERM to the process, calls ``on_kill`` in the signal's handler, and kills the process five seconds
later. It does so when a person or a time limit has ended the task, but also when the worker is shut down; then the next
try goes on with the execution. So Airflow is asked what became of the task, before anything is stopped.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.exceptions import DeployError
from airflow_sfn_ml.triggers.stopping import GONE, NO_ORDER, Order, Scope, order

log = logging.getLogger(__name__)

ANSWERS = 3.0
"""How long Airflow may take to answer, in seconds. It cannot while what was interrupted waits for an answer itself."""
LOOKS = (0.3, 0.6, 0)
"""The pauses after an execution was not found: the request that starts it may be on its way."""


@dataclass
class Killed:
    """Ends what a start task has begun.

    :param ti: the task instance.
    """

    ti: Any
    _begun: tuple[Any, str] | None = None
    _unsure: bool = False

    def begins(self, hook: Any, arn: str) -> None:
        """Say that the execution *arn* is about to be started.

        :raises SystemExit: the task was ended.
        """
        if self._unsure:
            self.end()
        self._begun = (hook, arn)

    def end(self) -> None:
        """Stop what was begun, and the work of the process, if that is meant.

        :raises SystemExit: it is.
        """
        answers: list[Order] = []
        asking = threading.Thread(target=lambda: answers.append(self._meant()), daemon=True)
        asking.start()
        asking.join(ANSWERS)
        self._unsure = not answers
        meant = answers[0] if answers else NO_ORDER
        if meant.scope is Scope.NOTHING:
            return
        if self._begun is not None:
            _stop(*self._begun, meant)
        raise SystemExit(f"Ended, since {meant.cause}")

    def _meant(self) -> Order:
        ti = self.ti
        index = None if ti.map_index in (None, -1) else ti.map_index
        found = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=index)
        state = next(iter(found.get(ti.run_id, {}).values()), GONE)
        return order(state, str(ti.get_dagrun_state(ti.dag_id, ti.run_id)) if state != GONE else "", survives=False)


def _stop(hook: Any, arn: str, meant: Order) -> None:
    for pause in LOOKS:
        try:
            hook.stop(arn, meant.error, f"{meant.cause} in Airflow, while it started the execution")
        except DeployError as error:
            log.info("%s cannot be stopped: %s", arn, error)
            time.sleep(pause)
        else:
            log.warning("Stopped %s, since %s", arn, meant.cause)
            return
