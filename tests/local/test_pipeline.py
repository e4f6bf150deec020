"""A chain of a processing and a training job with real scripts, as one state machine."""

from __future__ import annotations

import json

from tests.local.machines import (
    PROCESSING,
    TRAINING,
    Account,
    archive,
    channel,
    members,
    processing,
    s3_input,
    s3_output,
    training,
    unique,
)

PREPARE = """
import argparse, csv, os
parser = argparse.ArgumentParser()
parser.add_argument("--split", type=float)
split = parser.parse_args().split
rows = list(csv.reader(open("/opt/ml/processing/input/raw/points.csv")))
cut = int(len(rows) * split)
for name, part in (("train", rows[:cut]), ("test", rows[cut:])):
    with open(f"/opt/ml/processing/{name}/{name}.csv", "w") as file:
        csv.writer(file).writerows(part)
open("/opt/ml/output/message", "w").write(f"{cut} rows for training")
print("rows", len(rows), "mode", os.environ["MODE"])
"""

TRAIN = """
import argparse, csv, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--slope", type=float)
parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
options = parser.parse_args()
points = [(float(x), float(y)) for x, y in csv.reader(open(os.path.join(options.train, "train.csv")))]
error = sum((y - options.slope * x) ** 2 for x, y in points) / len(points)
json.dump({"slope": options.slope, "points": len(points)}, open(os.path.join(options.model_dir, "model.json"), "w"))
print(f"train:mse={error:.3f};")
"""


def states(account: Account, stem: str) -> dict:
    raw = account.put(f"{stem}/raw/points.csv", "\n".join(f"{x},{2 * x}" for x in range(10)))
    script = account.put(f"{stem}/code/prepare.py", PREPARE)
    source = account.put(f"{stem}/code/train.tar.gz", archive({"train.py": TRAIN}))
    out = f"s3://{account.bucket}/{stem}/prepared"
    prepare = processing(
        f"prepare-{stem}",
        ["python3", "/opt/ml/processing/input/code/prepare.py"],
        ProcessingInputs=[
            s3_input("raw", raw.rpartition("/")[0], "/opt/ml/processing/input/raw"),
            s3_input("code", script, "/opt/ml/processing/input/code"),
        ],
        ProcessingOutputConfig={
            "Outputs": [s3_output(name, f"{out}/{name}", f"/opt/ml/processing/{name}") for name in ("train", "test")]
        },
        Environment={"MODE": "local"},
    )
    prepare["AppSpecification"]["ContainerArguments"] = ["--split", "0.8"]
    train = training(
        f"train-{stem}",
        account,
        HyperParameters={
            "slope": "1.5",
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f'"{source}"',
        },
        InputDataConfig=[channel("train", "{% $prepared.ProcessingOutputConfig.Outputs[0].S3Output.S3Uri %}")],
    )
    train["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "train:mse", "Regex": "train:mse=([0-9.]+);"}]
    return {
        "Prepare": {
            "Type": "Task",
            "Resource": PROCESSING,
            "Arguments": prepare,
            "Assign": {"prepared": "{% $states.result %}"},
            "Next": "Train",
        },
        "Train": {
            "Type": "Task",
            "Resource": TRAINING,
            "Arguments": train,
            "Output": {"Training": "{% $states.result %}"},
            "End": True,
        },
    }


def test_a_chain_of_jobs_runs_the_users_scripts(account: Account) -> None:
    stem = unique("chain")
    execution = account.start(account.create(states(account, stem)))
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED", described
    document = json.loads(described["output"])["Training"]
    assert document["TrainingJobStatus"] == "Completed"
    assert document["SecondaryStatus"] == "Completed"
    assert [each["Status"] for each in document["SecondaryStatusTransitions"]] == [
        "Starting",
        "Downloading",
        "Training",
        "Uploading",
        "Completed",
    ]
    (metric,) = document["FinalMetricDataList"]
    assert (metric["MetricName"], metric["Value"]) == ("train:mse", 4.375)
    assert isinstance(document["CreationTime"], int)
    assert document["CreationTime"] > 1_600_000_000_000
    assert "ResponseMetadata" not in document
    model = members(account.get(document["ModelArtifacts"]["S3ModelArtifacts"]))
    assert json.loads(model["model.json"]) == {"slope": 1.5, "points": 8}
    assert account.get(f"s3://{account.bucket}/{stem}/prepared/test/test.csv").count(b"\n") == 2
    assert account.job(f"prepare-{stem}")["ExitMessage"] == "8 rows for training"
    assert account.log(f"prepare-{stem}") == ["rows 10 mode local"]


def test_the_history_is_that_of_the_integration(account: Account) -> None:
    stem = unique("events")
    execution = account.start(account.create(states(account, stem)))
    account.finish(execution)
    events = account.events(execution)
    task = ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited"]
    assert [event["type"] for event in events] == ["ExecutionStarted", *task, *task, "ExecutionSucceeded"]
    submitted = next(event["taskSubmittedEventDetails"] for event in events if event["type"] == "TaskSubmitted")
    assert submitted["resourceType"] == "sagemaker"
    assert submitted["resource"] == "createProcessingJob.sync"
    answer = json.loads(submitted["output"])
    assert answer["ProcessingJobArn"].endswith(f":processing-job/prepare-{stem}")
    assert answer["SdkHttpMetadata"]["HttpStatusCode"] == 200
