"""What the tests of the embedded AWS share: requests, definitions, a way to run them."""

from __future__ import annotations

import io
import json
import tarfile
import time
import uuid
from dataclasses import dataclass
from typing import Any

from airflow_sfn_ml.local import LocalAws

ROLE = "arn:aws:iam::123456789012:role/test"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
PROCESSING = "arn:aws:states:::sagemaker:createProcessingJob.sync"
TRAINING = "arn:aws:states:::sagemaker:createTrainingJob.sync"


def unique(stem: str) -> str:
    return f"{stem}-{uuid.uuid4().hex[:8]}"


@dataclass
class Account:
    """The clients of one embedded AWS and a bucket of its own."""

    aws: LocalAws

    def __post_init__(self) -> None:
        self.sfn = self.aws.client("stepfunctions")
        self.s3 = self.aws.client("s3")
        self.sagemaker = self.aws.client("sagemaker")
        self.logs = self.aws.client("logs")
        self.bucket = unique("bucket")
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, body: str | bytes) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()

    def create(self, states: dict[str, Any], **settings: Any) -> str:
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states}
        return self.create_definition({**definition, **settings})

    def create_definition(self, definition: dict[str, Any]) -> str:
        created = self.sfn.create_state_machine(name=unique("machine"), definition=json.dumps(definition), roleArn=ROLE)
        return created["stateMachineArn"]

    def start(self, machine: str, value: Any = None) -> str:
        return self.sfn.start_execution(stateMachineArn=machine, input=json.dumps(value or {}))["executionArn"]

    def start_raw(self, machine: str, text: str | None) -> str:
        return self.sfn.start_execution(stateMachineArn=machine, input="{}" if text is None else text)["executionArn"]

    def finish(self, execution: str, seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            described = self.sfn.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return described
            time.sleep(0.05)
        raise AssertionError(f"{execution} is still running")

    def run(self, states: dict[str, Any], value: Any = None, **settings: Any) -> dict[str, Any]:
        return self.finish(self.start(self.create(states, **settings), value))

    def events(self, execution: str) -> list[dict[str, Any]]:
        return self.sfn.get_execution_history(executionArn=execution, maxResults=1000)["events"]

    def types(self, execution: str) -> list[str]:
        return [event["type"] for event in self.events(execution)]

    def job(self, name: str, kind: str = "Processing") -> dict[str, Any]:
        call = getattr(self.sagemaker, f"describe_{kind.lower()}_job")
        return call(**{f"{kind}JobName": name})

    def finish_job(self, name: str, kind: str = "Processing", seconds: float = 60) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            job = self.job(name, kind)
            if job[f"{kind}JobStatus"] not in ("InProgress", "Stopping"):
                return job
            time.sleep(0.05)
        raise AssertionError(f"{name} is still running")

    def listen(self, **pattern: Any) -> Inbox:
        """A queue that gets the events of the default bus that `pattern` matches."""
        return Inbox(self.aws, pattern)

    def log(self, name: str, kind: str = "Processing") -> list[str]:
        group = f"/aws/sagemaker/{kind}Jobs"
        streams = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        return [
            event["message"]
            for stream in streams
            for event in self.logs.get_log_events(
                logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
            )["events"]
        ]


class Inbox:
    """An SQS queue behind a rule."""

    def __init__(self, aws: LocalAws, pattern: dict[str, Any]) -> None:
        self.sqs, self.events = aws.client("sqs"), aws.client("events")
        self.name = unique("events")
        self.url = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {key.replace("_", "-"): value for key, value in pattern.items()}
        self.events.put_rule(Name=self.name, EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule=self.name, Targets=[{"Id": "queue", "Arn": arn}])

    def take(self, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """The next `count` events."""
        found: list[dict[str, Any]] = []
        deadline = time.monotonic() + seconds
        while len(found) < count:
            assert time.monotonic() < deadline, found
            received = self.sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=2, MaxNumberOfMessages=10)
            for message in received.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return found


def processing(name: str, command: list[str], **extra: Any) -> dict[str, Any]:
    """A CreateProcessingJob request."""
    return {
        "ProcessingJobName": name,
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": command},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
        **extra,
    }


def python(name: str, code: str, **extra: Any) -> dict[str, Any]:
    """A processing job that runs `code`."""
    return processing(name, ["python3", "-c", code], **extra)


def training(name: str, account: Account, **extra: Any) -> dict[str, Any]:
    """A CreateTrainingJob request."""
    return {
        "TrainingJobName": name,
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": f"s3://{account.bucket}/models"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **extra,
    }


def s3_input(name: str, uri: str, path: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {"S3Uri": uri, "LocalPath": path, "S3DataType": "S3Prefix", "S3InputMode": "File"},
    }


def s3_output(name: str, uri: str, path: str) -> dict[str, Any]:
    return {"OutputName": name, "S3Output": {"S3Uri": uri, "LocalPath": path, "S3UploadMode": "EndOfJob"}}


def channel(name: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}}


def archive(files: dict[str, str]) -> bytes:
    """A tar.gz of text files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def members(data: bytes) -> dict[str, bytes]:
    """The files of a tar.gz."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        files = {entry.name: tar.extractfile(entry) for entry in tar if entry.isfile()}
        return {name: file.read() for name, file in files.items() if file}
