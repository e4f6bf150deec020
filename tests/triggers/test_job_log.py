"""A job's log is copied into the task's while it runs, line by line, and at bounded cost."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest

from airflow_sfn_ml.history import Failure
from airflow_sfn_ml.triggers.job_log import JobLog

GROUP = "/aws/sagemaker/TrainingJobs"
SETTINGS = (None, "us-east-1", None)


@pytest.fixture
def logs(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """CloudWatch Logs; the triggers find it by the environment."""
    for name, value in local_aws.env().items():
        monkeypatch.setenv(name, value)
    client = local_aws.client("logs")
    if not client.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        client.create_log_group(logGroupName=GROUP)
    return client


def write(logs: Any, stream: str, *lines: str) -> None:
    if not logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def job(name: str) -> Failure:
    return Failure("fit", job=name, log_group=GROUP, log_stream_prefix=f"{name}/")


async def until(caplog: pytest.LogCaptureFixture, line: str) -> None:
    for _ in range(200):
        if line in caplog.messages:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"{line} was not told")


def test_lines_are_told_while_the_job_runs_each_once_and_the_last_ones_too(logs, caplog, monkeypatch):
    monkeypatch.setenv("AIRFLOW__SFN_ML__STREAM_LOGS_INTERVAL", "1")
    caplog.set_level(logging.INFO)

    async def run() -> None:
        copy = JobLog(SETTINGS, logging.getLogger("task"))
        copy.follow(job("stream-one"))
        await asyncio.sleep(0.5)
        write(logs, "stream-one/algo-1", "first")
        await until(caplog, "first")
        copy.follow(job("stream-one"))
        write(logs, "stream-one/algo-1", "second", "third")
        assert await copy.finish()

    asyncio.run(run())
    told = [record.message for record in caplog.records if record.name == "task"]
    assert told == ["first", "second", "third"]


def test_each_instance_has_its_name_before_its_lines_and_a_look_copies_no_more_than_it_may(logs, caplog, monkeypatch):
    monkeypatch.setenv("AIRFLOW__SFN_ML__STREAM_LOGS_LINES", "3")
    caplog.set_level(logging.INFO)
    write(logs, "stream-two/algo-1", "a", "b")
    write(logs, "stream-two/algo-2", "c", "d", "e", "f", "g", "h")

    async def run() -> None:
        copy = JobLog(SETTINGS, logging.getLogger("task"))
        copy.follow(job("stream-two"))
        copy.stop()
        await copy.finish()

    asyncio.run(run())
    told = [record.message for record in caplog.records if record.name == "task"]
    assert told == [
        *("[algo-1] a", "[algo-1] b", "[algo-2] c"),
        *("[algo-2] d", "[algo-2] e", "[algo-2] f"),
        f"The job may have written more: see {GROUP}/stream-two/...",
    ]


def test_a_job_that_has_written_nothing_is_looked_at_again(logs, caplog):
    async def run() -> bool:
        copy = JobLog(SETTINGS, logging.getLogger("task"))
        copy.follow(job("stream-none"))
        return await copy.finish()

    assert asyncio.run(run())
    assert not [record for record in caplog.records if record.name == "task"]


def test_a_state_without_a_job_is_not_followed():
    async def run() -> bool:
        copy = JobLog(SETTINGS, logging.getLogger("task"))
        copy.follow(Failure("pass"))
        return await copy.finish()

    assert not asyncio.run(run())
