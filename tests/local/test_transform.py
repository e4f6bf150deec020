"""Transform jobs: a model's server is really asked, and what it answers is stored."""

from __future__ import annotations

import gzip
import json
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.local.jobs import serving
from airflow_sfn_ml.local.jobs.batches import UnreadableRecordsError, assemble, requests
from airflow_sfn_ml.local.jobs.filters import CSV, JSON, JSON_LINES, DataProcessing
from tests.local.machines import IMAGE, ROLE, Account, archive, unique

DOUBLING = """
import json, os

def model_fn(directory):
    print("loading from", directory, flush=True)
    return json.loads(open(os.path.join(directory, "factor.json")).read())

def input_fn(body, content_type):
    return [float(line) for line in body.splitlines()]

def predict_fn(rows, factor):
    return [row * factor for row in rows]

def output_fn(rows, accept):
    print("batch of", len(rows), flush=True)
    return "\\n".join(map(str, rows)), accept
"""
SYNC = "arn:aws:states:::sagemaker:createTransformJob.sync"


def create_model(account: Account, script: str = DOUBLING, **container: Any) -> str:
    """A model whose archive brings a script."""
    name = unique("model")
    data = account.put(f"{name}/model.tar.gz", archive({"factor.json": "2", "code/inference.py": script}))
    primary = {"Image": IMAGE, "ModelDataUrl": data, **container}
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=primary)
    return name


def transforming(account: Account, model: str, name: str | None = None, **extra: Any) -> dict[str, Any]:
    """A CreateTransformJob request over everything below the job's own prefix."""
    name = name or unique("transform")
    source: dict[str, Any] = {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{account.bucket}/{name}/in/"}},
        "ContentType": "text/csv",
        "SplitType": "Line",
    }
    return {
        "TransformJobName": name,
        "ModelName": model,
        "TransformInput": source | extra.pop("source", {}),
        "TransformOutput": {
            "S3OutputPath": f"s3://{account.bucket}/{name}/out",
            "Accept": "text/csv",
            "AssembleWith": "Line",
            **extra.pop("output", {}),
        },
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **extra,
    }


def run(account: Account, request: dict[str, Any], files: dict[str, str | bytes]) -> dict[str, Any]:
    name = request["TransformJobName"]
    for key, body in files.items():
        account.put(f"{name}/in/{key}", body)
    account.sagemaker.create_transform_job(**request)
    return account.finish_job(name, "Transform")


def output(account: Account, name: str, key: str) -> bytes:
    return account.get(f"s3://{account.bucket}/{name}/out/{key}.out")


def test_every_object_of_the_input_gives_one_of_the_output(account: Account) -> None:
    request = transforming(account, create_model(account))
    name = request["TransformJobName"]
    job = run(account, request, {"a.csv": "1\n2\n3\n", "deep/b.csv": "4"})
    assert job["TransformJobStatus"] == "Completed", account.log(name, "Transform")
    assert output(account, name, "a.csv") == b"2.0\n4.0\n6.0\n"
    assert output(account, name, "deep/b.csv") == b"8.0\n"
    assert job["TransformEndTime"] >= job["TransformStartTime"]
    log = account.log(name, "Transform")
    assert "loading from /opt/ml/model" in log
    assert "batch of 3" in log
    assert any("MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD" in line for line in log)


def test_single_records_are_sent_one_by_one_side_by_side_and_stay_in_order(account: Account) -> None:
    request = transforming(account, create_model(account), BatchStrategy="SingleRecord", MaxConcurrentTransforms=4)
    name = request["TransformJobName"]
    job = run(account, request, {"a.csv": "".join(f"{n}\n" for n in range(20))})
    assert job["TransformJobStatus"] == "Completed", job
    assert output(account, name, "a.csv").split() == [str(2.0 * n).encode() for n in range(20)]
    assert "\n".join(account.log(name, "Transform")).count("batch of") == 20


