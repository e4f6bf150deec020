"""What can be waited for in SageMaker, as one table, and how each of its kinds is looked at."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_sfn_ml.deploy.errors import code, translated

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

JOB_DONE = frozenset({"Completed"})
JOB_FAILED = frozenset({"Failed"})
STOPPED = frozenset({"Stopped"})
CLIENT = "_sagemaker"
"""Where a hook keeps its client of SageMaker."""


@dataclass(frozen=True)
class Kind:
    """A kind of thing that SageMaker works on until it is done.

    :param name: what the Amazon provider's operators call it in their XComs.
    :param title: what people call it.
    :param noun: what its API calls it: ``Describe<noun>`` takes ``<noun>Name`` and answers with ``<noun>Status``.
    :param identifier: the parameter of Describe, where it is not the noun's name.
    :param done: statuses in which all is well; *failed* and *stopped* those in which it is not. All others go on.
    """

    name: str
    title: str
    noun: str
    identifier: str = ""
    described_as: str = ""
    done: frozenset[str] = JOB_DONE
    failed: frozenset[str] = JOB_FAILED
    stopped: frozenset[str] = STOPPED

    @property
    def action(self) -> str:
        """The action that looks."""
        return f"Describe{self.described_as or self.noun}"

    @property
    def method(self) -> str:
        """The same as boto3 calls it."""
        from botocore import xform_name

        return str(xform_name(self.action))

    @property
    def parameter(self) -> str:
        """The parameter that says which."""
        return self.identifier or f"{self.noun}Name"

    def status(self, document: Mapping[str, Any]) -> str:
        """The status in what Describe or List said."""
        return str(document[f"{self.noun}Status"])

    def arn(self, document: Mapping[str, Any]) -> str:
        """The ARN in it."""
        return str(document[f"{self.noun}Arn"])

    def is_over(self, document: Mapping[str, Any]) -> bool:
        """Whether it has ended."""
        return self.status(document) in self.done | self.failed | self.stopped

    def is_done(self, document: Mapping[str, Any], allow_stopped: bool = False) -> bool:
        """Whether it has ended well."""
        return self.status(document) in (self.done | self.stopped if allow_stopped else self.done)


KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("Processing", "Processing job", "ProcessingJob"),
        Kind("Training", "Training job", "TrainingJob", failed=JOB_FAILED | {"Deleting"}),
        Kind("Transform", "Transform job", "TransformJob"),
        Kind("Tuning", "Tuning job", "HyperParameterTuningJob", failed=JOB_FAILED | {"Deleting", "DeleteFailed"}),
        # describes the jobs of both versions of CreateAutoMLJob
        Kind("AutoML", "AutoML job", "AutoMLJob", described_as="AutoMLJobV2"),
        Kind(
            "Endpoint",
            "Endpoint",
            "Endpoint",
            done=frozenset({"InService"}),
            failed=frozenset({"Failed", "OutOfService", "UpdateRollbackFailed", "Deleting"}),
            stopped=frozenset(),
        ),
        Kind(
            "Pipeline",
            "Pipeline execution",
            "PipelineExecution",
            identifier="PipelineExecutionArn",
            done=frozenset({"Succeeded"}),
            failed=JOB_FAILED | {"CompletedWithFailures"},
        ),
    )
}
"""By name."""


def look(hook: StepFunctionsHook, kind: Kind, identifier: str) -> dict[str, Any]:
    """What SageMaker says of *identifier*, as JSON."""
    made = client(hook)
    with translated(made, f"sagemaker:{kind.action}", identifier):
        answer = getattr(made, kind.method)(**{kind.parameter: identifier})
    return dict(as_json({key: value for key, value in answer.items() if key != "ResponseMetadata"}))


def listed(hook: StepFunctionsHook, kind: Kind, **query: Any) -> list[dict[str, Any]]:
    """The summaries of *kind* that ListXs finds for *query*, of all pages."""
    from botocore import xform_name

    made, found = client(hook), []
    with translated(made, f"sagemaker:List{kind.noun}s", "*"):
        for page in made.get_paginator(xform_name(f"List{kind.noun}s")).paginate(**query):
            found += page[f"{kind.noun}Summaries"]
    return found


def is_unknown(error: BaseException) -> bool:
    """Whether *error* says that there is no such thing, perhaps not yet."""
    kind = code(error)
    return kind in ("ResourceNotFound", "ResourceNotFoundException") or (
        kind == "ValidationException" and "could not find" in str(error).lower()
    )


def as_json(value: Any) -> Any:
    """*value* as it can be stored: times in ISO 8601."""

    def text(item: Any) -> str:
        return str(item.isoformat()) if hasattr(item, "isoformat") else str(item)

    return json.loads(json.dumps(value, default=text))


def client(hook: StepFunctionsHook) -> Any:
    """The client of *hook*'s connection, made once: creating one takes tens of milliseconds."""
    made = hook.__dict__.get(CLIENT)
    if made is None:
        made = hook.__dict__[CLIENT] = hook.client_of("sagemaker")
    return made
