"""Faults: what can be asked for, what clients see of it, and that it is repeatable."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from airflow_sfn_ml.local import LocalAws, LocalAwsError
from airflow_sfn_ml.local.disturbing import Call, Dice
from airflow_sfn_ml.local.faults import Faults, InvalidFaultsError, parse, read
from tests.local.machines import ROLE, Account, python, s3_output, unique

WAIT = {"W": {"Type": "Wait", "Seconds": 60, "End": True}}
PASS = {"P": {"Type": "Pass", "Output": 1, "End": True}}
START = Call("states", "StartExecution", "testing", "json")


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    """A server of its own: faults are the whole server's."""
    with LocalAws(grace_seconds=2) as aws:
        yield aws


@pytest.fixture(scope="module")
def disturbed(aws: LocalAws) -> Account:
    return Account(aws)


@pytest.fixture(autouse=True)
def afterwards_nothing(aws: LocalAws) -> Iterator[None]:
    yield
    aws.faults()


def patient(aws: LocalAws, service: str) -> Any:
    """A client that does not try again, so that every fault is seen."""
    return boto3.session.Session().client(
        service,
        region_name="us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}),
    )


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", Faults()),
        ("throttle=0.5,error=0.2,lag=3s", Faults(throttle=0.5, error=0.2, lag=3)),
        ("lag=500ms, seed=7, timeout=.05", Faults(lag=0.5, seed=7, timeout=0.05)),
        (
            "throttle=1,services=stepfunctions+sagemaker,actions=StartExecution,steady=true,inside=yes,after=0",
            Faults(
                throttle=1,
                services=("sagemaker", "stepfunctions"),
                actions=("StartExecution",),
                steady=True,
                inside=True,
                after=0,
            ),
        ),
    ],
)
def test_faults_are_read_from_text_and_from_json(text: str, faults: Faults) -> None:
    assert parse(text) == faults
    assert read(json.loads(json.dumps(faults.document()))) == faults


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("throttle=2", "throttle=2 is not a share between 0 and 1"),
        ("throttle=-0.1", "is not a share between 0 and 1"),
        ("throttle=nan", "is not a share between 0 and 1"),
        ("throttle=0.6,error=0.5", "add up to 1.1, more than all calls"),
        ("throttle=lots", "throttle=lots is not a number"),
        ("throttle", "'throttle' is not NAME=VALUE"),
        ("lag=soon", "lag=soon is not a duration such as 3s or 500ms"),
        ("lag=2h", "not a duration"),
        ("lag=61m", "lag=3660s is not between 0 and 3600 seconds"),
        ("seed=x", "seed=x is not a whole number"),
        ("steady=maybe", "steady=maybe is neither true nor false"),
        ("services=stepfunction", "boto3 knows no service 'stepfunction'"),
        ("services=", "services= is not a list"),
        ("fire=0.5", "there is no fault 'fire'; the names are throttle, error, timeout"),
        ("lag=1s,lag=2s", "lag is given twice"),
    ],
)
def test_faults_that_make_no_sense_are_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidFaultsError, match=problem.replace("(", r"\(")):
        parse(text)


def test_the_server_refuses_them_too(aws: LocalAws) -> None:
    with pytest.raises(LocalAwsError, match="there is no fault 'fire'"):
        aws.faults("fire=1")
    with pytest.raises(LocalAwsError, match="exit status 2"):
        LocalAws(faults="throttle=2").start()


def test_a_seed_gives_the_calls_of_an_action_the_same_fate_whatever_else_is_called() -> None:
    faults = parse("throttle=0.3,error=0.2,timeout=0.1,lag=3s,seed=7")
    alone, beside = Dice(faults), Dice(faults)
    expected = [alone.draw(START) for _ in range(50)]
    found = []
    for _ in range(50):
        beside.draw(Call("states", "DescribeExecution", "testing", "json"))
        found.append(beside.draw(START))
    assert found == expected
    assert {lot.fate for lot in found} == {None, "throttle", "error", "timeout"}
    assert Dice(parse("throttle=0.3,seed=8")).draw(START) != expected[0]


