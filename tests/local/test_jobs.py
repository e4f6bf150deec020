"""Jobs through SageMaker's API: the container contract, what Describe says, clear reasons for every failure."""

from __future__ import annotations

import datetime
import json
import os
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.local import LocalAws
from tests.local.machines import (
    IMAGE,
    Account,
    archive,
    channel,
    members,
    processing,
    python,
    s3_input,
    s3_output,
    training,
    unique,
)


def run(account: Account, request: dict) -> dict:
    account.sagemaker.create_processing_job(**request)
    return account.finish_job(request["ProcessingJobName"])


def train(account: Account, request: dict) -> dict:
    account.sagemaker.create_training_job(**request)
    return account.finish_job(request["TrainingJobName"], "Training")


def script(account: Account, text: str) -> list[dict]:
    """The input of a processing job that brings a script to /opt/ml/processing/input/code/job.py."""
    uri = account.put(f"{unique('code')}/job.py", text)
    return [s3_input("code", uri, "/opt/ml/processing/input/code")]


JOB = ["python3", "/opt/ml/processing/input/code/job.py"]


def test_a_processing_job_finds_its_configuration_and_environment(account: Account) -> None:
    name = unique("contract")
    text = """
import json, os
job = json.load(open("/opt/ml/config/processingjobconfig.json"))
resources = json.load(open("/opt/ml/config/resourceconfig.json"))
print(json.dumps({
    "name": job["ProcessingJobName"], "arn": job["ProcessingJobArn"], "resources": resources,
    "environment": {k: os.environ.get(k) for k in ("AWS_REGION", "MODE", "PROCESSING_JOB_NAME")},
}))
"""
    document = run(account, processing(name, JOB, ProcessingInputs=script(account, text), Environment={"MODE": "x"}))
    assert document["ProcessingJobStatus"] == "Completed", document
    (line,) = account.log(name)
    seen = json.loads(line)
    assert seen["name"] == name
    assert seen["arn"] == document["ProcessingJobArn"]
    assert seen["resources"]["current_host"] == "algo-1"
    assert seen["resources"]["hosts"] == ["algo-1"]
    assert seen["environment"] == {"AWS_REGION": "us-east-1", "MODE": "x", "PROCESSING_JOB_NAME": name}
    assert document["ProcessingStartTime"] <= document["ProcessingEndTime"]
    assert document["StoppingCondition"] == {"MaxRuntimeInSeconds": 86400}
    assert "ExitMessage" not in document
    assert "FailureReason" not in document


def test_a_training_job_finds_its_configuration_and_environment(account: Account) -> None:
    name = unique("contract")
    data = account.put(f"{name}/data/a.csv", "1")
    code = account.put(
        f"{name}/code/job.py",
        """
import json, os
base = "/opt/ml/input/config/"
print(json.dumps({name: json.load(open(base + name + ".json")) for name in
      ("hyperparameters", "inputdataconfig", "resourceconfig")}))
print(json.dumps([os.environ["TRAINING_JOB_NAME"], os.environ.get("SM_MODEL_DIR"), os.listdir("/opt/ml/input/data/d")]))
os.makedirs("/opt/ml/model/sub"); open("/opt/ml/model/sub/m.txt", "w").write("m")
open("/opt/ml/output/data/o.txt", "w").write("o")
""",
    )
    request = training(
        name,
        account,
        HyperParameters={"rate": "0.1"},
        InputDataConfig=[channel("code", code), {**channel("d", data.rpartition("/")[0]), "ContentType": "text/csv"}],
    )
    request["AlgorithmSpecification"] |= {"ContainerEntrypoint": ["python3", "/opt/ml/input/data/code/job.py"]}
    document = train(account, request)
    assert document["TrainingJobStatus"] == "Completed", document
    config, rest = map(json.loads, account.log(name, "Training"))
    assert config["hyperparameters"] == {"rate": "0.1"}
    assert config["inputdataconfig"]["d"] == {
        "ContentType": "text/csv",
        "TrainingInputMode": "File",
        "S3DistributionType": "FullyReplicated",
        "RecordWrapperType": "None",
    }
    assert config["resourceconfig"]["current_instance_type"] == "ml.m5.large"
    assert rest == [name, None, ["a.csv"]]
    base = f"s3://{account.bucket}/models/{name}/output"
    assert document["ModelArtifacts"] == {"S3ModelArtifacts": f"{base}/model.tar.gz"}
    assert members(account.get(f"{base}/model.tar.gz")) == {"sub/m.txt": b"m"}
    assert members(account.get(f"{base}/output.tar.gz")) == {"o.txt": b"o"}
    assert document["TrainingTimeInSeconds"] >= 1
    assert document["BillableTimeInSeconds"] >= 1
    assert document["EnableNetworkIsolation"] is False


