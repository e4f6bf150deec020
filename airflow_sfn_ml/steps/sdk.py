"""Any call of any AWS API: ``SdkStep("describe", "sagemaker", "describeEndpoint", {"EndpointName": name})``."""

from __future__ import annotations

from typing import Any

from airflow_sfn_ml.steps.base import CALL, TOKEN, ServiceStep
from airflow_sfn_ml.steps.integrations import Integration
from airflow_sfn_ml.steps.service_model import services

_BOTOCORE = {
    "databasemigration": "dms",
    "eventbridge": "events",
    "sfn": "stepfunctions",
    "elasticloadbalancingv2": "elbv2",
    "elasticloadbalancing": "elb",
    "cloudwatchlogs": "logs",
    "cognitoidentityprovider": "cognito-idp",
    "cognitoidentity": "cognito-identity",
    "costexplorer": "ce",
    "applicationautoscaling": "application-autoscaling",
    "elasticsearch": "es",
    "lex": "lex-models",
}
"""botocore's names of services where they are not the names of the SDK for Java, which Step Functions goes by."""
_IAM = {"stepfunctions": "states", "emr": "elasticmapreduce"}


class SdkStep(ServiceStep):
    """Call an operation of an AWS API, without waiting for what it begins.

    :param state_id: the name of the state.
    :param service: as boto3 or as Step Functions calls it: ``sagemaker``, ``emr-serverless``, ``sfn``.
    :param operation: as the API or as Step Functions writes it: ``DescribeEndpoint`` or ``describeEndpoint``.
    :param request: the request.
    :param wait_for_callback: wait for a task token.
    """

    row = "aws-sdk"

    def __init__(
        self,
        state_id: str,
        service: str,
        operation: str,
        request: Any = None,
        *,
        wait_for_callback: bool = False,
        **kwargs: Any,
    ) -> None:
        self._sdk = service.replace("-", "").lower()
        self._sdk = {botocore: name for name, botocore in _BOTOCORE.items()}.get(service, self._sdk)
        self._service = boto3_name(self._sdk, service)
        self._operation = operation[:1].lower() + operation[1:]
        pattern = TOKEN if wait_for_callback else CALL
        super().__init__(state_id, request=request, pattern=pattern, **kwargs)

    @property
    def call(self) -> Integration:
        """A row like those of the table, made of the names."""
        api = self._operation[:1].upper() + self._operation[1:]
        action = f"{_IAM.get(self._service, self._service)}:{api}"
        return Integration(
            f"aws-sdk:{self._sdk}:{self._operation}", f"{self._service}.{api}", actions=(action,), token=True
        )

    def problems(self) -> list[str]:
        """Whether the service has the operation, where botocore knows the service."""
        from difflib import get_close_matches

        from airflow_sfn_ml.steps.service_model import service_model

        try:
            known = service_model(self._service).operations()
        except ValueError:
            return []
        name = self._operation[:1].upper() + self._operation[1:]
        if name in known:
            return []
        near = get_close_matches(name, known, 1)
        return [f"{self._service} has no operation {name!r}" + (f", did you mean {near[0]!r}?" if near else "")]


def boto3_name(sdk: str, otherwise: str | None = None) -> str:
    """The service that Step Functions calls *sdk*, as boto3 calls it; *otherwise* where there is none."""
    return _BOTOCORE.get(sdk) or services().get(sdk, sdk if otherwise is None else otherwise)
