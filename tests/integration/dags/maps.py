"""Groups with mapped tasks, for a real Airflow and the embedded AWS."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerProcessingOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, task, task_group

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.asl import Pass
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.translators import Translation, translates

ROLE = "arn:aws:iam::123456789012:role/states"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3"
CODE = """
import boto3, os
s = os.environ['SAY']
if s == 'bad':
    raise ValueError('no such column: ' + s)
if '/' in s:
    boto3.client('s3').head_object(Bucket='models', Key=s)
open('/opt/ml/output/message', 'w').write(s)
"""


def saying(say: str) -> dict[str, Any]:
    """A processing job that leaves *say* as its exit message, and fails for 'bad', and for a key that is not there."""
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": IMAGE, "ContainerEntrypoint": ["python3", "-c", f"exec({CODE!r})"]},
        "Environment": {"SAY": say},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}
        },
    }


class Give(BaseOperator):
    """Gives a value that it was given: a task of the group whose output is a list."""

    template_fields = ("value",)

    def __init__(self, *, value: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value = value


@translates(f"{__name__}.Give")
def give(operator: Any) -> Translation:
    """A Pass with the value."""
    return Translation(Procedure(operator.label, (Pass("only", output=operator.value),)))


def partial(task_id: str, **kwargs: Any) -> Any:
    """A mapped processing job."""
    return SageMakerProcessingOperator.partial(task_id=task_id, **kwargs)


with DAG("maps", schedule=None):

    @task
    def configs() -> list[dict[str, Any]]:
        return [saying("outside 0"), saying("outside 1")]

    @task
    def nothing() -> list[dict[str, Any]]:
        return []

    given, empty = configs(), nothing()
    with StateMachineTaskGroup("g", role_arn=ROLE, distributed_maps=["apart"]):
        literal = partial("literal").expand(config=[saying("{{ ti.map_index }} of {{ run_id }}") for _ in range(3)])
        outside = partial("outside", max_active_tis_per_dagrun=1).expand(config=given)
        listed = Give(task_id="listed", value=[saying("listed 0"), saying("listed 1")])
        member = partial("member").expand(config=listed.output)
        partial("apart").expand(config=[saying("apart 0"), saying("apart 1")])
        none = partial("none").expand(config=empty)
        none >> EmptyOperator(task_id="after_none")

    @task
    def say(done: dict[str, Any]) -> str:
        return str(done["Processing"]["ExitMessage"])

    @task
    def collect(documents: list[dict[str, Any]]) -> list[str]:
        return [document["Processing"]["ExitMessage"] for document in documents]

    say.expand(done=literal.output)
    collect(member.output)


with DAG("maps_fail", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    some = partial("some").expand(config=[saying("first"), saying("bad"), saying("last")])
    some >> SageMakerProcessingOperator(task_id="after", config=saying("never"))
    SageMakerProcessingOperator(task_id="beside", config=saying("beside"))


with DAG("maps_mend", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):
    key = "mended/{{ run_id | replace(':', '-') }}"
    items = partial("items").expand(config=[saying("first"), saying(key), saying("last")])
    pulled = "ti.xcom_pull('g.items')[{}]['Processing']['ExitMessage']"
    told = " ".join(f"{{{{ {pulled.format(index)} }}}}" for index in (0, 2))
    items >> SageMakerProcessingOperator(task_id="after", config=saying(told))


with DAG("maps_group", schedule=None), StateMachineTaskGroup("g", role_arn=ROLE):

    @task_group
    def each(say: Any) -> None:
        """Two jobs for each item, the second of which says what the first has said."""
        first = SageMakerProcessingOperator(task_id="first", config=saying(say))
        heard = "{{ ti.xcom_pull('g.each.first')['Processing']['ExitMessage'] }}"
        first >> SageMakerProcessingOperator(task_id="second", config=saying(f"again {heard}"))

    each.expand(say=["one", "bad"]) >> EmptyOperator(task_id="after")