def test_script_mode_passes_hyperparameters_as_arguments_and_variables(account: Account) -> None:
    name = unique("toolkit")
    source = account.put(
        f"{name}/source.tar.gz",
        archive(
            {
                "train.py": "import sys, os, json, helper\n"
                "print(json.dumps([sys.argv[1:], os.getcwd(), os.environ['SM_HP_RATE'], helper.WORD,\n"
                "      json.loads(os.environ['SM_HPS']), os.environ['SM_CURRENT_HOST']]))\n",
                "helper.py": "WORD = 'beside'",
            }
        ),
    )
    document = train(
        account,
        training(
            name,
            account,
            HyperParameters={
                "rate": "0.1",
                "names": '["a", "b"]',
                "text": "plain",
                "n": "3",
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"{source}"',
            },
        ),
    )
    assert document["TrainingJobStatus"] == "Completed", document
    arguments, directory, rate, word, parameters, host = json.loads(account.log(name, "Training")[0])
    assert arguments == ["-n", "3", "--names", "['a', 'b']", "--rate", "0.1", "--text", "plain"]
    assert (directory, rate, word, host) == ("/opt/ml/code", "0.1", "beside", "algo-1")
    assert parameters == {"rate": 0.1, "names": ["a", "b"], "text": "plain", "n": 3}


def test_a_failing_training_script_reports_as_the_toolkit_does(account: Account) -> None:
    name = unique("broken")
    source = account.put(f"{name}/source.tar.gz", archive({"train.py": "raise ValueError('no rows')"}))
    document = train(
        account,
        training(
            name,
            account,
            HyperParameters={
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": source,
            },
        ),
    )
    reason = document["FailureReason"]
    assert reason.startswith("AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n")
    assert "ValueError: no rows" in reason
    assert 'Command "python /opt/ml/code/train.py"' in reason
    assert reason.endswith(", exit code: 1")


def test_the_failure_file_is_the_reason(account: Account) -> None:
    name = unique("failure-file")
    request = training(name, account)
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = [
        "bash",
        "-c",
        "echo 'the data is bad' > /opt/ml/output/failure; exit 5",
    ]
    assert train(account, request)["FailureReason"] == "AlgorithmError: the data is bad, exit code: 5"