def test_a_script_may_come_apart_from_the_model_and_sees_its_variables(account: Account) -> None:
    script = (
        "import json, os\n"
        "def model_fn(directory): return None\n"
        "def transform_fn(model, body, content_type, accept):\n"
        "    names = ('SAGEMAKER_BATCH', 'SAGEMAKER_BATCH_STRATEGY', 'SAGEMAKER_MAX_PAYLOAD_IN_MB', 'MINE', 'JOBS')\n"
        "    return json.dumps([body, [os.environ[name] for name in names]]), 'application/json'\n"
    )
    source = account.put(f"{unique('source')}.tar.gz", archive({"serve.py": script}))
    variables = {"SAGEMAKER_PROGRAM": "serve.py", "SAGEMAKER_SUBMIT_DIRECTORY": source, "MINE": "1", "JOBS": "0"}
    request = transforming(
        account,
        create_model(account, Environment=variables),
        source={"SplitType": "None", "CompressionType": "Gzip"},
        output={"AssembleWith": "None"},
        Environment={"JOBS": "2"},
    )
    name = request["TransformJobName"]
    assert run(account, request, {"a.gz": gzip.compress(b"1,2")})["TransformJobStatus"] == "Completed"
    assert json.loads(output(account, name, "a.gz")) == ["1,2", ["true", "MULTI_RECORD", "6", "1", "2"]]


def test_models_of_several_containers_hand_on_what_they_answer(account: Account) -> None:
    name = unique("pipeline")
    data = account.put(f"{name}.tar.gz", archive({"factor.json": "3", "code/inference.py": DOUBLING}))
    containers = [{"Image": IMAGE, "ModelDataUrl": data}] * 2
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, Containers=containers)
    request = transforming(account, name)
    job = run(account, request, {"a.csv": "1\n2\n"})
    assert job["TransformJobStatus"] == "Completed", account.log(job["TransformJobName"], "Transform")
    assert output(account, job["TransformJobName"], "a.csv") == b"9.0\n18.0\n"


@pytest.mark.parametrize(
    ("script", "reason", "logged"),
    [
        (DOUBLING.replace("row * factor", "row / 0"), "AlgorithmError: See job logs", "ZeroDivisionError"),
        ("def predict_fn(data, model): pass", "AlgorithmError: See job logs", "provide a model_fn implementation"),
        ("def model_fn(directory): return 1", "ClientError: See job logs", "415 Content type text/strange"),
    ],
)
def test_a_model_that_fails_fails_the_job(account: Account, script: str, reason: str, logged: str) -> None:
    client = {"InvocationsMaxRetries": 1}
    kind = {"ContentType": "text/strange"} if "strange" in logged else {}
    request = transforming(account, create_model(account, script), source=kind, ModelClientConfig=client)
    job = run(account, request, {"a.csv": "1\n"})
    assert job["TransformJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(reason)
    assert logged in "\n".join(account.log(request["TransformJobName"], "Transform"))


def test_input_that_is_not_there_fails_the_job(account: Account) -> None:
    request = transforming(account, create_model(account))
    job = run(account, request, {})
    assert job["FailureReason"].startswith("ClientError: Data download failed:No S3 objects found under S3 URL")


def test_an_image_without_a_script_says_what_it_needs(account: Account) -> None:
    name = unique("bare")
    account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE})
    job = run(account, transforming(account, name), {"a.csv": "1"})
    assert "give the model SAGEMAKER_PROGRAM and SAGEMAKER_SUBMIT_DIRECTORY" in job["FailureReason"]


def test_a_program_of_ones_own_serves_beside_the_interpreter_of_its_image(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    serve = tmp_path / "bin" / "serve"
    serve.write_text(
        f"#!{sys.executable}\n"
        "import http.server, os, sys\n"
        "assert sys.argv[1:] == ['serve']\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def answer(self, body):\n"
        "        self.send_response(200)\n"
        "        self.end_headers()\n"
        "        self.wfile.write(body)\n"
        "    def do_GET(self):\n"
        '        self.answer(b\'{"MaxPayloadInMB": 1, "BatchStrategy": "SINGLE_RECORD"}\')\n'
        "    def do_POST(self):\n"
        "        self.answer(b'<' + self.rfile.read(int(self.headers['Content-Length'])) + b'>')\n"
        "port = int(os.environ['SAGEMAKER_BIND_TO_PORT'])\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', port), Handler).serve_forever()\n"
    )
    serve.chmod(0o755)
    with LocalAws(images={"mine": str(python)}, grace_seconds=2) as aws:
        account = Account(aws)
        name = unique("mine")
        image = {"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/mine:1"}
        account.sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=image)
        request = transforming(account, name, output={"AssembleWith": "None"})
        job = run(account, request, {"a.csv": "1\n2\n"})
        assert job["TransformJobStatus"] == "Completed", account.log(request["TransformJobName"], "Transform")
        assert output(account, request["TransformJobName"], "a.csv") == b"<1><2>"