def test_only_what_is_named_is_disturbed_and_never_what_comes_from_inside() -> None:
    dice = Dice(parse("throttle=1,services=stepfunctions,actions=StartExecution"))
    assert dice.draw(START).fate == "throttle"
    assert dice.draw(Call("states", "StopExecution", "testing", "json")).fate is None
    assert dice.draw(Call("sagemaker", "StartExecution", "testing", "json")).fate is None
    assert dice.draw(Call("states", "StartExecution", "inside", "json")).fate is None
    assert Dice(parse("throttle=1,inside=true")).draw(Call("s3", "PUT", "inside", "xml")).fate == "throttle"


@pytest.mark.parametrize(
    ("service", "call", "expected"),
    [
        ("stepfunctions", lambda client: client.list_state_machines(), (400, "ThrottlingException")),
        ("sagemaker", lambda client: client.list_training_jobs(), (400, "ThrottlingException")),
        ("logs", lambda client: client.describe_log_groups(), (400, "ThrottlingException")),
        ("sqs", lambda client: client.list_queues(), (400, "RequestThrottled")),
        ("sts", lambda client: client.get_caller_identity(), (400, "Throttling")),
        ("ec2", lambda client: client.describe_vpcs(), (503, "RequestLimitExceeded")),
        ("s3", lambda client: client.list_buckets(), (503, "SlowDown")),
        ("lambda", lambda client: client.list_functions(), (429, "TooManyRequestsException")),
        ("batch", lambda client: client.describe_job_queues(), (400, "ThrottlingException")),
        ("codebuild", lambda client: client.list_projects(), (400, "ThrottlingException")),
    ],
)
def test_throttling_is_said_in_the_words_of_each_service(
    aws: LocalAws, service: str, call: Any, expected: tuple[int, str]
) -> None:
    client = patient(aws, service)
    aws.faults("throttle=1")
    with pytest.raises(ClientError) as refused:
        call(client)
    answer = refused.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == expected


def test_a_client_that_tries_again_gets_through(aws: LocalAws, disturbed: Account) -> None:
    aws.faults("throttle=0.4,error=0.1,seed=4")
    client = boto3.session.Session().client(
        "stepfunctions",
        region_name="us-east-1",
        endpoint_url=aws.url,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"mode": "standard", "total_max_attempts": 20}),
    )
    for _ in range(3):
        client.list_state_machines()
    assert aws.disturbed()["throttle"]["ListStateMachines"] > 0


def test_an_error_after_the_call_leaves_its_effect(aws: LocalAws, disturbed: Account) -> None:
    machine, name = disturbed.create(WAIT), unique("lost")
    client = patient(aws, "stepfunctions")
    aws.faults("error=1,after=1,actions=StartExecution")
    with pytest.raises(ClientError) as refused:
        client.start_execution(stateMachineArn=machine, name=name)
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in (500, 503)
    (execution,) = client.list_executions(stateMachineArn=machine)["executions"]
    assert execution["name"] == name
    aws.faults("error=1,after=0,actions=StartExecution")
    with pytest.raises(ClientError):
        client.start_execution(stateMachineArn=machine, name=unique("never"))
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == 1
    assert aws.disturbed() == {"error": {"StartExecution": 1}}


@pytest.mark.parametrize("after", [0, 1])
def test_a_connection_is_cut_before_or_after_the_call(aws: LocalAws, disturbed: Account, after: int) -> None:
    machine = disturbed.create(WAIT)
    client = patient(aws, "stepfunctions")
    aws.faults(f"timeout=1,after={after},actions=StartExecution")
    with pytest.raises(ConnectionClosedError):
        client.start_execution(stateMachineArn=machine)
    assert len(client.list_executions(stateMachineArn=machine)["executions"]) == after


def test_jobs_and_state_machines_go_on_undisturbed(aws: LocalAws, disturbed: Account) -> None:
    job = python(unique("calm"), "import boto3; boto3.client('s3').list_buckets()")
    states = {
        "Job": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync",
            "Arguments": job,
            "Next": "Put",
        },
        "Put": {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
            "Arguments": {"Bucket": disturbed.bucket, "Key": "calm", "Body": "x"},
            "End": True,
        },
    }
    execution = disturbed.start(disturbed.create(states))
    aws.faults("throttle=1,actions=PUT+GET+PutLogEvents")
    described = disturbed.finish(execution)
    assert described["status"] == "SUCCEEDED", described
    assert aws.disturbed() == {}


