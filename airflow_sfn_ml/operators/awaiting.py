"""Wait for the end of an execution: in the triggerer, or in the worker where that is asked for."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowTaskTimeout

from airflow_sfn_ml.deploy.errors import code
from airflow_sfn_ml.exceptions import AccessDenied, DeployError, ExecutionError, NotDeployed, TooLarge
from airflow_sfn_ml.operators.connected import ConnectedOperator
from airflow_sfn_ml.operators.follow import NEEDS_WORKER, is_mapped_over
from airflow_sfn_ml.operators.links import StepFunctionsExecutionLink
from airflow_sfn_ml.triggers.ending import failure_story, has_ended, output_of
from airflow_sfn_ml.triggers.stopping import GONE, Order, Scope, order

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.starting import Begun
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

T = TypeVar("T")

ARN_KEY = "execution_arn"
"""The XCom that tells the execution which a task waits for; it is there before the task waits."""

FINAL = (AccessDenied, ExecutionError, NotDeployed, TooLarge)
"""What trying again does not mend."""
OUT_OF_TIME = Order(Scope.EXECUTION, "Airflow.TaskTimedOut", "this task reached its time limit")


class AwaitingOperator(ConnectedOperator):
    """An operator that has begun an execution and waits for its end.

    :param wait: whether to wait; the XCom is then the output of the execution, else its ARN.
    :param deferrable: whether to wait in the triggerer, without a worker.
    :param stop_on_kill: whether marking the task failed, or its ``execution_timeout``, stops the execution.
    """

    operator_extra_links = (StepFunctionsExecutionLink(),)
    ui_color = "#d8e8ff"

    def __init__(self, *, wait: bool = True, deferrable: bool = True, stop_on_kill: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.wait = wait
        self.deferrable = deferrable
        self.stop_on_kill = stop_on_kill
        self._awaited: tuple[str, Any] | None = None

    def begin(self, context: Any, hook: StepFunctionsHook) -> Begun:
        """Begin the execution; say with `expect` which one it will be, before it is begun."""
        raise NotImplementedError

    def expect(self, arn: str, ti: Any) -> None:
        """From now on the execution *arn* is what this task is responsible for."""
        self._awaited = (arn, ti)

    def execute(self, context: Any) -> Any:
        """Begin the execution and wait for it."""
        hook = self.make_hook()
        try:
            begun = self.begin(context, hook)
            self.expect(begun.arn, context["ti"])
            return self.await_end(context, hook, begun)
        except FINAL as error:
            raise AirflowFailException(f"{type(error).__name__}: {error}") from error
        except AirflowTaskTimeout:
            self._stop(OUT_OF_TIME)
            raise

    def await_end(self, context: Any, hook: StepFunctionsHook, begun: Begun) -> Any:
        """Tell which execution it is, wait for its end, and return its output; only the ARN if nobody waits."""
        arn, redrives, ti = begun.arn, begun.redrives, context["ti"]
        ti.xcom_push(key=ARN_KEY, value=arn)
        StepFunctionsExecutionLink.store(context, arn)
        if not self.wait:
            return arn
        if not begun.is_new:
            found = insist_in_worker(lambda: hook.describe(arn), hook.log)
            if has_ended(found, redrives):
                return self._result(hook, found)
        if self.deferrable:
            self._defer(ti, arn, redrives)
        return self._result(hook, wait_in_worker(hook, arn, redrives))

    def resume(self, context: Any, event: Mapping[str, Any]) -> Any:
        """End on a worker: for what only a worker does, or to tell that the time is over."""
        if "timed_out" in event:
            raise AirflowTaskTimeout(f"{event['timed_out']} did not end within this task's time limit")
        hook = self.make_hook()
        return self._result(hook, insist_in_worker(lambda: hook.describe(event["ended"]), hook.log))

    def on_kill(self) -> None:
        """Stop the execution that this process waits for, if someone ended the task or its Dag run.

        Airflow ends the process for other reasons too, as when the machine that it runs on goes down.
        """
        if self._awaited is not None:
            self._stop(_order(self._awaited[1]))

    def _stop(self, meant: Order) -> None:
        """Stop the execution, if that is meant and wanted; it may not have been begun yet."""
        if self._awaited is None or not self.wait or not self.stop_on_kill or meant.scope is Scope.NOTHING:
            return
        arn, ti = self._awaited
        cause = f"{meant.cause} in Airflow (task {ti.task_id} of Dag run {ti.dag_id} {ti.run_id})"
        try:
            self.make_hook().stop(arn, meant.error, cause)
            self.log.warning("Stopped %s, since %s", arn, meant.cause)
        except DeployError as refused:
            if code(refused) != "ExecutionDoesNotExist":
                raise

    def _defer(self, ti: Any, arn: str, redrives: int) -> None:
        from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger

        limit = self.execution_timeout
        self.defer(
            trigger=StepFunctionsExecutionCompleteTrigger(
                arn,
                redrives,
                **self.connection(),
                push=bool(self.do_xcom_push),
                mapped_over=is_mapped_over(self),
                ends_on_worker=needs_worker(self),
                stop_on_kill=self.stop_on_kill,
                deadline=ti.start_date.timestamp() + limit.total_seconds() if limit else None,
            ),
            method_name="resume",
        )

    def _result(self, hook: StepFunctionsHook, described: Mapping[str, Any]) -> Any:
        """The output of an execution that succeeded.

        :raises AirflowException: it did not.
        """
        if described["status"] == "SUCCEEDED":
            return output_of(described)
        raise AirflowException("\n".join(insist_in_worker(lambda: failure_story(hook, described), hook.log)))


def needs_worker(operator: Any) -> bool:
    """Whether *operator* has something to do when it succeeds that only a worker does."""
    return any(getattr(operator, name) for name in (*NEEDS_WORKER, "multiple_outputs"))


def wait_in_worker(hook: StepFunctionsHook, arn: str, redrives: int = 0) -> dict[str, Any]:
    """Look at the execution *arn* until it has ended."""
    return poll_in_worker(lambda: hook.describe(arn), lambda told: has_ended(told, redrives), hook.log)


def insist_in_worker(ask: Callable[[], T], log: Any) -> T:
    """What *ask* gives, once it does not fail with what passes by itself."""
    return poll_in_worker(ask, lambda _: True, log)


def poll_in_worker(look: Callable[[], T], is_over: Callable[[T], bool], log: Any) -> T:
    """What *look* gives at last; errors that pass by themselves are waited out."""
    from airflow_sfn_ml.hooks.errors import is_passing
    from airflow_sfn_ml.triggers.settings import pace

    tempo, changed_at, last, errors = pace(), time.monotonic(), None, 0
    while True:
        try:
            told = look()
            errors = 0
            if is_over(told):
                return told
            if told != last:
                last, changed_at = told, time.monotonic()
        except Exception as error:
            if not is_passing(error):
                raise
            errors += 1
            log.warning("Looking failed (%s in a row), trying again: %s", errors, error)
        time.sleep(tempo.pause(time.monotonic() - changed_at, errors, random.random()))


def _order(ti: Any) -> Order:
    """What is meant, by what Airflow says of the task and its Dag run."""
    map_index = ti.map_index if ti.map_index is not None and ti.map_index >= 0 else None
    states = ti.get_task_states(dag_id=ti.dag_id, task_ids=[ti.task_id], run_ids=[ti.run_id], map_index=map_index)
    state = next(iter(states.get(ti.run_id, {}).values()), GONE)
    return order(state, ti.get_dagrun_state(ti.dag_id, ti.run_id), survives=False)
