"""What only a real AWS account can tell. Deselected by default; run with ``python3 run.py test -m aws``.

Costs a few cents. Needs credentials and these variables: ``SFN_ML_STATES_ROLE`` and ``SFN_ML_SAGEMAKER_ROLE`` (ARNs),
``SFN_ML_IMAGE`` (an image with Python, such as SageMaker's scikit-learn image of the region), ``AWS_DEFAULT_REGION``.
Each test settles a line of docs/fidelity.md.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import Retry
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.history import StateStatus, reduce
from airflow_sfn_ml.steps import ProcessingStep

pytestmark = [
    pytest.mark.aws,
    pytest.mark.skipif("SFN_ML_STATES_ROLE" not in os.environ, reason="SFN_ML_STATES_ROLE is not set"),
]


def request(code: str) -> dict[str, Any]:
    return {
        "RoleArn": os.environ["SFN_ML_SAGEMAKER_ROLE"],
        "AppSpecification": {
            "ImageUri": os.environ["SFN_ML_IMAGE"],
            "ContainerEntrypoint": ["python3", "-c", code],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.t3.medium", "VolumeSizeInGB": 1}
        },
    }


class Account:
    """A state machine of one processing job, made for one test and deleted after it."""

    def __init__(self) -> None:
        self.sfn = boto3.client("stepfunctions")
        self.sagemaker = boto3.client("sagemaker")
        self.machines: list[str] = []

    def start(self, code: str, **node: Any) -> str:
        program = compile_graph([Node("job", ProcessingStep("job", request=request(code)), **node)])
        made = self.sfn.create_state_machine(
            name=f"airflow-sfn-ml-test-{uuid.uuid4().hex[:8]}",
            definition=json.dumps(program.definition),
            roleArn=os.environ["SFN_ML_STATES_ROLE"],
        )
        self.machines.append(made["stateMachineArn"])
        text = json.dumps({"airflow": {}, "values": {}})
        return str(
            self.sfn.start_execution(stateMachineArn=made["stateMachineArn"], name="run", input=text)["executionArn"]
        )

    def view(self, arn: str) -> Any:
        pages = self.sfn.get_paginator("get_execution_history").paginate(executionArn=arn)
        return reduce(event for page in pages for event in page["events"])

    def wait(self, arn: str, until: Any = lambda view: view.status != "RUNNING", seconds: int = 1200) -> Any:
        for _ in range(seconds // 10):
            view = self.view(arn)
            if until(view):
                return view
            time.sleep(10)
        raise AssertionError(f"{arn} did not get there in {seconds} s")


@pytest.fixture
def account() -> Iterator[Account]:
    made = Account()
    yield made
    for arn in made.machines:
        made.sfn.delete_state_machine(stateMachineArn=arn)


def test_aws_accepts_what_the_compiler_emits_and_finds_nothing_to_say():
    nodes = [
        Node(n, ProcessingStep(n, request=request("pass")), frozenset(u))
        for n, u in [("a", ()), ("b", ()), ("c", "ab")]
    ]
    program = compile_graph(nodes)
    told = boto3.client("stepfunctions").validate_state_machine_definition(definition=json.dumps(program.definition))
    assert (told["result"], told["diagnostics"]) == ("OK", [])
    assert [problem for problem in asl.validate(dict(program.definition)) if problem.severity == "error"] == []


def test_the_result_of_a_job_is_its_description_with_timestamps_as_numbers(account: Account):
    view = account.wait(account.start("print('hello')"))
    document = view.state("job").output["Processing"]
    assert view.status == "SUCCEEDED"
    assert document["ProcessingJobStatus"] == "Completed"
    assert isinstance(document["CreationTime"], (int, float))
    assert "ResponseMetadata" not in document


def test_a_failed_job_is_a_task_failure_whose_cause_is_its_description(account: Account):
    view = account.wait(account.start("raise SystemExit(3)"))
    state = view.state("job")
    assert state.error == "States.TaskFailed"
    assert json.loads(state.cause)["ProcessingJobStatus"] == "Failed"


def test_a_stopped_job_is_a_failure_of_its_state(account: Account):
    arn = account.start("import time; time.sleep(900)")
    view = account.wait(arn, lambda view: view.state("job").job is not None)
    account.sagemaker.stop_processing_job(ProcessingJobName=view.state("job").job)
    assert account.wait(arn).state("job").status == StateStatus.FAILED


def test_a_retry_runs_under_a_name_of_its_own(account: Account):
    retry = Retry(error_equals=("States.ALL",), interval_seconds=1, max_attempts=1)
    attempts = account.wait(account.start("raise SystemExit(3)", retry=retry)).state("job").attempts
    assert [attempt.job.rsplit("-", 2)[1:] for attempt in attempts] == [["0", "0"], ["0", "1"]]


def test_stopping_the_execution_stops_the_job(account: Account):
    arn = account.start("import time; time.sleep(900)")
    job = account.wait(arn, lambda view: view.state("job").job is not None).state("job").job
    account.sfn.stop_execution(executionArn=arn)
    for _ in range(30):
        status = account.sagemaker.describe_processing_job(ProcessingJobName=job)["ProcessingJobStatus"]
        if status in ("Stopping", "Stopped"):
            return
        time.sleep(2)
    raise AssertionError(f"{job} is {status} a minute after its execution was stopped")


def test_a_redrive_counts_in_the_name(account: Account):
    arn = account.start("raise SystemExit(3)")
    account.wait(arn)
    account.sfn.redrive_execution(executionArn=arn)
    view = account.wait(arn, lambda view: view.redrive_count == 1 and view.status != "RUNNING")
    assert view.state("job").attempts[-1].job.rsplit("-", 2)[1:] == ["1", "0"]
