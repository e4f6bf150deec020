"""What every service step shares: one call of a service, with what is known about it.

A step is a Task state whose resource comes from the table of `integrations`. Beyond the language it knows which request
field names the job, under which key the upstream Airflow operator would push the result, which status means success:
the compiler of task groups reads these facts and knows no service.

What checks a request is imported when one is checked: a Dag file is parsed again and again.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from airflow_sfn_ml.asl.refs import Param, Ref, Text
from airflow_sfn_ml.inputs import StepInput
from airflow_sfn_ml.inputs.expressions import Expression
from airflow_sfn_ml.steps.freezer import Freezer, default_partition
from airflow_sfn_ml.steps.integrations import INTEGRATIONS, Integration
from airflow_sfn_ml.steps.patterns import IntegrationPattern, check_pattern
from airflow_sfn_ml.steps.states import Task

if TYPE_CHECKING:
    from airflow_sfn_ml.steps.requests import RequestProblem

SYNC = IntegrationPattern.WaitForCompletion
CALL = IntegrationPattern.CallAndContinue
TOKEN = IntegrationPattern.WaitForTaskToken


class ServiceStep(Task):
    """One call of a service.

    :param state_id: the name of the state; in a task group the task's id below the group.
    :param request: the request of the service's API, in PascalCase as in the API reference (camelCase as boto3 takes
        it is mapped). Values may be placeholders; in a task group also Airflow templates, XComs of tasks outside the
        group, and ``other_step.output()[...]``. The SDK calls it ``parameters``.
    :raises TypeError: the language has no such field.
    """

    row: ClassVar[str]
    """Which row of the table of integrations it is."""
    name_field: ClassVar[str | None] = None
    name_limit: ClassVar[int] = 63
    result_key: ClassVar[str | None] = None
    status_field: ClassVar[str | None] = None
    success_status: ClassVar[str] = "Completed"

    pattern: IntegrationPattern

    def __init__(
        self, state_id: str, *, request: Any = None, pattern: IntegrationPattern = CALL, **kwargs: Any
    ) -> None:
        if not state_id:
            raise ValueError(f"{type(self).__name__} needs a name")
        if "resource" in kwargs:
            raise TypeError(f"{type(self).__name__} calls {self.call.resource}; to call another resource, use Task")
        super().__init__(state_id, **kwargs)
        self.pattern = check_pattern(pattern, self.call.patterns)
        if request is not None:
            if self.fields.get("parameters") is not None or self.fields.get("arguments") is not None:
                raise TypeError("request, parameters and arguments are names of the same thing; give one")
            self.fields["parameters"] = request

    # What is known about the call

    @property
    def call(self) -> Integration:
        """The row of the table."""
        return INTEGRATIONS[self.row]

    @property
    def service(self) -> str:
        """The service, as boto3 calls it; empty where the call is Step Functions' own."""
        return (self.call.api or ".").partition(".")[0]

    @property
    def operation(self) -> str:
        """The operation of the service's API, beginning in lower case."""
        name = (self.call.api or ".").partition(".")[2]
        return name[:1].lower() + name[1:]

    @property
    def integration(self) -> str:
        """The resource without the partition's prefix: ``sagemaker:createTrainingJob.sync``."""
        return self.call.resource_of(self.pattern)

    @property
    def actions(self) -> tuple[str, ...]:
        """The IAM actions that the role needs for the call, for waiting and for stopping."""
        return self.call.actions_of(self.pattern)

    @property
    def resource(self) -> str:
        """The resource in the partition of the environment's region."""
        return f"arn:{default_partition()}:states:::{self.integration}"

    @property
    def request(self) -> Any:
        """The request, as it was given."""
        given = self.fields.get("arguments")
        return self.fields.get("parameters") if given is None else given

    def with_request(self, request: Any) -> Self:
        """The same step with another request."""
        other = copy.copy(self)
        object.__setattr__(other, "fields", {**self.fields, "parameters": request})
        other.fields.pop("arguments", None)
        return other

    def _make_output(self) -> StepInput:
        prefix = (self.result_key,) if self.result_key else ()
        return StepInput(self.output_schema, task=self.state_id, prefix=prefix, producer=self)

    def output_shape(self) -> Mapping[str, Any] | None:
        """The fields of the answer with their types, as botocore's model names them; None where nobody says."""
        from airflow_sfn_ml.steps.results import answer_shape

        return answer_shape(self.call, self.pattern)

    # Checks

    def request_problems(self) -> list[RequestProblem]:
        """What the service would refuse of the request, as far as it is known."""
        from airflow_sfn_ml.steps.casing import spelling
        from airflow_sfn_ml.steps.requests import RequestProblem, check_request

        request = self.request
        if isinstance(request, (Expression, Ref, Param, Text, str)):
            return []
        plain = _static({} if request is None else request)
        if not isinstance(plain, dict):
            return [RequestProblem("request", f"must be an object, not {plain!r}")]
        if self.call.api is None:
            return _own_problems(self.call, plain)
        plain = _pascal(self.call, plain)
        later = {key for key in self.call.json if key in plain}
        checked = {key: value for key, value in plain.items() if key not in later}
        spelled = spelling(self.call.resource)
        return check_request(
            self.service, self.operation, checked, injected=later, dynamic=_is_dynamic, spelled=spelled
        )

    def reference_problems(self, placeholder: StepInput) -> str | None:
        """What is wrong with the path of a placeholder of this state's output; None where nothing is."""
        from airflow_sfn_ml.steps.results import path_problem

        reshaped = {"result_selector", "result_path", "output_path", "output"} & self.fields.keys()
        return None if reshaped else path_problem(self.call, self.pattern, placeholder.keys)

    # To values

    def problems(self) -> list[str]:
        """Nothing beyond the request, which `request_problems` checks: the table knows the resource."""
        return []

    def _given(self, freezer: Freezer) -> dict[str, Any]:
        given = {"resource": f"arn:{freezer.partition}:states:::{self.integration}", **self.fields}
        request = self.request
        spelled = _pascal(self.call, request)
        if spelled is not request:
            given["parameters" if self.fields.get("arguments") is None else "arguments"] = spelled
        return given


