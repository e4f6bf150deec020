"""Paid work stops, whoever is cancelled meanwhile, and whatever AWS has left at work."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from airflow_sfn_ml.triggers import halt
from airflow_sfn_ml.triggers.stopping import Order, Scope, left_jobs
from tests.triggers.scripted import STARTED, entered, events

ORDER = Order(Scope.EXECUTION, "Airflow.Test", "a test says so")
ABORTED = ("ExecutionAborted", {"executionAbortedEventDetails": {}})
ROLE = "arn:aws:iam::123456789012:role/any"


@pytest.fixture
def hook(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> StepFunctionsHook:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(halt, "PAUSE", 0.2)
    return StepFunctionsHook(None, region_name="us-east-1")


def begin(local_aws: Any, name: str) -> None:
    """A job that sleeps, started by no execution."""
    local_aws.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn=ROLE,
        AppSpecification={
            "ImageUri": "any-image:1",
            "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(99)"],
        },
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )


def status(local_aws: Any, name: str) -> str:
    return str(local_aws.client("sagemaker").describe_processing_job(ProcessingJobName=name)["ProcessingJobStatus"])


def stopped_while_waiting_for(name: str) -> list[dict[str, Any]]:
    """The history of an execution that was stopped while it waited for the job *name*."""
    scheduled = {
        "resourceType": "sagemaker",
        "resource": "createProcessingJob.sync",
        "region": "us-east-1",
        "parameters": json.dumps({"ProcessingJobName": name}),
    }
    return events(STARTED, entered("a"), ("TaskScheduled", {"taskScheduledEventDetails": scheduled}), ABORTED)


def test_a_job_that_aws_has_left_at_work_is_stopped_by_name_and_no_other(local_aws: Any, hook: StepFunctionsHook):
    begin(local_aws, "halt-left")
    begin(local_aws, "halt-left-2")
    view = reduce(stopped_while_waiting_for("halt-left"))
    lines = asyncio.run(halt.end_jobs(hook, left_jobs(view)))
    assert lines == [
        "AWS has not stopped job halt-left, so this task does",
        "Job halt-left has stopped, or is stopping",
    ]
    assert status(local_aws, "halt-left") in ("Stopping", "Stopped")
    assert status(local_aws, "halt-left-2") == "InProgress"
    local_aws.client("sagemaker").stop_processing_job(ProcessingJobName="halt-left-2")


def test_a_job_that_was_never_made_is_no_trouble(hook: StepFunctionsHook):
    view = reduce(stopped_while_waiting_for("halt-never"))
    assert asyncio.run(halt.end_jobs(hook, left_jobs(view))) == ["Job halt-never has stopped, or is stopping"]


class Counting(StepFunctionsHook):
    """Counts what it stops."""

    stops = 0

    def stop(self, arn: str, error: str, cause: str) -> None:
        self.stops += 1
        super().stop(arn, error, cause)


def test_what_many_ask_for_at_once_is_done_once(local_aws: Any, hook: StepFunctionsHook):
    stepfunctions = local_aws.client("stepfunctions")
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Wait", "Seconds": 99, "End": True}}})
    made = stepfunctions.create_state_machine(name="halt-once", roleArn=ROLE, definition=definition)
    arn = stepfunctions.start_execution(stateMachineArn=made["stateMachineArn"], input="{}")["executionArn"]
    counting = Counting(None, region_name="us-east-1")

    async def ask() -> None:
        await asyncio.gather(*(halt.halt_execution(counting, arn, ORDER, f"task {number}") for number in range(20)))

    asyncio.run(ask())
    assert counting.stops == 1
    assert stepfunctions.describe_execution(executionArn=arn)["error"] == "Airflow.Test"
    told = asyncio.run(halt.halt_execution(counting, arn, ORDER, "task"))
    assert told == [f"{arn} had ended already (ABORTED)"]


def test_what_was_begun_outlasts_every_cancellation():
    done = []

    async def work() -> None:
        await asyncio.sleep(0.3)
        done.append("all of it")

    async def killed() -> None:
        task = asyncio.create_task(halt.outlast(work()))
        for _ in range(5):
            await asyncio.sleep(0.03)
            task.cancel()
        await task

    asyncio.run(killed())
    assert done == ["all of it"]


def test_what_goes_wrong_with_it_is_told():
    async def work() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        asyncio.run(halt.outlast(work()))
