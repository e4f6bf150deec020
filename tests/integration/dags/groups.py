"""The Dags that the tests run on a real Airflow and the embedded AWS. Their jobs are one-liners."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator, SageMakerTrainingOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, task

from airflow_sfn_ml import ProcessingStep, StateMachineTaskGroup, TrainingStep

ROLE = "arn:aws:iam::123456789012:role/states"
JOB_ROLE = "arn:aws:iam::123456789012:role/sagemaker"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"


def entrypoint(code: str) -> list[str]:
    """The command that runs *code*, on one line: SageMaker takes no other."""
    return ["python3", "-c", f"exec({code!r})"]


def processing(code: str, **environment: Any) -> dict[str, Any]:
    """A processing job that runs *code*."""
    return {
        "RoleArn": JOB_ROLE,
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": entrypoint(code)},
        "Environment": environment,
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }


def training(code: str) -> dict[str, Any]:
    """A training job that runs *code*."""
    return {
        "TrainingJobName": "fit-{{ ds_nodash if logical_date is defined and logical_date else 'now' }}",
        "RoleArn": JOB_ROLE,
        "AlgorithmSpecification": {
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": entrypoint(code),
        },
        "OutputDataConfig": {"S3OutputPath": "s3://models/out"},
        "ResourceConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 600},
    }


MESSAGE = """
import os
os.makedirs('/opt/ml/output', exist_ok=True)
open('/opt/ml/output/message', 'w').write(os.environ['SAY'])
"""
MODEL = "open('/opt/ml/model/weights', 'w').write('1')"
SLEEP = "import time; print('sleeping', flush=True); time.sleep(600)"


with DAG("shapes", schedule=None):

    @task
    def config() -> dict[str, Any]:
        return processing(MESSAGE, SAY="from outside")

    configured = config()
    with StateMachineTaskGroup("g", role_arn=ROLE) as shapes:
        a = SageMakerProcessingOperator(task_id="a", config=processing(MESSAGE, SAY="{{ params.get('say', run_id) }}"))
        b = SageMakerProcessingOperator(
            task_id="b",
            config=processing(MESSAGE, SAY="b after {{ ti.xcom_pull('g.a')['Processing']['ExitMessage'] }}"),
        )
        c = shapes.step(TrainingStep("c", request=training(MODEL)), outlets=[Asset("model")])
        gather = EmptyOperator(task_id="gather")
        whole = SageMakerProcessingOperator(task_id="whole", config=configured)
        d = shapes.step(
            ProcessingStep("d", request=processing(MESSAGE, SAY=c.result["ModelArtifacts"]["S3ModelArtifacts"]))
        )
        a >> [b, c] >> gather >> d
        gather >> whole

    @task
    def collect(b: dict[str, Any], d: dict[str, Any], whole: dict[str, Any]) -> list[str]:
        return [document["Processing"]["ExitMessage"] for document in (b, d, whole)]

    collect(b.output, d.output, whole.output)


with DAG("broken", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE) as broken:
    prepare = SageMakerProcessingOperator(task_id="prepare", config=processing("print('ready')"))
    fit = SageMakerTrainingOperator(
        task_id="fit",
        config=training("def fit():\n    raise ValueError('no such column: income')\nfit()"),
        retries=1,
        retry_delay=timedelta(seconds=1),
    )
    evaluate = broken.step(ProcessingStep("evaluate", request=processing("print('never')")))
    prepare >> fit >> evaluate


with DAG("slow", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    sleep = SageMakerProcessingOperator(task_id="sleep", config=processing(SLEEP))
    sleep >> EmptyOperator(task_id="after")


with DAG("limited", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    SageMakerProcessingOperator(task_id="sleep", config=processing(SLEEP), execution_timeout=timedelta(seconds=2))


def _die_after_starting() -> None:
    """Kill the process of the start task, once per Dag run, right after AWS has accepted the execution."""
    from airflow_sfn_ml.hooks.step_functions import StepFunctionsHook

    start = StepFunctionsHook.start

    def start_and_die(self: Any, version_arn: str, name: str, document: Any) -> str:
        arn = start(self, version_arn, name, document)
        marker = Path(os.environ["AIRFLOW_HOME"]) / f"died-{name}"
        if document.get("airflow", {}).get("dag_id") == "dies" and not marker.exists():
            marker.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return arn

    if StepFunctionsHook.start.__name__ != "start_and_die":
        StepFunctionsHook.start = start_and_die  # type: ignore[method-assign]


_die_after_starting()

with DAG("dies", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    SageMakerProcessingOperator(task_id="work", config=processing("print('worked')"))


with DAG("paused_start", schedule=None):

    @task
    def hold() -> None:
        """Keep the group's start waiting long enough for a person to mark it."""
        import time

        time.sleep(10)

    held = hold()
    with StateMachineTaskGroup("g", role_arn=ROLE):
        work = SageMakerProcessingOperator(task_id="work", config=processing("print('worked')"))
    held >> work


