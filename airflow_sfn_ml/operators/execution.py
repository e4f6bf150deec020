"""Start an execution of a machine that was made elsewhere, and wait for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy.names import task_execution_name
from airflow_sfn_ml.operators.awaiting import AwaitingOperator
from airflow_sfn_ml.operators.connected import CONNECTION_FIELDS

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.starting import Begun
    from airflow_sfn_ml.hooks.wishes import Wish

RECORD = "airflow_sfn_ml_begun"
"""Where a task keeps which execution it has begun: in Airflow's store, which outlives tries and clears."""


class StepFunctionsStartOperator(AwaitingOperator):
    """Start an execution, wait for it and return its output; whatever dies meanwhile, there is one.

    The execution's name is derived from the Dag run and the task, so that a retry finds what an earlier try started:
    it adopts what runs, redrives what failed, and starts the next one only where AWS cannot redrive. Clearing a task
    that failed goes on in the same way, unless its input or the machine's definition was changed; clearing one that
    succeeded starts anew.

    :param state_machine_arn: the machine, or a version or an alias of it. Express machines are refused.
    :param input: what the execution gets: a value that can be written as JSON, or JSON text.
    :param name: the execution's name, if it is not to be derived; the next ones get a suffix.
    :param redrive_on_retry: whether an execution that failed is redriven; else the next one is started.
    """

    template_fields = ("state_machine_arn", "input", "name", *CONNECTION_FIELDS)
    template_fields_renderers = {"input": "json"}  # noqa: RUF012 - as Airflow declares it

    def __init__(
        self,
        *,
        state_machine_arn: str,
        input: Any = None,
        name: str | None = None,
        redrive_on_retry: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.state_machine_arn = state_machine_arn
        self.input = input
        self.name = name
        self.redrive_on_retry = redrive_on_retry

    def begin(self, context: Any, hook: Any) -> Begun:
        """Start the execution, adopt or redrive it."""
        from airflow_sfn_ml.hooks.starting import begin, is_continuable
        from airflow_sfn_ml.hooks.wishes import refuse_express, stable_json

        text = stable_json({} if self.input is None else self.input)
        refuse_express(hook, self.state_machine_arn)
        record = _Record(context, generation_of(context["ti"], self.retries))
        wish = self._wish(context["ti"], record, text)
        if record.earlier and not record.is_continued and is_continuable(hook, wish, record.earlier):
            record.write(is_continued=True)
        if not record.execution_arn:
            record.write(execution_arn=wish.arn(0))  # so that even a generation that counts otherwise finds it
        self.expect(record.execution_arn or wish.arn(0), context["ti"])
        begun = begin(hook, wish, record.earlier, is_continued=record.is_continued)
        record.write(execution_arn=begun.arn)
        return begun

    def _wish(self, ti: Any, record: _Record, text: str) -> Wish:
        from airflow_sfn_ml.hooks.wishes import Wish

        map_index = -1 if ti.map_index is None else ti.map_index

        def name(number: int) -> str:
            return task_execution_name(
                ti.dag_id, ti.run_id, ti.task_id, map_index, record.generation, number, self.name
            )

        return Wish(
            self.state_machine_arn,
            text,
            name,
            derived=self.name is None,
            since=record.since,
            redrives=self.redrive_on_retry,
        )


def generation_of(ti: Any, retries: int | None) -> int:
    """A number that grows when a person clears the task and stays when Airflow retries it: clearing raises the row's
    ``max_tries``."""
    return max(0, int(ti.max_tries) - int(retries or 0))


class _Record:
    """What a generation of the task has begun, in Airflow's store for the state of tasks.

    It belongs to the row of the Dag run and is deleted with it. Airflow refuses a try that it has given up to write it.
    """

    def __init__(self, context: Any, generation: int) -> None:
        self._store = context["task_state_store"]
        told = self._store.get(RECORD)
        self._told: dict[str, Any] = dict(told) if isinstance(told, Mapping) else {}
        if self._told.get("generation") != generation:
            self._told = {
                "generation": generation,
                "since": context["ti"].start_date.isoformat(),
                "earlier": self._told.get("execution_arn"),
            }
        self.write()

    def write(self, **news: Any) -> None:
        """Keep it, with *news*."""
        from airflow.sdk.execution_time.context import NEVER_EXPIRE

        self._told |= news
        self._store.set(RECORD, self._told, retention=NEVER_EXPIRE)

    @property
    def generation(self) -> int:
        return int(self._told["generation"])

    @property
    def since(self) -> datetime:
        """When the generation began."""
        return datetime.fromisoformat(self._told["since"])

    @property
    def execution_arn(self) -> str | None:
        """The execution of this generation."""
        return self._told.get("execution_arn")

    @property
    def earlier(self) -> str | None:
        """The execution of the generation before."""
        return self._told.get("earlier")

    @property
    def is_continued(self) -> bool:
        """Whether this generation goes on with that one."""
        return bool(self._told.get("is_continued"))
