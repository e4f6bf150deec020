"""### Train a model on each day's census table

`upload` puts the day's table and the scripts into S3. The group `training` is one AWS Step Functions execution:
preprocess, train, evaluate, each a SageMaker job. `report` reads the model's evaluation back into Airflow.

The table is **synthetic**: seeded by the date, made by `census_data.py`. No row stands for a person.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.sdk import DAG, task

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup, TrainingStep

BUCKET = "census-income"
STATES_ROLE = "arn:aws:iam::123456789012:role/census-states"
JOB_ROLE = "arn:aws:iam::123456789012:role/census-jobs"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
SCRIPTS = Path(__file__).with_suffix("")
SETTINGS = {"class_weight": "balanced", "C": 1.0}
"""How a day's model is fitted, unless someone has put other settings for that day into S3."""

DAY = "{{ (dag_run.logical_date or dag_run.run_after) | ds }}"  # a run by hand may have no logical date
DATA = f"s3://{BUCKET}/{DAY}"
CODE = "{{ ti.xcom_pull(task_ids='upload') }}"


def processing(script: str, inputs: dict[str, Any], outputs: list[str], arguments: list[str]) -> dict[str, Any]:
    """The request of a processing job that runs *script*."""
    folder = "/opt/ml/processing"
    sources = {**inputs, "code": f"{CODE}/{script}"}
    request = {
        "RoleArn": JOB_ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", f"{folder}/code/{script}"]},
        "ProcessingInputs": [
            {
                "InputName": name,
                "S3Input": {
                    "S3Uri": uri,
                    "LocalPath": f"{folder}/{name}",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for name, uri in sources.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": name,
                    "S3Output": {
                        "S3Uri": f"{DATA}/{name}",
                        "LocalPath": f"{folder}/{name}",
                        "S3UploadMode": "EndOfJob",
                    },
                }
                for name in outputs
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30}
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 1200},
    }
    if arguments:
        request["AppSpecification"]["ContainerArguments"] = arguments
    return request


def training_job(channels: dict[str, str], program: str) -> dict[str, Any]:
    """The request of a training job in the container's script mode, with the addresses of its *channels*."""
    return {
        "RoleArn": JOB_ROLE,
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "HyperParameters": {
            "sagemaker_program": program,
            "sagemaker_submit_directory": f"{CODE}/sourcedir.tar.gz",
            "max-iter": "1000",
        },
        "InputDataConfig": [
            {"ChannelName": name, "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri}}}
            for name, uri in channels.items()
        ],
        "OutputDataConfig": {"S3OutputPath": f"{DATA}/model"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 30},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
    }


with DAG(
    "census_income",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=2,
    params={"rows": 20_000},
    doc_md=__doc__,
    tags=["sagemaker", "step functions", "synthetic data"],
) as dag:

    @task
    def upload(day: str, rows: str) -> str:
        """Put the day's table and the scripts into S3; return where the scripts are, named after what they hold."""
        from census_data import census_csv

        s3 = S3Hook()
        if not s3.check_for_bucket(BUCKET):
            s3.create_bucket(BUCKET)
        s3.load_string(census_csv(day, int(rows)), f"{day}/input/synthetic.csv", BUCKET, replace=True)
        if not s3.check_for_key(f"{day}/settings/settings.json", BUCKET):
            s3.load_string(json.dumps(SETTINGS), f"{day}/settings/settings.json", BUCKET)
        scripts = {path.name: path.read_bytes() for path in sorted(SCRIPTS.glob("*.py"))}
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, text in scripts.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text))
        prefix = f"code/{hashlib.sha256(b''.join(scripts.values())).hexdigest()[:12]}"
        for name, content in {**scripts, "sourcedir.tar.gz": packed.getvalue()}.items():
            s3.load_bytes(content, f"{prefix}/{name}", BUCKET, replace=True)
        return f"s3://{BUCKET}/{prefix}"

    with StateMachineTaskGroup("training", role_arn=STATES_ROLE) as training:
        preprocess = SageMakerProcessingOperator(
            task_id="preprocess",
            config=processing(
                "preprocessing.py",
                inputs={"input": f"{DATA}/input"},
                outputs=["train", "test"],
                arguments=["--train-test-split-ratio", "0.2"],
            ),
        )
        train = training.step(
            TrainingStep(
                "train",
                request=training_job({"train": f"{DATA}/train", "settings": f"{DATA}/settings"}, "train.py"),
            ),
            retries=1,
            retry_delay=timedelta(seconds=10),
        )
        evaluate = training.step(
            ProcessingStep(
                "evaluate",
                request=processing(
                    "evaluation.py",
                    inputs={"test": f"{DATA}/test", "model": train.result["ModelArtifacts"]["S3ModelArtifacts"]},
                    outputs=["evaluation"],
                    arguments=[],
                ),
            )
        )
        preprocess >> train >> evaluate

    @task
    def report(evaluation: dict[str, Any]) -> dict[str, float]:
        """Read the evaluation where the job's own description says it is."""
        folder = evaluation["Processing"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        found = json.loads(S3Hook().read_key(f"{folder}/evaluation.json"))
        return {name: found[name] for name in ("accuracy", "roc_auc")}

    @task(trigger_rule="one_failed")
    def no_model(day: str, ti: Any = None) -> None:
        """Tell whoever waits for the model that there is none; put your channel here."""
        states = ti.get_task_states(dag_id=ti.dag_id, task_group_id="training", run_ids=[ti.run_id])[ti.run_id]
        failed = [name for name, state in states.items() if state == "failed"]
        print(f"No model for {day}: {', '.join(failed) or 'training'} failed, see its log for the reason")

    upload(DAY, "{{ params.rows }}") >> training
    report(evaluate.output)
    training >> no_model(DAY)
