"""Why a state failed, for people."""

from __future__ import annotations

import json

from airflow_sfn_ml.history import failure, reduce
from tests.history.record import ARN


def test_the_description_of_a_job_is_read_from_the_cause(record):
    record.task("train")
    record.fail(reason="AlgorithmError: KeyError: 'age', exit code: 3")
    record.add("ExecutionFailed", error="States.TaskFailed")
    told = failure(reduce(record.events), "train")
    assert (told.error, told.job, told.job_arn) == ("States.TaskFailed", "job-0", ARN + "job-0")
    assert (told.reason, told.exit_code) == ("AlgorithmError: KeyError: 'age', exit code: 3", 3)
    assert (told.log_group, told.log_stream_prefix) == ("/aws/sagemaker/TrainingJobs", "job-0/")
    assert told.cause is None


def test_a_processing_job_tells_its_exit_message(record):
    record.add("TaskStateEntered", 0, name="clean", input="{}")
    record.add("TaskScheduled", resourceType="sagemaker", resource="createProcessingJob.sync")
    cause = {"ProcessingJobName": "clean-1", "FailureReason": "AlgorithmError: See job logs", "ExitMessage": "no rows"}
    record.add("TaskFailed", error="States.TaskFailed", cause=json.dumps(cause))
    told = failure(reduce(record.events), "clean")
    assert (told.reason, told.exit_message, told.exit_code) == ("AlgorithmError: See job logs", "no rows", None)
    assert (told.log_group, told.log_stream_prefix) == ("/aws/sagemaker/ProcessingJobs", "clean-1/")


def test_a_time_out_still_says_where_the_log_is(record):
    record.task("train")
    record.add("TaskTimedOut", error="States.Timeout")
    record.add("ExecutionFailed", error="States.Timeout")
    told = failure(reduce(record.events), "train")
    assert (told.error, told.job, told.reason) == ("States.Timeout", "job-0", None)
    assert (told.log_group, told.log_stream_prefix) == ("/aws/sagemaker/TrainingJobs", "job-0/")


def test_any_other_cause_is_told_as_it_is(record):
    record.add("TaskStateEntered", 0, name="call", input="{}")
    record.add("LambdaFunctionScheduled", resource="arn:aws:lambda:eu-west-1:1:function:f")
    record.add("LambdaFunctionFailed", error="ValueError", cause="not a number: 'x'")
    record.add("ExecutionFailed", error="ValueError")
    told = failure(reduce(record.events), "call")
    assert (told.error, told.cause, told.log_group, told.job) == ("ValueError", "not a number: 'x'", None, None)


def test_a_state_that_never_ran_has_nothing_to_tell():
    told = failure(reduce([]), "train")
    assert (told.state, told.error, told.cause, told.job) == ("train", None, None, None)