def test_a_job_that_dies_by_a_signal_says_which(account: Account) -> None:
    name = unique("killed")
    document = run(account, python(name, "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"))
    assert document["ProcessingJobStatus"] == "Failed"
    assert document["FailureReason"] == (
        "AlgorithmError: the process was ended by SIGKILL (out of memory?), exit code: 137"
    )
    segfault = run(account, python(unique("killed"), "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert "ended by SIGSEGV, exit code: 139" in segfault["FailureReason"]


def test_a_script_that_is_not_there_is_named(account: Account) -> None:
    inputs = script(account, "print(1)")
    command = ["python3", "/opt/ml/processing/input/code/other.py"]
    document = run(account, processing(unique("missing"), command, ProcessingInputs=inputs))
    assert document["FailureReason"].startswith(
        "AlgorithmError: the script /opt/ml/processing/input/code/other.py is not in the container"
    )
    assert document["FailureReason"].endswith("exit code: 2")


def test_a_program_that_is_not_there_is_named(account: Account) -> None:
    document = run(account, processing(unique("missing"), ["no-such-program"]))
    assert document["FailureReason"].endswith("exit code: 127")
    assert account.log(document["ProcessingJobName"]) == ['exec: "no-such-program": executable file not found in $PATH']


def test_a_training_program_that_is_not_in_its_archive_is_named(account: Account) -> None:
    name = unique("missing")
    source = account.put(f"{name}/source.tar.gz", archive({"other.py": ""}))
    document = train(
        account,
        training(
            name,
            account,
            HyperParameters={
                "sagemaker_program": "train.py",
                "sagemaker_submit_directory": source,
            },
        ),
    )
    assert f"the script train.py (sagemaker_program) is not in {source}" in document["FailureReason"]


def test_input_that_is_not_in_s3_is_named(account: Account) -> None:
    for uri in (f"s3://{account.bucket}/nothing/here", "s3://no-such-bucket-anywhere/x"):
        inputs = [s3_input("data", uri, "/opt/ml/processing/input/data")]
        document = run(account, processing(unique("no-data"), ["true"], ProcessingInputs=inputs))
        assert document["ProcessingJobStatus"] == "Failed"
        assert f'No S3 objects found under S3 URL "{uri}"' in document["FailureReason"]


def test_a_job_without_an_entrypoint_says_that_the_image_is_not_here(account: Account) -> None:
    request = processing(unique("image"), ["x"])
    del request["AppSpecification"]["ContainerEntrypoint"]
    assert "names no ContainerEntrypoint" in run(account, request)["FailureReason"]
    assert "names no ContainerEntrypoint" in train(account, training(unique("image"), account))["FailureReason"]


def test_an_unknown_image_is_named_with_the_way_out(account: Account) -> None:
    request = processing(unique("unknown"), ["true"])
    request["AppSpecification"]["ImageUri"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/mine:3"
    reason = run(account, request)["FailureReason"]
    assert "team/mine:3" in reason
    assert "--image team/mine=PYTHON" in reason


def test_any_image_can_be_given_an_interpreter(account: Account) -> None:
    request = python(unique("mapped"), "print('ran')")
    request["AppSpecification"]["ImageUri"] = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/any-image:3"
    assert run(account, request)["ProcessingJobStatus"] == "Completed"


def test_an_object_and_a_prefix_arrive_under_their_names(account: Account) -> None:
    stem = unique("names")
    for key in ("data/a.csv", "data/deep/b.csv", "single.csv", "data-other/c.csv"):
        account.put(f"{stem}/{key}", key)
    inputs = [
        s3_input("tree", f"s3://{account.bucket}/{stem}/data/", "/opt/ml/processing/tree"),
        s3_input("one", f"s3://{account.bucket}/{stem}/single.csv", "/opt/ml/processing/one"),
    ]
    name = unique("names")
    run(
        account,
        processing(name, ["bash", "-c", "cd /opt/ml/processing && find . -type f | sort"], ProcessingInputs=inputs),
    )
    assert account.log(name) == ["./one/single.csv", "./tree/a.csv", "./tree/deep/b.csv"]


def test_outputs_of_a_failed_job_stay_where_they_are(account: Account) -> None:
    name = unique("no-output")
    uri = f"s3://{account.bucket}/{name}"
    request = processing(
        name,
        ["bash", "-c", "echo x > /opt/ml/processing/out/x; exit 1"],
        ProcessingOutputConfig={"Outputs": [s3_output("out", uri, "/opt/ml/processing/out")]},
    )
    assert run(account, request)["ProcessingJobStatus"] == "Failed"
    assert account.s3.list_objects_v2(Bucket=account.bucket, Prefix=name)["KeyCount"] == 0


def test_output_that_cannot_be_written_is_named(account: Account) -> None:
    request = processing(
        unique("no-bucket"),
        ["bash", "-c", "echo x > /opt/ml/processing/out/x"],
        ProcessingOutputConfig={"Outputs": [s3_output("out", "s3://no-such-bucket/x", "/opt/ml/processing/out")]},
    )
    reason = run(account, request)["FailureReason"]
    assert reason.startswith("ClientError: Data upload failed: cannot write to s3://no-such-bucket/x: ")


def test_metrics_are_the_last_numbers_in_the_output(account: Account) -> None:
    request = training(unique("metrics"), account)
    request["AlgorithmSpecification"] |= {
        "ContainerEntrypoint": ["bash", "-c", "echo loss=0.5; echo loss=0.25; echo loss=none; echo acc: 1e-1"],
        "MetricDefinitions": [
            {"Name": "loss", "Regex": "loss=(\\S+)"},
            {"Name": "acc", "Regex": "acc: ([0-9e-]+)"},
            {"Name": "absent", "Regex": "f1=([0-9]+)"},
        ],
    }
    metrics = train(account, request)["FinalMetricDataList"]
    assert [(each["MetricName"], round(each["Value"], 6)) for each in metrics] == [("loss", 0.25), ("acc", 0.1)]


def test_a_job_that_runs_too_long_is_stopped(account: Account) -> None:
    name = unique("long")
    request = training(name, account, StoppingCondition={"MaxRuntimeInSeconds": 1})
    request["AlgorithmSpecification"]["ContainerEntrypoint"] = [
        "bash",
        "-c",
        "echo partial > /opt/ml/model/m; sleep 60",
    ]
    document = train(account, request)
    assert (document["TrainingJobStatus"], document["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")
    assert members(account.get(document["ModelArtifacts"]["S3ModelArtifacts"])) == {"m": b"partial\n"}
    long = python(unique("long"), "import time; time.sleep(60)", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert run(account, long)["ProcessingJobStatus"] == "Stopped"


def test_a_stopped_job_may_tidy_up(account: Account) -> None:
    name = unique("tidy")
    text = """
import signal, sys, time
def tidy(*_):
    print("tidied"); sys.exit(0)
signal.signal(signal.SIGTERM, tidy)
print("ready")
time.sleep(60)
"""
    account.sagemaker.create_processing_job(**processing(name, JOB, ProcessingInputs=script(account, text)))
    _until_logged(account, name, "ready")
    account.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert account.job(name)["ProcessingJobStatus"] in ("Stopping", "Stopped")
    assert account.finish_job(name)["ProcessingJobStatus"] == "Stopped"
    assert account.log(name) == ["ready", "tidied"]


def test_a_job_that_ignores_the_stop_is_killed_after_the_grace_period(account: Account) -> None:
    name = unique("stubborn")
    text = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(60)"
    account.sagemaker.create_processing_job(**python(name, text))
    _until_logged(account, name, "ready")
    began = time.monotonic()
    account.sagemaker.stop_processing_job(ProcessingJobName=name)
    assert account.finish_job(name)["ProcessingJobStatus"] == "Stopped"
    assert 1.5 < time.monotonic() - began < 20


def test_lines_arrive_in_the_log_while_the_job_runs(account: Account) -> None:
    name = unique("live")
    account.sagemaker.create_processing_job(**python(name, "import time; print('first'); time.sleep(8); print('last')"))
    _until_logged(account, name, "first")
    assert account.job(name)["ProcessingJobStatus"] == "InProgress"
    account.finish_job(name)
    assert account.log(name) == ["first", "last"]


def test_names_are_used_once(account: Account) -> None:
    request = python(unique("once"), "pass")
    account.sagemaker.create_processing_job(**request)
    with pytest.raises(ClientError) as refused:
        account.sagemaker.create_processing_job(**request)
    assert refused.value.response["Error"]["Code"] == "ResourceInUse"
    assert "must be unique within an AWS account and region" in refused.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"ProcessingJobName": "not_valid"},
            "'processingJobName' failed to satisfy constraint: Member must satisfy reg",
        ),
        ({"ProcessingJobName": "x" * 64}, "have length less than or equal to 63"),
        ({"RoleArn": "a role that is not an ARN"}, "'roleArn' failed to satisfy constraint"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 10**9}}, "'stoppingCondition.maxRuntimeInSeconds' failed"),
    ],
)
def test_a_request_is_checked_with_the_services_model(account: Account, change: dict, problem: str) -> None:
    with pytest.raises(ClientError) as refused:
        account.sagemaker.create_processing_job(**{**python(unique("checked"), "pass"), **change})
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert problem in refused.value.response["Error"]["Message"]