def test_scripts_are_disturbed_when_asked_but_not_what_sagemaker_does_for_them(
    aws: LocalAws, disturbed: Account
) -> None:
    code = (
        "import boto3, botocore.exceptions\n"
        "try: boto3.client('s3').list_buckets()\n"
        "except botocore.exceptions.ClientError as error: code = error.response['Error']['Code']\n"
        "else: code = 'none'\n"
        "open('/opt/ml/processing/out/code', 'w').write(code)\n"
    )
    uri = f"s3://{disturbed.bucket}/{unique('out')}"
    outputs = {"Outputs": [s3_output("out", uri, "/opt/ml/processing/out")]}
    name = unique("troubled")
    aws.faults("throttle=1,services=s3+logs,inside=true")
    disturbed.sagemaker.create_processing_job(**python(name, code, ProcessingOutputConfig=outputs))
    assert disturbed.finish_job(name)["ProcessingJobStatus"] == "Completed"
    aws.faults()
    assert disturbed.get(f"{uri}/code") == b"SlowDown"


def test_reads_that_lag_show_what_was(aws: LocalAws, disturbed: Account) -> None:
    machine = disturbed.create(WAIT)
    client = patient(aws, "stepfunctions")
    early = client.start_execution(stateMachineArn=machine)["executionArn"]
    time.sleep(1.6)
    aws.faults("lag=1.5s,steady=true")
    late = client.start_execution(stateMachineArn=machine)["executionArn"]
    client.stop_execution(executionArn=early)
    assert client.describe_execution(executionArn=early)["status"] == "RUNNING"
    assert [each["executionArn"] for each in client.list_executions(stateMachineArn=machine)["executions"]] == [early]
    types = [event["type"] for event in client.get_execution_history(executionArn=early)["events"]]
    assert types == ["ExecutionStarted", "WaitStateEntered"]
    for call in (client.describe_execution, client.get_execution_history):
        with pytest.raises(ClientError) as refused:
            call(executionArn=late)
        assert refused.value.response["Error"]["Code"] == "ExecutionDoesNotExist"
    time.sleep(1.6)
    assert client.describe_execution(executionArn=early)["status"] == "ABORTED"
    assert client.describe_execution(executionArn=late)["status"] == "RUNNING"
    aws.faults()
    client.stop_execution(executionArn=late)


def test_machines_lag_too(aws: LocalAws, disturbed: Account) -> None:
    client = patient(aws, "stepfunctions")
    aws.faults("lag=1s,steady=true")
    definition = json.dumps({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})
    name = unique("lagging")
    made = client.create_state_machine(name=name, definition=definition, roleArn=ROLE, publish=True)
    for arn in (made["stateMachineArn"], made["stateMachineVersionArn"]):
        with pytest.raises(ClientError) as refused:
            client.describe_state_machine(stateMachineArn=arn)
        assert refused.value.response["Error"]["Code"] == "StateMachineDoesNotExist"
    time.sleep(1.1)
    client.update_state_machine(stateMachineArn=made["stateMachineArn"], roleArn=f"{ROLE}-2")
    assert client.describe_state_machine(stateMachineArn=made["stateMachineArn"])["roleArn"] == ROLE
    assert client.start_execution(stateMachineArn=made["stateMachineVersionArn"])["executionArn"]
    aws.faults()
    assert client.describe_state_machine(stateMachineArn=made["stateMachineArn"])["roleArn"] == f"{ROLE}-2"


def test_faults_are_changed_over_http_while_calls_come_in(aws: LocalAws, disturbed: Account) -> None:
    body = json.dumps({"throttle": 1, "lag": "3s", "services": ["stepfunctions"]}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{aws.url}/_faults", body, method="POST")) as answer:
        told = json.load(answer)
    assert told["faults"]["throttle"] == 1
    assert told["faults"]["lag"] == 3
    client = patient(aws, "stepfunctions")

    def throttled() -> bool:
        try:
            client.list_state_machines()
        except ClientError:
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(lambda _: throttled(), range(40)))
    assert aws.disturbed() == {"throttle": {"ListStateMachines": 40}}
    with urllib.request.urlopen(urllib.request.Request(f"{aws.url}/_faults", method="DELETE")):
        assert not throttled()


def test_health_and_the_faults_themselves_are_never_disturbed(aws: LocalAws) -> None:
    aws.faults("timeout=1")
    with urllib.request.urlopen(f"{aws.url}/_health") as answer:
        assert answer.status == 200
    assert aws.disturbed() == {}
