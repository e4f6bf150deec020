"""Operators of the Amazon provider for transform jobs, tuning jobs and endpoints, as compiled, on the embedded AWS."""

from __future__ import annotations

import datetime
import json

from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointOperator,
    SageMakerTransformOperator,
    SageMakerTuningOperator,
)
from airflow.sdk import DAG

from airflow_sfn_ml import StateMachineTaskGroup
from tests.local.machines import IMAGE, ROLE, Account, archive, unique
from tests.local.test_transform import DOUBLING, output, transforming
from tests.local.test_tuning import among, config, definition


def test_transform_tuning_and_endpoint_operators_do_their_work_in_a_state_machine(account: Account) -> None:
    name = unique("compiled")
    data = account.put(f"{name}/model.tar.gz", archive({"factor.json": "2", "code/inference.py": DOUBLING}))
    container = {"Image": IMAGE, "ModelDataUrl": data}

    def model(stem: str) -> dict[str, object]:
        return {"ModelName": f"{stem}-{name}", "ExecutionRoleArn": ROLE, "PrimaryContainer": container}

    variant = {"VariantName": "all", "ModelName": f"e-{name}", "InstanceType": "ml.m5.large"}
    dag = DAG("compiled", schedule=None, start_date=datetime.datetime(2026, 1, 1))
    with dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:
        transform = SageMakerTransformOperator(
            task_id="transform",
            config={"Model": model("t"), "Transform": transforming(account, f"t-{name}", name)},
        )
        tune = SageMakerTuningOperator(
            task_id="tune",
            config={
                "HyperParameterTuningJobName": "tune",
                "HyperParameterTuningJobConfig": config("Grid", None, **among("1", "2")),
                "TrainingJobDefinition": definition(account),
            },
        )
        endpoint = SageMakerEndpointOperator(
            task_id="endpoint",
            check_interval=1,
            config={
                "Model": model("e"),
                "EndpointConfig": {
                    "EndpointConfigName": name,
                    "ProductionVariants": [{**variant, "InitialInstanceCount": 1}],
                },
                "Endpoint": {"EndpointName": name, "EndpointConfigName": name},
            },
        )
        transform >> tune >> endpoint
    account.put(f"{name}/in/a.csv", "1\n2\n")
    machine = account.create_definition(json.loads(json.dumps(group.definition)))
    execution = account.start(machine, {"airflow": {}, "params": {}, "done": {}})
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED", described
    assert output(account, name, "a.csv") == b"2.0\n4.0\n"
    results = [
        json.loads(event["taskSucceededEventDetails"]["output"])
        for event in account.events(execution)
        if event["type"] == "TaskSucceeded"
    ]
    (tuned,) = [each for each in results if "HyperParameterTuningJobStatus" in each]
    assert tuned["BestTrainingJob"]["TunedHyperParameters"] == {"x": "2"}
    assert account.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "InService"
