"""Links from a task to AWS's console."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from airflow.sdk import BaseOperatorLink
from airflow.sdk.execution_time.xcom import XCom

DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


class StepFunctionsExecutionLink(BaseOperatorLink):
    """The execution that the task started or waits for.

    The address is stored before the task waits, so that the link is there while it runs, and after it failed.
    """

    name = "Step Functions execution"
    key = "_link_StepFunctionsExecutionLink"

    @property
    def xcom_key(self) -> str:
        """Where the address is stored; Airflow's UI reads it from there."""
        return self.key

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, once the task knows its execution; else nothing."""
        return str(XCom.get_value(key=self.key, ti_key=ti_key) or "")

    @classmethod
    def store(cls, context: Any, execution_arn: str) -> None:
        """Store the address of the execution's page."""
        address = console_address(execution_arn)
        if address:
            context["ti"].xcom_push(key=cls.key, value=address)


def console_address(execution_arn: str) -> str | None:
    """The page of an execution in AWS's console; None in partitions whose console is not known."""
    parts = execution_arn.split(":")
    if len(parts) < 8 or parts[1] not in DOMAINS:
        return None
    region = parts[3]
    page = f"/v2/executions/details/{quote(execution_arn, safe=':')}"
    return f"https://{region}.{DOMAINS[parts[1]]}/states/home?region={region}#{page}"
