"""Wait for the end of a job in SageMaker, or for whatever else there has a status."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.triggers.completing import CompletionTrigger, Ended
from airflow_sfn_ml.triggers.loops import of_loop
from airflow_sfn_ml.triggers.polled import Document, Polled
from airflow_sfn_ml.triggers.settings import pace
from airflow_sfn_ml.triggers.sharing import Settings, shared_budget, shared_hook
from airflow_sfn_ml.triggers.threads import in_thread, insist

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.sagemaker import Kind


class SageMakerCompleteTrigger(CompletionTrigger):
    """Wait until something in SageMaker has ended, and end the task with it; its description becomes the XCom.

    :param kind: what it is; see `airflow_sfn_ml.hooks.sagemaker.KINDS`.
    :param identifier: its name, or ARN where SageMaker describes it by that.
    :param allow_stopped: whether one that was stopped counts as done.

    The other parameters are those of `CompletionTrigger`.
    """

    path = "airflow_sfn_ml.triggers.job_completion.SageMakerCompleteTrigger"
    own = ("kind", "identifier", "allow_stopped")

    def __init__(self, kind: str, identifier: str, allow_stopped: bool = False, **common: Any) -> None:
        super().__init__(**common)
        self.kind = kind
        self.identifier = identifier
        self.allow_stopped = allow_stopped

    @property
    def subject(self) -> str:
        """What it is called."""
        return f"{self.kind} {self.identifier}"

    async def ended(self) -> Ended:
        """Wait for the end."""
        from airflow_sfn_ml.hooks.sagemaker import KINDS
        from airflow_sfn_ml.triggers.job_ending import job_story

        kind = KINDS[self.kind]
        hook = await shared_hook(self.settings)
        job = await shared_job(self.settings, kind, self.identifier)
        told = ""
        async for document in job.snapshots():
            status = kind.status(document)
            if status != told:
                self.log.info("%s: %s", self.subject, status)
                told = status
        if job.document is not None and kind.is_done(job.document, self.allow_stopped):
            return Ended({kind.name: job.document})
        return Ended(failure=tuple(await insist(job_story, hook, kind, self.identifier, job.document)))


async def shared_job(settings: Settings, kind: Kind, identifier: str) -> Polled:
    """The document of *identifier*, asked for once for all that wait for it."""
    from airflow_sfn_ml.hooks.errors import is_passing
    from airflow_sfn_ml.hooks.sagemaker import CLIENT, client, is_unknown, look

    hook, budget = await shared_hook(settings), shared_budget(settings)
    if CLIENT not in hook.__dict__:
        budget.observe(await in_thread(client, hook))

    async def ask() -> Document:
        await budget.take(kind.action)
        document: Document = await in_thread(partial(look, hook, kind, identifier))
        return document

    def make() -> Polled:
        return Polled(
            f"{kind.title} {identifier}",
            ask,
            kind.is_over,
            is_passing,
            is_unknown,
            pace(),
            loop.interests,
            frozenset({identifier}),
        )

    loop: Any = of_loop()
    job: Polled = loop.watcher((*settings, kind.name, identifier), make)
    return job
