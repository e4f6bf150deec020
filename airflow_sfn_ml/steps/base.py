"""What every service step shares: one call to a service, as a value.

A step knows what the language does not: which request field names the job, under which key the upstream Airflow
operator would push the result, which status means success. The compiler reads these facts and knows no service.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow_sfn_ml.asl.refs import Ref


@dataclass(frozen=True)
class ServiceStep:
    """One call to a service, named after the service's own operation.

    :param state_id: the task's id below its group, and so the name of its state.
    :param request: the request of the service's API, in PascalCase as in the API reference. Values may be Airflow
        templates, XComs of tasks outside the group, and ``other_step.output()[...]``.
    """

    service: ClassVar[str]
    operation: ClassVar[str]
    integration: ClassVar[str]
    """The resource of the Task state, without the partition's prefix: ``sagemaker:createTrainingJob.sync``."""
    actions: ClassVar[tuple[str, ...]]
    """The IAM actions that the execution role needs for the call itself, for waiting and for cancelling."""
    name_field: ClassVar[str | None] = None
    name_limit: ClassVar[int] = 63
    result_key: ClassVar[str | None] = None
    status_field: ClassVar[str | None] = None
    success_status: ClassVar[str] = "Completed"

    state_id: str
    request: Any = field(kw_only=True)

    def __post_init__(self) -> None:
        if not self.state_id:
            raise ValueError(f"{type(self).__name__} needs a name")

    def output(self) -> Ref:
        """The service's answer, for use in the requests of later steps: ``train.output()["ModelArtifacts"]``."""
        return Ref(self.state_id, (self.result_key,) if self.result_key else ())

    def with_request(self, request: Any) -> ServiceStep:
        """The same step with another request."""
        return type(self)(self.state_id, request=request)
