"""What the log of a task says about its state."""

from __future__ import annotations

import json

from airflow_sfn_ml.history import reduce
from airflow_sfn_ml.history.console import Console
from airflow_sfn_ml.triggers.explain import failure_lines, progress_line, request_line
from tests.triggers.scripted import STARTED, entered, events, exited, failed, scheduled, task_failed

CAUSE = json.dumps(
    {
        "TrainingJobName": "fit-1",
        "TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/fit-1",
        "FailureReason": "AlgorithmError: it broke, exit code: 1",
    }
)
RUN = events(
    STARTED,
    entered("fit"),
    scheduled(),
    task_failed("States.TaskFailed", CAUSE),
    scheduled(),
    task_failed("States.TaskFailed", CAUSE),
    failed("States.TaskFailed", CAUSE),
)


def test_the_request_is_told_as_it_left():
    assert request_line(reduce(RUN[:3]), "fit") == "Request of attempt 1: {}"
    assert request_line(reduce(RUN[:2]), "fit") == ""


def test_the_progress_tells_the_attempt_and_what_went_wrong_before():
    assert progress_line(reduce(RUN[:2]), "fit") == "State fit: running"
    assert "attempt 2; the one before failed with States.TaskFailed" in progress_line(reduce(RUN[:5]), "fit")


def test_a_failure_tells_error_reason_attempts_and_the_end_of_the_log():
    asked = []

    def tail(group: str, prefix: str, lines: int) -> list[str]:
        asked.append((group, prefix, lines))
        return ["Traceback", "ValueError: no"]

    lines = failure_lines(reduce(RUN), "fit", tail)
    assert asked == [("/aws/sagemaker/TrainingJobs", "fit-1/", 40)]
    assert lines == [
        "Error: States.TaskFailed",
        "Job: fit-1",
        "Reason: AlgorithmError: it broke, exit code: 1",
        "Exit code: 1",
        "Attempt 1 failed before: States.TaskFailed: AlgorithmError: it broke, exit code: 1",
        "Last lines of the job's log (/aws/sagemaker/TrainingJobs/fit-1/...):",
        "Traceback",
        "ValueError: no",
    ]


def test_a_failure_without_a_log_tells_no_log():
    assert not any("log" in line for line in failure_lines(reduce(RUN), "fit", lambda *_: []))


def test_the_progress_of_a_map_counts_its_iterations_and_that_of_a_loop_its_visits():
    view = reduce(
        events(
            STARTED,
            ("MapStateEntered", {"stateEnteredEventDetails": {"name": "each", "input": "[1, 2]"}}),
            ("MapStateStarted", {"mapStateStartedEventDetails": {"length": 2}}),
            ("MapIterationStarted", {"mapIterationStartedEventDetails": {"name": "each", "index": 0}}),
        )
    )
    assert progress_line(view, "each") == "State each: running, iterations: 1 running of 2"
    looped = reduce(events(STARTED, entered("a"), exited("a"), entered("a")))
    assert progress_line(looped, "a") == "State a: running, entered 2 times"


SUBMITTED = (
    "TaskSubmitted",
    {
        "taskSubmittedEventDetails": {
            "resourceType": "sagemaker",
            "resource": "createTrainingJob.sync",
            "output": json.dumps({"TrainingJobArn": "arn:aws:sagemaker:us-east-1:123456789012:training-job/fit-1"}),
        }
    },
)


def test_the_outputs_that_together_are_too_large_are_told_with_their_sizes():
    whole = ("ParallelStateEntered", {"stateEnteredEventDetails": {"name": "both", "input": "{}"}})
    inner = [entered("a"), exited("a", json.dumps("x" * 1000)), ("ParallelStateStarted", {})]
    view = reduce(
        events(STARTED, whole, inner[2], *inner[:2], failed("States.DataLimitExceeded", "The state/task 'both' ..."))
    )
    (line,) = [line for line in failure_lines(view, "both", lambda *_: []) if "exceeds" in line]
    assert line.startswith(
        "What state both gave exceeds the 262,144 bytes (256 KiB) that AWS allows (bytes of the largest outputs in it: "
        "a 1,002). Write large results to S3"
    )


def test_a_result_that_is_too_large_tells_state_size_and_what_to_do():
    cause = "The state/task 'fit' returned a result with a size exceeding the maximum number of bytes service limit."
    view = reduce(events(STARTED, entered("fit"), scheduled(), SUBMITTED, failed("States.DataLimitExceeded", cause)))
    assert failure_lines(view, "fit", lambda *_: []) == [
        "Error: States.DataLimitExceeded",
        "Job: fit-1",
        f"Cause: {cause}",
        "What state fit gave exceeds the 262,144 bytes (256 KiB) that AWS allows; the whole answer is still to be had "
        "with Describe of fit-1. Write large results to S3 and hand on their address; a redrive fails again until the "
        "request is changed",
    ]


def test_a_failure_links_to_job_and_log_in_the_console():
    arn = "arn:aws:states:us-east-1:123456789012:execution:m:e"
    lines = failure_lines(reduce(RUN), "fit", lambda *_: [], Console(arn, "https://states.us-east-1.amazonaws.com"))
    page = "https://us-east-1.console.aws.amazon.com"
    assert f"Job in the console: {page}/sagemaker/home?region=us-east-1#/jobs/fit-1" in lines
    log = f"Log in the console: {page}/cloudwatch/home?region=us-east-1#logs"
    assert [line for line in lines if line.startswith(log)]
    elsewhere = failure_lines(reduce(RUN), "fit", lambda *_: [], Console(arn, "http://127.0.0.1:5000"))
    assert not [line for line in elsewhere if "console" in line]


def test_a_missing_permission_is_named_whether_the_service_or_the_jobs_log_tells_it():
    cause = (
        "User: arn:aws:sts::123456789012:assumed-role/states/abc is not authorized to perform: "
        "sagemaker:CreateTrainingJob on resource: arn:aws:sagemaker:us-east-1:123456789012:training-job/fit because no "
        "identity-based policy allows the sagemaker:CreateTrainingJob action (Service: SageMaker, Status Code: 400)"
    )
    error = "SageMaker.AmazonSageMakerException"
    run = events(STARTED, entered("fit"), scheduled(), task_failed(error, cause), failed(error, cause))
    told = "Lacks a permission: the role states lacks sagemaker:CreateTrainingJob on arn:aws:sagemaker:us-east-1:"
    assert [line for line in failure_lines(reduce(run), "fit", lambda *_: []) if line.startswith(told)]

    def tail(group: str, prefix: str, lines: int) -> list[str]:
        return [
            "botocore.exceptions.ClientError: ... User: arn:aws:iam::1:role/fit is not authorized to perform: s3:Get"
        ]

    assert "Lacks a permission: the role fit lacks s3:Get" in failure_lines(reduce(RUN), "fit", tail)
