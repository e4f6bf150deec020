"""What the operators and sensors of this package that talk to AWS by themselves have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

CONNECTION_FIELDS = ("aws_conn_id", "region_name", "verify")
"""What is templated in every one of them, as in the Amazon provider."""


class ConnectedOperator(BaseOperator):
    """An operator with a connection to AWS.

    :param aws_conn_id: the Airflow connection to AWS.
    :param region_name: the region, where it is not the connection's.
    :param verify: how certificates are verified.
    :param botocore_config: settings of botocore's clients.
    """

    def __init__(
        self,
        *,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config

    def connection(self) -> dict[str, Any]:
        """The arguments by which a trigger reaches the same account."""
        return {
            "aws_conn_id": self.aws_conn_id,
            "region_name": self.region_name,
            "verify": self.verify,
            "botocore_config": self.botocore_config,
        }

    def make_hook(self) -> StepFunctionsHook:
        """A hook with this task's connection."""
        from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

        return StepFunctionsHook(
            self.aws_conn_id, region_name=self.region_name, verify=self.verify, config=self.botocore_config
        )