def test_requests_that_sagemaker_refuses_are_refused(account: Account) -> None:
    with pytest.raises(ClientError, match="Could not find model"):
        account.sagemaker.create_transform_job(**transforming(account, "no-such-model"))
    model = create_model(account)
    for path in ("$..x", "$[?(@.a)]", "x"):
        with pytest.raises(ClientError, match="does not know the JSONPath"):
            account.sagemaker.create_transform_job(
                **transforming(account, model, DataProcessing={"InputFilter": path, "JoinSource": "None"})
            )
    with pytest.raises(ClientError, match="takes SplitType Line with text/csv"):
        account.sagemaker.create_transform_job(
            **transforming(account, model, source={"SplitType": "None"}, DataProcessing={"JoinSource": "Input"})
        )
    with pytest.raises(ClientError) as refused:
        account.job("never-was", "Transform")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFound"
    request = transforming(account, model)
    run(account, request, {"a.csv": "1"})
    with pytest.raises(ClientError, match="a transform job with this name already exists"):
        account.sagemaker.create_transform_job(**request)


def test_a_state_waits_for_its_transform_job_and_gives_its_document(account: Account) -> None:
    name = unique("waited")
    account.put(f"{name}/in/a.csv", "5\n")
    inbox = account.listen(source=["aws.sagemaker"], detail_type=["SageMaker Transform Job State Change"])
    request = transforming(account, create_model(account), name, Tags=[{"Key": "team", "Value": "x"}])
    state = {"Type": "Task", "Resource": SYNC, "Arguments": request, "End": True}
    described = account.run({"Work": state})
    document = json.loads(described["output"])
    assert document["TransformJobStatus"] == "Completed"
    assert document["TransformOutput"]["S3OutputPath"].endswith("/out")
    events = [event["detail"] for event in inbox.take(2) if event["detail"]["TransformJobName"] == name]
    assert sorted(event["TransformJobStatus"] for event in events) == ["Completed", "InProgress"]
    assert events[0]["Tags"] == {"team": "x"}
    listed = account.sagemaker.list_transform_jobs(NameContains=name)["TransformJobSummaries"]
    assert [each["TransformJobStatus"] for each in listed] == ["Completed"]
    tags = account.sagemaker.list_tags(ResourceArn=document["TransformJobArn"])["Tags"]
    assert tags == [{"Key": "team", "Value": "x"}]


def test_stopping_the_execution_stops_the_job(account: Account) -> None:
    slow = DOUBLING.replace("return [row * factor", "import time; time.sleep(60); return [row * factor")
    name = unique("stopped")
    account.put(f"{name}/in/a.csv", "5\n")
    state = {"Type": "Task", "Resource": SYNC, "Arguments": transforming(account, create_model(account, slow), name)}
    execution = account.start(account.create({"Work": {**state, "End": True}}))
    while "TaskSubmitted" not in account.types(execution):
        pass
    account.sfn.stop_execution(executionArn=execution)
    assert account.finish_job(name, "Transform")["TransformJobStatus"] == "Stopped"
    assert account.finish(execution)["status"] == "ABORTED"


def tensorflow(content: bytes) -> bytes:
    return struct.pack("<QI", len(content), 0) + content + struct.pack("<I", zlib.crc32(content))


def recordio(content: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(content)) + content + b"\0" * (-len(content) % 4)


@pytest.mark.parametrize(("split", "frame"), [("TFRecord", tensorflow), ("RecordIO", recordio)])
def test_binary_records_lose_their_framing_when_they_are_sent_alone(split: str, frame: Any) -> None:
    contents = [b"one", b"three", b"" if split == "RecordIO" else b"four"]
    data = b"".join(map(frame, contents))
    assert list(requests(data, split, "SingleRecord", 1)) == contents
    assert list(requests(data, split, "MultiRecord", 1)) == [data]
    with pytest.raises(UnreadableRecordsError, match="cut off"):
        list(requests(data[:-1] if split == "TFRecord" else frame(b"xyz")[:-1], split, "SingleRecord", 1))


