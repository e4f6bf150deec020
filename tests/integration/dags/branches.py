"""Dags that choose, for the tests on a real Airflow and the embedded AWS."""

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, task

from airflow_sfn_ml import StateMachineTaskGroup
from airflow_sfn_ml.steps import ChoiceRule, SdkStep

ROLE = "arn:aws:iam::123456789012:role/states"


def look(task_id: str) -> SdkStep:
    """A call that takes no time; its answer has the account's number in it."""
    return SdkStep(task_id, "sts", "getCallerIdentity", {})


with DAG("branches", schedule=None, params={"account": "123456789012"}) as branches:
    with StateMachineTaskGroup("g", role_arn=ROLE) as group:
        who = group.step(look("who"))
        own = group.choice(
            "own", {"ours": ChoiceRule.StringEquals(who.result["Account"], "{{ params.account }}")}, default="theirs"
        )
        ours, theirs = group.step(look("ours")), group.step(look("theirs"))
        after_theirs = EmptyOperator(task_id="after_theirs")
        join = group.step(look("join"), trigger_rule="none_failed_min_one_success")
        own >> Label("ours") >> ours >> join
        own >> Label("theirs") >> theirs >> after_theirs >> join

        many = SageMakerConditionOperator(
            task_id="many",
            conditions=[
                {
                    "type": "GreaterThan",
                    "left_value": "{{ ti.xcom_pull(task_ids='g.who')['Account'] }}",
                    "right_value": "{{ params.account }}",
                },
                {"type": "In", "value": "{{ run_id }}", "in_values": ["never"]},
            ],
            if_task_ids=["g.bad"],
            else_task_ids=["g.good", "outside"],
        )
        bad, good = EmptyOperator(task_id="bad"), group.step(look("good"))
        join >> many >> [bad, good]

    @task
    def outside(chosen: Any) -> Any:
        return chosen

    told = outside(many.output)
    not_chosen = EmptyOperator(task_id="not_chosen")
    # Something else comes before it too, so the branch ends on a worker to skip it at once.
    [many, EmptyOperator(task_id="other")] >> not_chosen
    told >> EmptyOperator(task_id="last", trigger_rule="none_failed") << [not_chosen, bad]
