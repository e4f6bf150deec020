"""Addresses of AWS's console. Pure."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airflow_sfn_ml.history.explain import Failure

DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
JOB_PAGES = {"processing-job": "processing-jobs", "training-job": "jobs", "transform-job": "transform-jobs"}
JOB_PAGES |= {"hyper-parameter-tuning-job": "hyper-tuning-jobs", "model": "models", "endpoint": "endpoints"}


class Console:
    """The console of the account and region that *arn* is in; it has no addresses where *endpoint* is not AWS's."""

    def __init__(self, arn: str, endpoint: str) -> None:
        _, partition, _, self.region = arn.split(":")[:4]
        host = urlsplit(endpoint).hostname or ""
        domain = DOMAINS.get(partition)
        is_aws = host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))
        self.base = f"https://{self.region}.{domain}" if domain and is_aws else None

    def execution(self, arn: str) -> str | None:
        """The page of an execution."""
        return self._page("states", f"/v2/executions/details/{quote(arn, safe=':')}")

    def job(self, arn: str | None) -> str | None:
        """The page of what a state started; None for services whose pages are not known here."""
        parts = (arn or "").split(":")
        if len(parts) < 6:
            return None
        kind, _, name = parts[5].partition("/")
        if parts[2] == "sagemaker" and kind in JOB_PAGES:
            return self._page("sagemaker", f"/{JOB_PAGES[kind]}/{quote(name)}")
        if parts[2] == "states" and kind == "execution":
            return self.execution(str(arn))
        return None

    def log(self, failure: Failure) -> str | None:
        """The log streams of a job, in CloudWatch."""
        if not failure.log_group:
            return None
        group = quote(quote(failure.log_group, safe=""), safe="").replace("%", "$")
        prefix = quote(quote(failure.log_stream_prefix or "", safe=""), safe="").replace("%", "$")
        return self._page("cloudwatch", f"logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{prefix}")

    def _page(self, service: str, fragment: str) -> str | None:
        return f"{self.base}/{service}/home?region={self.region}#{fragment}" if self.base else None