def written(size: str) -> dict[str, Any]:
    """A machine that was written as a whole: a choice, a parallel, a caught failure, a loop."""
    job = {"Type": "Task", "Resource": "arn:aws:states:::sagemaker:createProcessingJob.sync"}

    def run(name: str, code: str, **more: Any) -> dict[str, Any]:
        label = f"{{% 'written-{name}-' & $substring($hash($states.context.Execution.Id, 'SHA-256'), 0, 12) %}}"
        return {**job, "Arguments": {"ProcessingJobName": label, **processing(code)}, **more}

    return {
        "QueryLanguage": "JSONata",
        "StartAt": "count",
        "States": {
            "count": {"Type": "Pass", "Assign": {"n": 0}, "Output": "{% $states.input %}", "Next": "tick"},
            "tick": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:listModels",
                "Arguments": {},
                "Assign": {"n": "{% $n + 1 %}"},
                "Next": "enough",
            },
            "enough": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $n < 3 %}", "Next": "tick"}],
                "Default": "which",
            },
            "which": {
                "Type": "Choice",
                "Choices": [{"Condition": f"{{% $states.context.Execution.Input.size = '{size}' %}}", "Next": "sides"}],
                "Default": "other",
            },
            "other": run("other", "print('other')", Next="risky"),
            "sides": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": side, "States": {side: run(side, f"print({side!r})", End=True)}}
                    for side in ("left", "right")
                ],
                "Next": "risky",
            },
            "risky": run(
                "risky",
                "raise SystemExit(1)",
                Catch=[{"ErrorEquals": ["States.ALL"], "Next": "mend"}],
                Next="never",
            ),
            "mend": run("mend", "print('mended')", End=True),
            "never": run("never", "print('never')", End=True),
        },
    }


with DAG("written", schedule=None):
    StateMachineTaskGroup.from_definition(
        "g", written("big"), role_arn=ROLE, input={"size": "{{ dag_run.conf.get('size', 'big') }}"}
    )


MENDABLE = "import boto3, os; boto3.client('s3').head_object(Bucket='models', Key=os.environ['KEY'])"

with DAG("mends", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    first = SageMakerProcessingOperator(task_id="first", config=processing("print('once')"))
    needs = SageMakerProcessingOperator(
        task_id="needs", config=processing(MENDABLE, KEY="mended/{{ run_id | replace(':', '-') }}")
    )
    first >> needs >> SageMakerProcessingOperator(task_id="last", config=processing("print('last')"))


with DAG("goes_on", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    # One branch fails, the other has work left; the last task reads from both.
    once = SageMakerProcessingOperator(task_id="once", config=processing(MESSAGE, SAY="once"))
    weak = SageMakerProcessingOperator(
        task_id="weak", config=processing(MENDABLE, KEY="mended/{{ run_id | replace(':', '-') }}")
    )
    after_weak = SageMakerProcessingOperator(task_id="after_weak", config=processing("print('after')"))
    strong = SageMakerProcessingOperator(task_id="strong", config=processing("import time; time.sleep(4)"))
    after_strong = SageMakerProcessingOperator(
        task_id="after_strong",
        config=processing(MESSAGE, SAY="after {{ ti.xcom_pull('g.once')['Processing']['ExitMessage'] }}"),
    )
    tell = SageMakerProcessingOperator(task_id="tell", config=processing("print('told')"), trigger_rule="all_done")
    end = SageMakerProcessingOperator(
        task_id="end",
        config=processing(MESSAGE, SAY="{{ ti.xcom_pull('g.after_strong')['Processing']['ExitMessage'] }}!"),
    )
    once >> [weak, strong]
    weak >> after_weak >> end
    strong >> after_strong >> end
    [weak, strong] >> tell


with DAG("stops", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE, on_failure="stop"):
    SageMakerProcessingOperator(task_id="weak", config=processing("raise SystemExit(1)"))
    SageMakerProcessingOperator(task_id="strong", config=processing(SLEEP)) >> EmptyOperator(task_id="after_strong")


with DAG("two_sides", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    SageMakerProcessingOperator(task_id="endless", config=processing(SLEEP))
    SageMakerProcessingOperator(task_id="other", config=processing("import time; time.sleep(15)"))
