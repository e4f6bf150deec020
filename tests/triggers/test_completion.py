"""Waiting in the triggerer's way for executions and jobs of the embedded AWS."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.triggers.base import TaskFailedEvent, TaskSkippedEvent, TaskSuccessEvent
from botocore.exceptions import ClientError

from airflow_sfn_ml.exceptions import AccessDenied, DeployError
from airflow_sfn_ml.hooks.reads import Reads
from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.triggers.completion import StepFunctionsExecutionCompleteTrigger
from airflow_sfn_ml.triggers.job_completion import SageMakerCompleteTrigger
from airflow_sfn_ml.triggers.sharing import shared_hook

ROLE = "arn:aws:iam::123456789012:role/states"
FAILS = {"StartAt": "Break", "States": {"Break": {"Type": "Fail", "Error": "Own.Error", "Cause": "on purpose"}}}
ECHO = {"StartAt": "p", "States": {"p": {"Type": "Pass", "End": True}}}
WAIT = {"StartAt": "w", "States": {"w": {"Type": "Wait", "Seconds": 600, "End": True}}}
TIMES_OUT = {**WAIT, "TimeoutSeconds": 1}
WITHOUT_AIRFLOW = {"aws_conn_id": None, "push": False}


@pytest.fixture
def aws(local_aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalAws]:
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_SHORTEST", "0.1")
    monkeypatch.setenv("AIRFLOW__SFN_ML__POLL_LONGEST", "0.5")
    return local_aws


def start(aws: LocalAws, name: str, definition: dict[str, Any], given: str = "{}") -> str:
    states = aws.client("stepfunctions")
    machine = states.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    return str(
        states.start_execution(stateMachineArn=machine["stateMachineArn"], name="e", input=given)["executionArn"]
    )


def job(aws: LocalAws, name: str, code: str) -> str:
    aws.client("sagemaker").create_processing_job(
        ProcessingJobName=name,
        RoleArn="arn:aws:iam::123456789012:role/sagemaker",
        AppSpecification={"ImageUri": "any-image", "ContainerEntrypoint": ["python3", "-c", code]},
        ProcessingResources={"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}},
    )
    return name


async def first(trigger: Any) -> Any:
    async for event in trigger.run():
        return event
    raise AssertionError("no event")


def run(*triggers: Any) -> list[Any]:
    async def together() -> list[Any]:
        return list(await asyncio.gather(*map(first, triggers)))

    return asyncio.run(together())


def test_an_execution_that_succeeds_ends_the_task(aws: LocalAws):
    arn = start(aws, "complete-echo", ECHO)
    assert run(StepFunctionsExecutionCompleteTrigger(arn, **WITHOUT_AIRFLOW)) == [TaskSuccessEvent()]


@pytest.mark.parametrize(
    ("definition", "told"),
    [
        pytest.param(FAILS, "failed: Own.Error", id="failed"),
        pytest.param(TIMES_OUT, "timed out", id="timed-out"),
        pytest.param(WAIT, "was stopped: Own.Stop", id="stopped"),
    ],
)
def test_every_other_end_is_a_failure(aws: LocalAws, definition: dict[str, Any], told: str, capsys: Any):
    arn = start(aws, f"complete-{told.split()[0].strip(':')}-{len(told)}", definition)
    if definition is WAIT:
        aws.client("stepfunctions").stop_execution(executionArn=arn, error="Own.Stop", cause="by hand")
    assert run(StepFunctionsExecutionCompleteTrigger(arn, **WITHOUT_AIRFLOW)) == [TaskFailedEvent()]
    assert f"Execution {arn} {told}" in capsys.readouterr().out


def test_a_permission_that_is_missing_is_named_at_once(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    def denied(*_: Any) -> None:
        raise AccessDenied("the credentials lack states:DescribeExecution")

    monkeypatch.setattr(Reads, "summary", denied)
    monkeypatch.setattr(Reads, "executions", denied)
    arn = "arn:aws:states:us-east-1:123456789012:execution:nobodys:e"
    assert run(StepFunctionsExecutionCompleteTrigger(arn, **WITHOUT_AIRFLOW)) == [TaskFailedEvent()]
    assert "lack states:DescribeExecution" in capsys.readouterr().out


def test_what_passes_by_itself_fails_no_task(aws: LocalAws, monkeypatch: pytest.MonkeyPatch, capsys: Any):
    monkeypatch.setattr("airflow_sfn_ml.triggers.threads.FIRST", 0.1)
    arn = start(aws, "complete-throttled", FAILS)
    busy = {"describe": 2, "events": 2}

    def disturbed(name: str) -> Any:
        call = getattr(StepFunctionsHook, name)

        def answer(*given: Any) -> Any:
            if busy[name]:
                busy[name] -= 1
                refused = ClientError({"Error": {"Code": "ThrottlingException", "Message": "too many"}}, name)
                raise DeployError("too many") from refused
            return call(*given)

        return answer

    for name in busy:
        monkeypatch.setattr(StepFunctionsHook, name, disturbed(name))
    assert run(StepFunctionsExecutionCompleteTrigger(arn, **WITHOUT_AIRFLOW)) == [TaskFailedEvent()]
    assert f"Execution {arn} failed: Own.Error" in capsys.readouterr().out
    assert busy == {"describe": 0, "events": 0}


def test_botocores_settings_reach_the_triggerers_client(aws: LocalAws):
    trigger = StepFunctionsExecutionCompleteTrigger("arn", botocore_config={"read_timeout": 7}, **WITHOUT_AIRFLOW)

    async def timeouts() -> tuple[int, int]:
        plain = StepFunctionsExecutionCompleteTrigger("arn", **WITHOUT_AIRFLOW)
        hooks = await shared_hook(trigger.settings), await shared_hook(plain.settings)
        return hooks[0].conn.meta.config.read_timeout, hooks[1].conn.meta.config.read_timeout

    assert asyncio.run(timeouts()) == (7, 60)


def test_a_failure_is_a_skip_where_the_task_fails_softly(aws: LocalAws):
    arn = start(aws, "complete-soft", FAILS)
    assert run(StepFunctionsExecutionCompleteTrigger(arn, soft_fail=True, **WITHOUT_AIRFLOW)) == [TaskSkippedEvent()]


def test_an_end_that_is_older_than_the_redrive_is_none(aws: LocalAws):
    arn = start(aws, "complete-redriven", FAILS)
    states = aws.client("stepfunctions")
    while states.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.05)

    async def redriven() -> Any:
        waits = asyncio.ensure_future(first(StepFunctionsExecutionCompleteTrigger(arn, 1, **WITHOUT_AIRFLOW)))
        await asyncio.sleep(1.5)
        before = waits.done()
        await asyncio.to_thread(states.redrive_execution, executionArn=arn)
        return before, await waits

    assert asyncio.run(redriven()) == (False, TaskFailedEvent())


def test_who_has_no_more_time_hands_over_to_a_worker(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_sfn_ml.triggers.completing.SETTLED", 0.0)
    arn = start(aws, "complete-late", WAIT)
    (event,) = run(StepFunctionsExecutionCompleteTrigger(arn, deadline=time.time() + 1, **WITHOUT_AIRFLOW))
    assert event.payload == {"timed_out": arn}
    assert aws.client("stepfunctions").describe_execution(executionArn=arn)["status"] == "RUNNING"


def test_who_has_outlets_ends_on_a_worker(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("airflow_sfn_ml.triggers.completing.SETTLED", 0.0)
    arn = start(aws, "complete-outlets", ECHO)
    (event,) = run(StepFunctionsExecutionCompleteTrigger(arn, ends_on_worker=True, **WITHOUT_AIRFLOW))
    assert event.payload == {"ended": arn}


def test_a_job_that_completes_ends_the_task(aws: LocalAws):
    name = job(aws, "complete-job", "print(1)")
    assert run(SageMakerCompleteTrigger("Processing", name, **WITHOUT_AIRFLOW)) == [TaskSuccessEvent()]


def test_a_job_that_fails_tells_its_reason_and_its_log(aws: LocalAws, capsys: Any):
    name = job(aws, "fails-job", "print('about to'); raise SystemExit(3)")
    assert run(SageMakerCompleteTrigger("Processing", name, **WITHOUT_AIRFLOW)) == [TaskFailedEvent()]
    told = capsys.readouterr().out
    assert f"Processing job {name}: Failed" in told
    assert "Reason: AlgorithmError" in told
    assert "Exit code: 3" in told
    assert "about to" in told


def test_a_job_that_was_stopped_is_a_failure_unless_that_is_allowed(aws: LocalAws):
    name = job(aws, "stopped-job", "import time; time.sleep(600)")
    sagemaker = aws.client("sagemaker")
    sagemaker.stop_processing_job(ProcessingJobName=name)
    assert run(
        SageMakerCompleteTrigger("Processing", name, **WITHOUT_AIRFLOW),
        SageMakerCompleteTrigger("Processing", name, allow_stopped=True, **WITHOUT_AIRFLOW),
    ) == [TaskFailedEvent(), TaskSuccessEvent()]


def test_all_that_wait_for_a_job_share_its_looks(aws: LocalAws, monkeypatch: pytest.MonkeyPatch):
    from airflow_sfn_ml.hooks import sagemaker as table

    name = job(aws, "shared-job", "import time; time.sleep(2)")
    looks: list[str] = []
    look = table.look
    monkeypatch.setattr(table, "look", lambda *given: looks.append(given[2]) or look(*given))
    began = time.monotonic()
    triggers = [SageMakerCompleteTrigger("Processing", name, **WITHOUT_AIRFLOW) for _ in range(20)]
    assert run(*triggers) == [TaskSuccessEvent()] * 20
    assert len(looks) <= 2 + (time.monotonic() - began) / 0.09


def test_a_trigger_is_made_again_from_what_it_serialises():
    trigger = SageMakerCompleteTrigger("Training", "name", allow_stopped=True, region_name="eu-west-1", deadline=7.5)
    path, arguments = trigger.serialize()
    assert path == f"{SageMakerCompleteTrigger.__module__}.SageMakerCompleteTrigger"
    assert SageMakerCompleteTrigger(**arguments).serialize() == (path, arguments)
    assert json.loads(json.dumps(arguments)) == arguments