def test_jobs_are_listed_and_unknown_ones_refused(account: Account) -> None:
    stem = unique("listed")
    for index in range(3):
        run(account, python(f"{stem}-{index}", f"import sys; sys.exit({index % 2})"))
    listed = account.sagemaker.list_processing_jobs(NameContains=stem, SortBy="Name", SortOrder="Ascending")
    statuses = [each["ProcessingJobStatus"] for each in listed["ProcessingJobSummaries"]]
    assert statuses == ["Completed", "Failed", "Completed"]
    first = account.sagemaker.list_processing_jobs(NameContains=stem, MaxResults=2)
    assert [each["ProcessingJobName"] for each in first["ProcessingJobSummaries"]] == [f"{stem}-2", f"{stem}-1"]
    rest = account.sagemaker.list_processing_jobs(NameContains=stem, NextToken=first["NextToken"])
    assert [each["ProcessingJobName"] for each in rest["ProcessingJobSummaries"]] == [f"{stem}-0"]
    hour = datetime.timedelta(hours=1)
    for moment in ("CreationTime", "LastModifiedTime"):
        for bound, shift, count in (("After", hour, 0), ("After", -hour, 3), ("Before", hour, 3), ("Before", -hour, 0)):
            wanted = {f"{moment}{bound}": datetime.datetime.now(datetime.UTC) + shift}
            found = account.sagemaker.list_processing_jobs(NameContains=stem, **wanted)["ProcessingJobSummaries"]
            assert len(found) == count, wanted
    with pytest.raises(ClientError, match="Could not find requested job"):
        account.job("no-such-job")
    with pytest.raises(ClientError, match="Requested resource not found"):
        account.sagemaker.stop_training_job(TrainingJobName="no-such-job")


