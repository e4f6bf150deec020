"""`createProcessingJob.sync` and `createTrainingJob.sync` when things go wrong: retries, causes, stops, time-outs."""

from __future__ import annotations

import json
import time
from typing import Any

from tests.local.machines import PROCESSING, Account, processing, python, s3_input, training, unique

RETRY_NAME = "{%% '%s-' & $string($states.context.State.RetryCount) %%}"


def task(arguments: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": PROCESSING, "Arguments": arguments, "End": True, **fields}


def fails_until(account: Account, times: int) -> str:
    """The S3 URI of a script that fails `times` times and then succeeds; it counts in S3."""
    key = unique("attempts")
    return account.put(
        f"{key}/code/job.py",
        f"""
import boto3, sys
s3 = boto3.client("s3")
count = s3.list_objects_v2(Bucket="{account.bucket}", Prefix="{key}/count/")["KeyCount"]
s3.put_object(Bucket="{account.bucket}", Key=f"{key}/count/{{count}}", Body=b"")
print("attempt", count)
sys.exit(3 if count < {times} else 0)
""",
    )


def test_a_retry_runs_the_job_again_and_waits_for_it(account: Account) -> None:
    name = unique("retried")
    request = processing(
        RETRY_NAME % name,
        ["python3", "/opt/ml/processing/input/code/job.py"],
        ProcessingInputs=[s3_input("code", fails_until(account, 2), "/opt/ml/processing/input/code")],
    )
    retry = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 3}]
    execution = account.start(account.create({"Work": task(request, Retry=retry)}))
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED", described
    assert json.loads(described["output"])["ProcessingJobName"] == f"{name}-2"
    statuses = [account.job(f"{name}-{attempt}")["ProcessingJobStatus"] for attempt in range(3)]
    assert statuses == ["Failed", "Failed", "Completed"]
    attempt = ["TaskScheduled", "TaskStarted", "TaskSubmitted"]
    assert account.types(execution) == [
        "ExecutionStarted",
        "TaskStateEntered",
        *attempt,
        "TaskFailed",
        *attempt,
        "TaskFailed",
        *attempt,
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_the_cause_of_a_failed_job_is_its_describe_document(account: Account) -> None:
    name = unique("failing")
    described = account.run({"Work": task(python(name, "import sys; sys.exit(3)"))})
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")
    cause = json.loads(described["cause"])
    assert cause["ProcessingJobName"] == name
    assert cause["ProcessingJobStatus"] == "Failed"
    assert cause["FailureReason"] == "AlgorithmError: See job logs for more information, exit code: 3"
    assert cause["ProcessingJobArn"].endswith(name)


def test_a_caught_failure_goes_on_with_the_output_of_the_catcher(account: Account) -> None:
    catch = [
        {
            "ErrorEquals": ["States.TaskFailed"],
            "Next": "Record",
            "Output": {"reason": "{% $parse($states.errorOutput.Cause).FailureReason %}"},
            "Assign": {"error": "{% $states.errorOutput.Error %}"},
        }
    ]
    described = account.run(
        {
            "Work": task(python(unique("caught"), "import sys; sys.exit(4)"), Catch=catch),
            "Record": {
                "Type": "Pass",
                "Output": {"input": "{% $states.input %}", "error": "{% $error %}"},
                "End": True,
            },
        }
    )
    assert json.loads(described["output"]) == {
        "input": {"reason": "AlgorithmError: See job logs for more information, exit code: 4"},
        "error": "States.TaskFailed",
    }


def test_a_failing_output_can_be_retried_and_caught(account: Account) -> None:
    name = unique("output")
    request = python(RETRY_NAME % name, "print('done')")
    retry = [{"ErrorEquals": ["States.QueryEvaluationError"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    catch = [{"ErrorEquals": ["States.QueryEvaluationError"], "Next": "Caught"}]
    execution = account.start(
        account.create(
            {
                "Work": task(
                    request, Output={"x": "{% $states.result.Nope %}"}, Retry=retry, Catch=catch, Assign={"leak": 1}
                ),
                "Caught": {"Type": "Pass", "Output": "{% $exists($leak) %}", "End": True},
            }
        )
    )
    described = account.finish(execution)
    assert described["output"] == "false"
    assert account.job(f"{name}-1")["ProcessingJobStatus"] == "Completed"
    failed = [event for event in account.events(execution) if event["type"] == "EvaluationFailed"]
    assert len(failed) == 2
    assert failed[0]["evaluationFailedEventDetails"]["location"] == "Output/x"
    assert failed[0]["evaluationFailedEventDetails"]["state"] == "Work"


def test_a_refused_request_is_an_exception_of_the_service(account: Account) -> None:
    described = account.run({"Work": task(python("not_a_name", "pass"))})
    assert described["error"] == "SageMaker.AmazonSageMakerException"
    assert "Member must satisfy regular expression pattern" in described["cause"]
    assert "Error Code: ValidationException" in described["cause"]


def test_a_name_that_is_taken_is_an_exception_of_the_service(account: Account) -> None:
    name = unique("taken")
    account.sagemaker.create_processing_job(**python(name, "pass"))
    described = account.run({"Work": task(python(name, "pass"))})
    assert described["error"] == "SageMaker.AmazonSageMakerException"
    assert "Error Code: ResourceInUse" in described["cause"]


def test_stopping_an_execution_stops_its_job(account: Account) -> None:
    name = unique("stopped")
    execution = account.start(account.create({"Work": task(python(name, "import time; time.sleep(60)"))}))
    wait_for(lambda: "TaskSubmitted" in account.types(execution))
    account.sfn.stop_execution(executionArn=execution, error="Mine", cause="no more")
    described = account.sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["error"], described["cause"]) == ("ABORTED", "Mine", "no more")
    assert account.finish_job(name)["ProcessingJobStatus"] == "Stopped"
    assert account.types(execution)[-2:] == ["TaskStateAborted", "ExecutionAborted"]
    assert account.events(execution)[-1]["executionAbortedEventDetails"] == {"error": "Mine", "cause": "no more"}


def test_a_task_that_times_out_stops_its_job(account: Account) -> None:
    name = unique("late")
    began = time.monotonic()
    execution = account.start(
        account.create({"Work": task(python(name, "import time; time.sleep(60)"), TimeoutSeconds=2)})
    )
    described = account.finish(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.Timeout")
    assert time.monotonic() - began < 30
    assert account.finish_job(name)["ProcessingJobStatus"] == "Stopped"
    assert "TaskTimedOut" in account.types(execution)


def test_a_machine_that_times_out_stops_its_job(account: Account) -> None:
    name = unique("too-late")
    states = {"Work": task(python(name, "import time; time.sleep(60)"))}
    execution = account.start(account.create(states, TimeoutSeconds=2))
    assert account.finish(execution)["status"] == "TIMED_OUT"
    assert account.finish_job(name)["ProcessingJobStatus"] == "Stopped"
    assert account.types(execution)[-1] == "ExecutionTimedOut"


def test_a_failed_branch_stops_the_jobs_of_its_siblings(account: Account) -> None:
    slow, bad = unique("slow"), unique("bad")
    branches = [
        {"StartAt": "Slow", "States": {"Slow": task(python(slow, "import time; time.sleep(60)"))}},
        {"StartAt": "Bad", "States": {"Bad": task(python(bad, "import time; time.sleep(1); 1/0"))}},
    ]
    execution = account.start(account.create({"Both": {"Type": "Parallel", "Branches": branches, "End": True}}))
    described = account.finish(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.TaskFailed")
    assert account.finish_job(slow)["ProcessingJobStatus"] == "Stopped"
    assert account.types(execution)[-3:] == ["TaskStateAborted", "ParallelStateFailed", "ExecutionFailed"]


def test_a_job_that_was_stopped_gives_its_document(account: Account) -> None:
    name = unique("by-hand")
    execution = account.start(account.create({"Work": task(python(name, "import time; time.sleep(60)"))}))
    wait_for(lambda: "TaskSubmitted" in account.types(execution))
    account.sagemaker.stop_processing_job(ProcessingJobName=name)
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED"
    assert json.loads(described["output"])["ProcessingJobStatus"] == "Stopped"


def test_a_retry_interval_ends_when_the_execution_is_stopped(account: Account) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 120, "MaxAttempts": 3}]
    request = python(unique("interval"), "1/0")
    execution = account.start(account.create({"Work": task(request, Retry=retry)}))
    wait_for(lambda: "TaskFailed" in account.types(execution))
    began = time.monotonic()
    account.sfn.stop_execution(executionArn=execution)
    assert account.finish(execution)["status"] == "ABORTED"
    assert time.monotonic() - began < 10


def test_request_response_does_not_wait(account: Account) -> None:
    name = unique("unwaited")
    state = {**task(python(name, "import time; time.sleep(1)")), "Resource": PROCESSING.removesuffix(".sync")}
    described = account.run({"Work": state})
    assert json.loads(described["output"])["ProcessingJobArn"].endswith(name)
    assert account.finish_job(name)["ProcessingJobStatus"] == "Completed"


def test_jobs_that_are_not_run_here_are_refused_clearly(account: Account) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createLabelingJob.sync",
        "Arguments": {},
        "End": True,
    }
    described = account.run({"Work": state})
    assert described["error"] == "SageMaker.AmazonSageMakerException"
    assert "does not run createLabelingJob" in described["cause"]


def test_many_jobs_at_once(account: Account) -> None:
    stem = unique("many")
    branches = [
        {"StartAt": f"S{index}", "States": {f"S{index}": task(python(f"{stem}-{index}", "print(1)"))}}
        for index in range(8)
    ]
    described = account.run({"All": {"Type": "Parallel", "Branches": branches, "End": True}})
    results = json.loads(described["output"])
    assert [result["ProcessingJobName"] for result in results] == [f"{stem}-{index}" for index in range(8)]
    assert {result["ProcessingJobStatus"] for result in results} == {"Completed"}


def test_every_item_of_a_map_waits_for_its_own_job(account: Account) -> None:
    stem = unique("own")
    name = f"{{% '{stem}-' & $string($states.input) %}}"
    code = "{% 'import time; time.sleep(' & $string($states.input) & ')' %}"
    work = task(processing(name, ["python3", "-c", code]))
    item = {"StartAt": "Job", "States": {"Job": work}}
    described = account.run({"Each": {"Type": "Map", "Items": [2, 0, 1], "ItemProcessor": item, "End": True}})
    results = json.loads(described["output"])
    assert [result["ProcessingJobName"] for result in results] == [f"{stem}-{n}" for n in (2, 0, 1)]
    assert {result["ProcessingJobStatus"] for result in results} == {"Completed"}


def test_the_training_integration_fails_with_its_document(account: Account) -> None:
    name = unique("untrained")
    request = training(name, account)
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = ["python3", "-c", "import sys; sys.exit(9)"]
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Arguments": request,
        "End": True,
    }
    cause = json.loads(account.run({"Work": state})["cause"])
    assert (cause["TrainingJobStatus"], cause["SecondaryStatus"]) == ("Failed", "Failed")
    assert cause["FailureReason"] == "AlgorithmError: , exit code: 9"


def wait_for(condition: Any, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_processing_arguments_may_be_one_expression(account: Account) -> None:
    name = unique("whole")
    described = account.run(
        {"Work": task("{% $merge([$states.input, {'ProcessingJobName': $states.input.ProcessingJobName & '-x'}]) %}")},
        processing(name, ["python3", "-c", "print('\"quoted\" \\\\ text')"]),
    )
    assert described["status"] == "SUCCEEDED", described
    assert account.log(f"{name}-x") == ['"quoted" \\ text']


def test_a_task_that_timed_out_can_be_retried(account: Account) -> None:
    name = unique("slow-once")
    sleep = "{% 'sleep ' & ($states.context.State.RetryCount = 0 ? '60' : '0') %}"
    request = processing(RETRY_NAME % name, ["bash", "-c", sleep])
    retry = [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]
    described = account.run({"Work": task(request, TimeoutSeconds=3, Retry=retry)})
    assert described["status"] == "SUCCEEDED", described
    assert account.finish_job(f"{name}-0")["ProcessingJobStatus"] == "Stopped"
    assert account.job(f"{name}-1")["ProcessingJobStatus"] == "Completed"


def test_a_failure_stops_jobs_however_deep_they_are(account: Account) -> None:
    deep = unique("deep")
    inner = {"StartAt": "Job", "States": {"Job": task(python(deep, "import time; time.sleep(60)"))}}
    middle = {"StartAt": "Map", "States": {"Map": {"Type": "Map", "Items": [1], "ItemProcessor": inner, "End": True}}}
    outer = {"StartAt": "In", "States": {"In": {"Type": "Parallel", "Branches": [middle], "End": True}}}
    failing = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 2, "Next": "Fail"}, "Fail": {"Type": "Fail", "Error": "Mine"}},
    }
    execution = account.start(account.create({"All": {"Type": "Parallel", "Branches": [outer, failing], "End": True}}))
    described = account.finish(execution)
    assert (described["status"], described["error"]) == ("FAILED", "Mine")
    assert account.finish_job(deep)["ProcessingJobStatus"] == "Stopped"
    types = account.types(execution)
    assert types[-2:] == ["ParallelStateFailed", "ExecutionFailed"]
    assert {"TaskStateAborted", "MapIterationAborted", "MapStateAborted", "ParallelStateAborted"} <= set(types)


def test_a_stop_reaches_every_item_of_a_map(account: Account) -> None:
    stem = unique("items")
    name = f"{{% '{stem}-' & $string($states.context.Map.Item.Value) %}}"
    item = {"StartAt": "Job", "States": {"Job": task(python(name, "import time; time.sleep(60)"))}}
    machine = account.create({"Each": {"Type": "Map", "Items": [1, 2, 3], "ItemProcessor": item, "End": True}})
    execution = account.start(machine)
    wait_for(lambda: account.types(execution).count("TaskSubmitted") == 3)
    account.sfn.stop_execution(executionArn=execution)
    assert account.finish(execution)["status"] == "ABORTED"
    assert {account.finish_job(f"{stem}-{n}")["ProcessingJobStatus"] for n in (1, 2, 3)} == {"Stopped"}
    assert account.types(execution)[-1] == "ExecutionAborted"
