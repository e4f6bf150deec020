"""State changes of jobs and executions as EventBridge events, delivered through moto's rules."""

from __future__ import annotations

import copy
import datetime
import logging
import threading
import time
import uuid
from typing import Any

from airflow_sfn_ml.local.jobs.job import Job
from airflow_sfn_ml.local.sagemaker.endpoints import in_events

log = logging.getLogger(__name__)


def job_changed(job: Job) -> None:
    """Tell the default bus that a job started or ended."""
    detail = _milliseconds({**job.document(), "Tags": dict(job.tags)})
    _emit(job.account, job.region, "aws.sagemaker", f"SageMaker {job.kind.label} Job State Change", detail, job.arn)


def endpoint_changed(endpoint: Any, account: str, region: str) -> None:
    """Tell the default bus that an endpoint has another status."""
    detail = {
        **endpoint.response_object,
        "EndpointStatus": in_events(endpoint.endpoint_status),
        "Tags": {tag["Key"]: tag["Value"] for tag in endpoint.tags},
    }
    _emit(account, region, "aws.sagemaker", "SageMaker Endpoint State Change", _milliseconds(detail), endpoint.arn)


def execution_changed(execution: Any) -> None:
    """Tell the default bus that an execution started or ended."""
    from airflow_sfn_ml.local.stepfunctions.executions import details

    document = dict.fromkeys(("output", "outputDetails", "error", "cause", "stopDate"))
    _emit(
        execution.account_id,
        execution.region_name,
        "aws.states",
        "Step Functions Execution Status Change",
        _milliseconds({**document, **details(execution)}),
        execution.exec_arn,
    )


def _milliseconds(value: Any) -> Any:
    match value:
        case dict():
            return {key: _milliseconds(item) for key, item in value.items()}
        case list():
            return [_milliseconds(item) for item in value]
        case datetime.datetime():
            return int((value if value.tzinfo else value.replace(tzinfo=datetime.UTC)).timestamp() * 1000)
    return value


def _emit(account: str, region: str, source: str, kind: str, detail: dict[str, Any], resource: str) -> None:
    from moto.events.models import _BASE_EVENT_MESSAGE, events_backends

    rules = [
        rule
        for rule in list(events_backends[account][region].event_buses["default"].rules.values())
        if getattr(rule, "state", "ENABLED") != "DISABLED"
    ]
    if not rules:
        return
    message = copy.deepcopy(_BASE_EVENT_MESSAGE) | {
        "id": str(uuid.uuid4()),
        "detail-type": kind,
        "source": source,
        "account": account,
        "region": region,
        "time": time.time(),
        "ingestion-time": time.time(),
        "resources": [resource],
        "detail": detail,
    }

    def deliver() -> None:
        for rule in rules:
            transform = any("InputTransformer" in target for target in rule.targets)
            try:
                rule.send_to_targets(copy.deepcopy(message), transform_input=transform)
            except Exception:
                log.exception("event %s to rule %s", kind, rule.name)

    threading.Thread(target=deliver, daemon=True, name="event").start()