def test_a_job_keeps_its_tags(account: Account) -> None:
    document = run(account, python(unique("tagged"), "pass", Tags=[{"Key": "team", "Value": "data"}]))
    arn = document["ProcessingJobArn"]
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "more", "Value": "1"}])
    tags = account.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "team", "Value": "data"}, {"Key": "more", "Value": "1"}]


def test_every_host_runs_and_shares_the_keys(account: Account) -> None:
    stem = unique("hosts")
    for key in "abcd":
        account.put(f"{stem}/{key}", key)
    source = s3_input("data", f"s3://{account.bucket}/{stem}", "/opt/ml/processing/data")
    source["S3Input"]["S3DataDistributionType"] = "ShardedByS3Key"
    request = processing(
        stem,
        ["bash", "-c", "cat /opt/ml/processing/data/* > /opt/ml/processing/out/$(cat /opt/ml/processing/data/*)"],
        ProcessingInputs=[source],
        ProcessingOutputConfig={
            "Outputs": [s3_output("out", f"s3://{account.bucket}/{stem}-out", "/opt/ml/processing/out")]
        },
    )
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 2
    assert run(account, request)["ProcessingJobStatus"] == "Completed"
    listed = account.s3.list_objects_v2(Bucket=account.bucket, Prefix=f"{stem}-out/")["Contents"]
    assert [entry["Key"].rpartition("/")[2] for entry in listed] == ["ac", "bd"]


def test_two_jobs_at_once_each_have_their_own_opt_ml(account: Account) -> None:
    names = [unique("own") for _ in range(3)]
    text = (
        "import time; open('/opt/ml/output/message', 'w').write('%s'); time.sleep(1); "
        "print(open('/opt/ml/output/message').read())"
    )
    for name in names:
        account.sagemaker.create_processing_job(**python(name, text % name))
    for name in names:
        assert account.finish_job(name)["ExitMessage"] == name
        assert account.log(name) == [name]
    assert not Path("/opt/ml").exists()