class CallbackStep(ServiceStep):
    """A call that may wait for a task token.

    :param wait_for_callback: wait until something answers with the token, ``ContextObject()["Task"]["Token"]``.
    """

    def __init__(self, state_id: str, wait_for_callback: bool = False, **kwargs: Any) -> None:
        super().__init__(state_id, pattern=TOKEN if wait_for_callback else CALL, **kwargs)


class JobStep(ServiceStep):
    """A call that begins something and may wait for its end.

    :param wait_for_completion: go on only when it has ended (the default).
    """

    def __init__(self, state_id: str, wait_for_completion: bool = True, **kwargs: Any) -> None:
        super().__init__(state_id, pattern=SYNC if wait_for_completion else CALL, **kwargs)


class PatternStep(ServiceStep):
    """A call whose pattern is given by name.

    :param integration_pattern: one of those that the service offers.
    """

    default_pattern: ClassVar[IntegrationPattern] = SYNC

    def __init__(self, state_id: str, integration_pattern: IntegrationPattern | None = None, **kwargs: Any) -> None:
        super().__init__(state_id, pattern=integration_pattern or self.default_pattern, **kwargs)


def _own_problems(call: Integration, request: Mapping[str, Any]) -> list[RequestProblem]:
    """The check of a request whose fields are Step Functions' own."""
    from airflow_sfn_ml.steps.requests import RequestProblem

    required, _, optional = call.fields.partition("|")
    names = {key.removesuffix(".$") for key in request}
    known = {*required.split(), *optional.split()}
    missing = [RequestProblem(name, "is required") for name in required.split() if name not in names]
    return missing + [
        RequestProblem(name, f"there is no such field; known are {', '.join(sorted(known))}")
        for name in sorted(names - known)
    ]


def _camel_keys(request: Any) -> bool:
    """Whether *request* has fields that begin in lower case, as boto3 takes them."""
    return isinstance(request, Mapping) and any(isinstance(key, str) and key[:1].islower() for key in request)


def _pascal(call: Integration, request: Any) -> Any:
    """*request* as Step Functions takes it."""
    from airflow_sfn_ml.steps.casing import spelling, to_pascal

    sdk = call.resource.startswith("aws-sdk:")
    if call.api is None or not isinstance(request, Mapping) or not (sdk or _camel_keys(request)):
        return request
    service, _, operation = (call.api or ".").partition(".")
    try:
        return to_pascal(service, operation, request, spelling(call.resource))
    except ValueError:  # botocore knows no such service
        return request


class _Later:
    """Stands for a value that is known later."""


_LATER = _Later()


def _is_dynamic(value: Any) -> bool:
    return isinstance(value, (_Later, Expression, Ref, Param, Text))


def _static(value: Any) -> Any:
    """*value* with the fields ``x.$`` of JSONPath under their own names, their values known later."""
    if isinstance(value, Mapping):
        return {
            str(key).removesuffix(".$"): _LATER if str(key).endswith(".$") else _static(item)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [_static(item) for item in value]
    return value
