from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.history import Attempt, ExecutionView, Failure, StateStatus, StateView
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.pictures.outline import outline
from airflow_sfn_ml.plugin.details import LONGEST, details, lines, pretty
from tests.plugin.dags.tab import MACHINE

ARN = "arn:aws:states:eu-west-1:123456789012:execution:m:e"
AWS = Console(ARN, "https://states.eu-west-1.amazonaws.com")
BEGAN = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
JOB = "arn:aws:sagemaker:eu-west-1:123456789012:training-job/fit-1"


def view() -> ExecutionView:
    first = Attempt(1, StateStatus.FAILED, error="Throttled", started=BEGAN, ended=BEGAN + timedelta(seconds=3))
    second = Attempt(2, StateStatus.RUNNING, started=BEGAN, job="fit-1", job_arn=JOB, redrive_count=1)
    look = StateView("look", StateStatus.RUNNING, "Task", entered=BEGAN, entered_count=1, attempts=(first, second))
    return ExecutionView("RUNNING", {"look": look}, started=BEGAN)


def test_every_state_has_a_line_with_its_depth_and_task():
    found = lines(outline(asl.parse(MACHINE), view()), {"look": "g.look"})
    assert [(line["name"], line["depth"]) for line in found][:5] == [
        ("look", 0),
        ("both", 0),
        ("left", 1),
        ("each", 1),
        ("one", 2),
    ]
    assert found[0]["task_id"] == "g.look"
    assert found[0]["note"].startswith("running")


def test_a_state_has_all_its_attempts_with_links_to_their_jobs():
    told = details(view(), "look", "Task", AWS, {"task_id": "g.look", "map_index": -1, "state": "deferred"})
    assert [(each["error"], each["redrive"], each["duration"]) for each in told["attempts"]] == [
        ("Throttled", 0, "3 s"),
        (None, 1, None),
    ]
    assert told["job_url"] == "https://eu-west-1.console.aws.amazon.com/sagemaker/home?region=eu-west-1#/jobs/fit-1"
    assert told["task"]["task_id"] == "g.look"


def test_a_state_that_was_not_entered_has_its_type_from_the_definition():
    told = details(view(), "stop", "Fail", AWS, {})
    assert (told["type"], told["status"], told["task"]) == ("Fail", "not_entered", None)


def test_long_documents_are_cut_and_say_so():
    told = str(pretty('{"a": "' + "x" * LONGEST + '"}'))
    assert told.endswith("characters more: see AWS's console")
    assert len(told) < LONGEST + 100


def test_what_is_no_json_stays_as_it_is():
    assert pretty("Exit code: 1\n") == "Exit code: 1\n"


def test_a_log_has_an_address():
    log = Failure("s", log_group="/aws/sagemaker/TrainingJobs", log_stream_prefix="fit-1/")
    assert AWS.log(log) == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1"
        "#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dfit-1$252F"
    )


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:5000", "https://amazonaws.com.example.org"])
def test_what_is_not_aws_has_no_console(endpoint: str):
    console = Console(ARN, endpoint)
    assert [console.execution(ARN), console.job(JOB)] == [None, None]


def test_china_has_a_console_of_its_own():
    arn = "arn:aws-cn:states:cn-north-1:123456789012:execution:m:e"
    url = Console(arn, "https://states.cn-north-1.amazonaws.com.cn").execution(arn)
    assert str(url).startswith("https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#")