def test_rewritten_paths_stand_in_for_a_mount(tmp_path: Path) -> None:
    with LocalAws(data_dir=tmp_path, opt_ml="rewrite", grace_seconds=1) as aws:
        account = Account(aws)
        name = unique("rewritten")
        text = """
import sys
out = "/opt/ml/processing/out"
with open(f"{out}/result.txt", "w") as file:
    file.write(open(sys.argv[1]).read() + open("/opt/ml/config/resourceconfig.json").read()[:1])
print("done")
"""
        data = account.put(f"{name}/data.txt", "data")
        request = processing(
            name,
            JOB,
            ProcessingInputs=[*script(account, text), s3_input("data", data, "/opt/ml/processing/data")],
            ProcessingOutputConfig={
                "Outputs": [s3_output("out", f"s3://{account.bucket}/{name}/out", "/opt/ml/processing/out")]
            },
        )
        request["AppSpecification"]["ContainerArguments"] = ["/opt/ml/processing/data/data.txt"]
        document = run(account, request)
        assert document["ProcessingJobStatus"] == "Completed", document
        notice, done = account.log(name)
        assert "paths in scripts were rewritten" in notice
        assert done == "done"
        assert account.get(f"s3://{account.bucket}/{name}/out/result.txt") == b"data{"
        source = account.put(
            f"{name}/source.tar.gz",
            archive(
                {
                    "train.py": "import os; target = open(os.environ['SM_MODEL_DIR'] + '/m', 'w')\n"
                    "target.write(open('/opt/ml/input/config/"
                    "hyperparameters.json').read()[:1])",
                }
            ),
        )
        trained = train(
            account,
            training(
                unique("rewritten"),
                account,
                HyperParameters={
                    "sagemaker_program": "train.py",
                    "sagemaker_submit_directory": source,
                },
            ),
        )
        assert trained["TrainingJobStatus"] == "Completed", trained
        assert members(account.get(trained["ModelArtifacts"]["S3ModelArtifacts"])) == {"m": b"{"}
    assert (tmp_path / "jobs" / name / "algo-1.log").read_text().endswith("done\n")
    assert not Path("/opt/ml").exists()


def test_jobs_end_with_their_server(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with LocalAws(tmp_path / "data") as aws:
        account = Account(aws)
        code = (
            "import os, subprocess, time; p = subprocess.Popen(['sleep', '300']); "
            f"open('{marker}', 'w').write(f'{{os.getpid()}} {{p.pid}}'); time.sleep(300)"
        )
        account.sagemaker.create_processing_job(**python(unique("orphan"), code))
        _until(lambda: marker.exists() and marker.read_text())
        assert aws.pid is not None
        os.kill(aws.pid, 9)
        pids = [int(part) for part in marker.read_text().split()]
        _until(lambda: not any(_alive(pid) for pid in pids))


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def _until_logged(account: Account, name: str, line: str) -> None:
    def logged() -> bool:
        try:
            return line in account.log(name)
        except ClientError:
            return False

    _until(logged)


def _until(condition, seconds: float = 30) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)


def test_an_isolated_job_has_no_network(account: Account) -> None:
    name = unique("isolated")
    text = (
        "import os, socket, urllib.parse\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname()).close()\n"
        "url = urllib.parse.urlsplit(os.environ['AWS_ENDPOINT_URL'])\n"
        "try:\n    socket.create_connection((url.hostname, url.port))\n"
        "except OSError as error:\n    print(type(error).__name__)\n"
    )
    inputs = script(account, text)
    request = processing(name, JOB, ProcessingInputs=inputs, NetworkConfig={"EnableNetworkIsolation": True})
    document = run(account, request)
    assert document["ProcessingJobStatus"] == "Completed", account.log(name)
    assert account.log(name) == ["ConnectionRefusedError"]


def test_jobs_end_when_their_server_is_stopped(tmp_path: Path) -> None:
    marker = tmp_path / "pid"
    with LocalAws() as aws:
        code = f"import os, time; open('{marker}', 'w').write(str(os.getpid())); time.sleep(300)"
        Account(aws).sagemaker.create_processing_job(**python(unique("left"), code))
        _until(lambda: marker.exists() and marker.read_text())
    _until(lambda: not _alive(int(marker.read_text())))


def test_the_default_image_is_scikit_learn(account: Account) -> None:
    assert IMAGE.endswith("sagemaker-scikit-learn:1.2-1-cpu-py3")
    assert run(account, python(unique("sklearn"), "import sklearn"))["ProcessingJobStatus"] == "Completed"
