"""`arn:aws:states:::sagemaker:...`: the SageMaker integration that moto lacks.

https://docs.aws.amazon.com/step-functions/latest/dg/connect-sagemaker.html. With `.sync` the task waits for the job
and its result is the Describe document; a failed job is `States.TaskFailed` with that document as cause; a task
that is stopped or times out stops its job. How AWS treats a job that ended `Stopped` is not documented; here the
task succeeds with the document, and an `Output` may look at the status. Timestamps in documents are numbers, in
milliseconds.

Nothing polls: the job engine is in the same process and sets an event when a job ends.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import re
import uuid
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from airflow_sfn_ml.local.jobs.job import KINDS, Job
from airflow_sfn_ml.local.patching import Patches
from airflow_sfn_ml.local.refusals import RefusedError
from airflow_sfn_ml.local.sagemaker.api import JobApi
from airflow_sfn_ml.local.stepfunctions.waiting import InterruptedWaitError, waking

_JOBS = {f"create{kind.name}Job": kind for kind in KINDS}
_NOT_RUN = frozenset({"createLabelingJob"})
_ANSWERED = frozenset({"createModel", "createEndpointConfig", "createEndpoint", "updateEndpoint"})
_LONGEST_CAUSE = 32_768
_OWN_NAMES = {"ResourceLimitExceeded": "SageMaker.ResourceLimitExceededException"}

Client = Callable[[str, str], Any]


class JobFailedError(Exception):
    """A job ended Failed; carries its Describe document."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document.get("FailureReason", ""))
        self.document = document


def patches_for(api: JobApi, client: Client) -> Patches:
    """The replacement of the factory of service integrations, which gives ours for `sagemaker`."""
    from moto.stepfunctions.parser.asl.component.state.exec.state_task import state_task_factory  # noqa: F401
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_factory

    others = state_task_service_factory.state_task_service_for
    integration = _integration(api, client)
    patches = Patches("moto.stepfunctions.parser.asl.component.state.exec.state_task.service")

    @patches.replaces("state_task_service_factory", "state_task_service_for", "service_name", everywhere=True)
    def state_task_service_for(service_name: str) -> Any:
        return integration() if service_name == "sagemaker" else others(service_name)

    return patches


def _integration(api: JobApi, client: Client) -> Callable[[], Any]:
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import state_task_service_callback

    base: Any = state_task_service_callback.StateTaskServiceCallback

    class SageMakerTask(base):
        """One Task state of the integration."""

        def __init__(self) -> None:
            super().__init__(supported_integration_patterns={"sync"})
            # One object runs all iterations of a Map side by side, each in an environment of its own.
            self.jobs: WeakKeyDictionary[Any, Job] = WeakKeyDictionary()

        def _get_supported_parameters(self) -> set[str]:
            return set()

        def _validate_service_integration_is_supported(self) -> None:
            action, condition = self.resource.api_action, self.resource.condition
            job = action in _JOBS or action in _NOT_RUN
            if not (job and condition in (None, "sync")) and not (action in _ANSWERED and condition is None):
                raise ValueError(
                    f"The resource provided {self.resource.resource_arn} is not recognized. The value is not a valid "
                    "resource ARN, or the resource is not available in this region."
                )

        def _eval_service_task(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
        ) -> None:
            action = self.resource.api_action
            account, region = resource_runtime_part.account, resource_runtime_part.region
            if kind := _JOBS.get(action):
                job = self.jobs[env] = api.create(kind, normalised_parameters, account, region)
                answer = {kind.arn_key: job.arn}
            elif action in _NOT_RUN:
                raise RefusedError(
                    "ValidationException",
                    f"the embedded AWS does not run {action}; test this state on AWS",
                )
            else:
                call = getattr(client("sagemaker", region), _snake(action))
                answer = {k: v for k, v in call(**normalised_parameters).items() if k != "ResponseMetadata"}
            env.stack.append(_submitted(answer))

        def _eval_integration_pattern(
            self, env: Any, resource_runtime_part: Any, normalised_parameters: Any, state_credentials: Any
        ) -> None:
            env.stack.pop()
            job = self.jobs[env]
            _wait(api, job, env)
            document = json_document(job.document())
            if job.status == "Failed":
                raise JobFailedError(document)
            env.stack.append(document)

        def _from_error(self, env: Any, ex: Exception) -> Any:
            match ex:
                case JobFailedError():
                    return _failed(self, env, "States.TaskFailed", json.dumps(ex.document, separators=(",", ":")))
                case RefusedError():
                    return _refused(self, env, ex.code, ex.message)
            if response := getattr(ex, "response", None):
                return _refused(self, env, response["Error"]["Code"], response["Error"]["Message"])
            return super()._from_error(env=env, ex=ex)

    return SageMakerTask


def _wait(api: JobApi, job: Job, env: Any) -> None:
    """Wait for the end of `job`; stop the job when the task ends first."""
    with waking(env) as event:
        job.on_end(lambda _: event.set())
        event.wait()
    if job.done:
        return
    with contextlib.suppress(RefusedError):
        api.stop(job.kind, job.name, job.account, job.region)
    raise InterruptedWaitError


def _submitted(answer: dict[str, Any]) -> dict[str, Any]:
    """What TaskSubmitted records: the answer, and what the SDK adds to it."""
    request = str(uuid.uuid4())
    return {
        **answer,
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"x-amzn-RequestId": [request], "Content-Type": ["application/x-amz-json-1.1"]},
            "HttpHeaders": {"Content-Type": "application/x-amz-json-1.1", "x-amzn-RequestId": request},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request},
    }


def json_document(value: Any) -> Any:
    """A Describe document as JSON: timestamps become milliseconds since the epoch."""
    match value:
        case dict():
            return {key: json_document(item) for key, item in value.items()}
        case list():
            return [json_document(item) for item in value]
        case datetime.datetime():
            return int(value.timestamp() * 1000)
    return value


def _refused(task: Any, env: Any, code: str, message: str) -> Any:
    error = _OWN_NAMES.get(code, "SageMaker.AmazonSageMakerException")
    cause = (
        f"{message} (Service: AmazonSageMaker; Status Code: 400; Error Code: {code}; "
        f"Request ID: {uuid.uuid4()}; Proxy: null)"
    )
    return _failed(task, env, error, cause)


def _failed(task: Any, env: Any, error: str, cause: str) -> Any:
    from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
    from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType

    name: Any
    if error == "States.TaskFailed":
        name = StatesErrorName(typ=StatesErrorNameType.StatesTaskFailed)
    else:
        from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName

        name = CustomErrorName(error)
    details = {
        "resource": task._get_sfn_resource(),
        "resourceType": task._get_sfn_resource_type(),
        "error": error,
        "cause": cause[:_LONGEST_CAUSE],
    }
    return FailureEvent(
        env=env, error_name=name, event_type="TaskFailed", event_details={"taskFailedEventDetails": details}
    )


def _snake(action: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", action).lower()