def test_answers_are_joined_with_their_records(account: Account) -> None:
    processing = {"InputFilter": "$[1]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}
    request = transforming(account, create_model(account), DataProcessing=processing, BatchStrategy="MultiRecord")
    name = request["TransformJobName"]
    job = run(account, request, {"a.csv": "first,1,x\nsecond,2,y\n"})
    assert job["TransformJobStatus"] == "Completed", account.log(name, "Transform")
    assert output(account, name, "a.csv") == b"first,2.0\nsecond,4.0\n"


def of(kind: str, **wanted: str) -> DataProcessing:
    split = "None" if kind == JSON else "Line"
    return DataProcessing.of({"TransformInput": {"ContentType": kind, "SplitType": split}, "DataProcessing": wanted})


def test_records_are_filtered_before_they_are_sent() -> None:
    assert of(CSV, InputFilter="$[1:]").before(b'id,"a,b",2\n3,4,5') == b'"a,b",2\n4,5\n'
    assert of(CSV, InputFilter="$[-1]").before(b"1,2\n") == b"2\n"
    assert of(JSON, InputFilter="$.features").before(b'{"id": 1, "features": [1, 2]}') == b"[1, 2]"
    assert of(JSON_LINES, InputFilter="$['a','b']").before(b'{"a": 1, "b": 2, "c": 3}\n') == b"[1, 2]\n"
    assert of(JSON, InputFilter="$.rows[*].x").before(b'{"rows": [{"x": 1}, {"x": 2}]}') == b"[1, 2]"
    assert of(CSV).before(b"1,2") == b"1,2"
    with pytest.raises(UnreadableRecordsError, match=r"JSONPath \$.gone does not fit"):
        of(JSON, InputFilter="$.gone").before(b"{}")
    with pytest.raises(UnreadableRecordsError, match="not JSON"):
        of(JSON, InputFilter="$.a").before(b"a,b")


def test_answers_are_joined_and_filtered_before_they_are_stored() -> None:
    both = of(JSON_LINES, JoinSource="Input")
    assert both.after(b'{"id": 7}\n', b"[0.5]\n") == b'{"id": 7, "SageMakerOutput": [0.5]}\n'
    assert both.after(b"[1]\n", b"2\n") == b'{"SageMakerInput": [1], "SageMakerOutput": 2}\n'
    assert of(CSV, OutputFilter="$[0]").after(b"1\n", b"0.9,0.1\n") == b"0.9\n"
    assert of(CSV, InputFilter="$[0]").after(b"1,2\n", b"9\n") == b"9\n"
    with pytest.raises(UnreadableRecordsError, match="2 records were sent and 1 answered"):
        of(CSV, JoinSource="Input").after(b"1\n2\n", b"9\n")


def test_requests_hold_as_many_records_as_fit() -> None:
    line = b"x" * 400_000 + b"\n"
    assert [len(body) for body in requests(line * 5, "Line", "MultiRecord", 1)] == [800_002, 800_002, 400_001]
    assert [len(body) for body in requests(line * 5, "Line", "MultiRecord", 0)] == [2_000_005]
    assert list(requests(b"a\r\nb\nc", "Line", "SingleRecord", 1)) == [b"a", b"b", b"c"]
    assert list(requests(b"a\nb", "None", "MultiRecord", 1)) == [b"a\nb"]
    with pytest.raises(UnreadableRecordsError, match="larger than MaxPayloadInMB, 1"):
        list(requests(b"x" * 1_100_000, "None", "MultiRecord", 1))


def test_answers_are_put_together() -> None:
    assert assemble([b"a", b"b\n", b"c"], "Line") == b"a\nb\nc\n"
    assert assemble([b"a", b"b"], "None") == b"ab"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [("application/json", b"[[1.0, 2.0]]"), ("text/csv", b"1.0,2.0\n")],
)
def test_the_server_reads_and_writes_as_the_image_for_scikit_learn(accept: str, expected: bytes) -> None:
    class Script:
        model_fn = staticmethod(lambda directory: None)
        predict_fn = staticmethod(lambda data, model: data)

    model = serving.Model(Script, "")
    assert model.answer("[[1, 2.0]]", "application/json", accept) == (expected, accept)
    assert model.answer("1,2\n3,4\n", "text/csv", "application/json")[0] == b"[[1.0, 2.0], [3.0, 4.0]]"
    npy = model.answer("[[1, 2.0]]", "application/json", "application/x-npy")[0]
    assert model.answer(npy, "application/x-npy", accept)[0] == expected
