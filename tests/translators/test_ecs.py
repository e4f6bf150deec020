"""ECS in a group: tasks, clusters and task definitions, run on the embedded AWS and compared with the operators."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.ecs import (
    EcsCreateClusterOperator,
    EcsDeleteClusterOperator,
    EcsDeregisterTaskDefinitionOperator,
    EcsRegisterTaskDefinitionOperator,
    EcsRunTaskOperator,
)

from airflow_sfn_ml.history import StateStatus
from airflow_sfn_ml.local.stepfunctions.jsonata import EvaluationError, evaluate
from airflow_sfn_ml.translators.ecs import _outcome
from tests.local.machines import unique
from tests.translators.machines import beside, connected, context, member, refusal, run, states, warned, xcom

CONTAINERS = [{"name": "x", "image": "i", "memory": 10, "dockerLabels": {"aB": "c"}}]
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"}}


@pytest.fixture(scope="module")
def cluster(local_aws: Any) -> str:
    """A cluster with a task definition of the same name."""
    client, name = local_aws.client("ecs"), unique("cluster")
    client.create_cluster(clusterName=name)
    client.register_task_definition(family=name, containerDefinitions=CONTAINERS)
    return name


def request(name: str, **more: Any) -> dict[str, Any]:
    return {"cluster": name, "task_definition": name, "launch_type": "FARGATE", "overrides": {}, **more}


def commands(local_aws: Any, cluster: str) -> list[list[str]]:
    """What the tasks of *cluster* were told to run."""
    client = local_aws.client("ecs")
    tasks = client.describe_tasks(cluster=cluster, tasks=client.list_tasks(cluster=cluster)["taskArns"])["tasks"]
    overrides = [task["overrides"].get("containerOverrides", []) for task in tasks]
    return [item[0]["command"] for item in overrides if item]


# Tasks


def test_a_task_is_waited_for_by_aws():
    state = member(
        EcsRunTaskOperator,
        **request("c"),
        network_configuration=NETWORK,
        platform_version="LATEST",
        group="g",
        propagate_tags="TASK_DEFINITION",
        placement_constraints=[{"type": "distinctInstance"}],
        placement_strategy=[{"type": "random"}],
    )
    assert state["Resource"] == "arn:aws:states:::ecs:runTask.sync"
    assert state["Arguments"] == {
        "Cluster": "c",
        "TaskDefinition": "c",
        "Overrides": {},
        "LaunchType": "FARGATE",
        "PlatformVersion": "LATEST",
        "Group": "g",
        "PlacementConstraints": [{"Type": "distinctInstance"}],
        "PlacementStrategy": [{"Type": "random"}],
        "NetworkConfiguration": {"AwsvpcConfiguration": {"Subnets": ["subnet-1"], "AssignPublicIp": "ENABLED"}},
        "PropagateTags": "TASK_DEFINITION",
    }


@pytest.mark.parametrize("tags", [None, {"a": "b"}])
def test_a_task_runs_and_pushes_nothing_as_the_operator(
    local_aws: Any, cluster: str, tags: Any, monkeypatch: pytest.MonkeyPatch
):
    overrides = {"containerOverrides": [{"name": "x", "command": ["echo", "{{ ds }}"]}]}
    given = {**request(cluster, overrides=overrides), "tags": tags, "waiter_delay": 1}
    assert xcom(local_aws, lambda: EcsRunTaskOperator(task_id="t", **given), context(ds="2026-01-01")) is None
    assert ["echo", "2026-01-01"] in commands(local_aws, cluster)
    with connected(local_aws, monkeypatch):
        assert EcsRunTaskOperator(task_id="t", **given).execute(context()) is None


def test_overrides_may_be_an_xcom_of_an_outside_task(local_aws: Any, cluster: str):
    def build(outside: Any) -> None:
        EcsRunTaskOperator(task_id="t", **request(cluster, overrides=outside), wait_for_completion=False)

    group = beside(build)
    view = run(local_aws, group, context({"outside": {"containerOverrides": [{"name": "x", "command": ["own"]}]}}))
    assert view.state("t").status is StateStatus.SUCCEEDED, view
    assert ["own"] in commands(local_aws, cluster)


def test_a_task_that_is_not_waited_for_only_has_to_start(local_aws: Any, cluster: str):
    state = member(EcsRunTaskOperator, **request("c"), wait_for_completion=False)
    assert state["Resource"] == "arn:aws:states:::ecs:runTask"
    assert "$count($states.result.Failures) > 0 ? $error(" in state["Output"]
    assert (
        xcom(local_aws, lambda: EcsRunTaskOperator(task_id="t", **request(cluster), wait_for_completion=False)) is None
    )


def test_what_the_optimised_integration_does_not_take_goes_through_the_sdk():
    strategy = [{"capacityProvider": "FARGATE_SPOT", "weight": 1}]
    found = states(EcsRunTaskOperator, **request("c"), capacity_provider_strategy=strategy, tags={"a": "{{ ds }}"})
    arguments = found["runTask"]["Arguments"]
    assert found["runTask"]["Resource"] == "arn:aws:states:::aws-sdk:ecs:runTask"
    assert "LaunchType" not in arguments
    assert arguments["CapacityProviderStrategy"] == [{"CapacityProvider": "FARGATE_SPOT", "Weight": 1}]
    assert arguments["StartedBy"] == "airflow"
    assert arguments["Tags"][0]["Key"] == "a"
    assert found["look"]["Arguments"] == {"Cluster": "c", "Tasks": ["{% $p_arn %}"]}
    role = {"taskRoleArn": "arn:aws:iam::123456789012:role/r"}
    assert states(EcsRunTaskOperator, **request("c", overrides=role))["runTask"]["Resource"].endswith(
        "aws-sdk:ecs:runTask"
    )


@pytest.mark.parametrize(
    ("task", "told"),
    [
        ({"Containers": [{"Name": "x", "LastStatus": "STOPPED", "ExitCode": 0}]}, None),
        ({"Containers": []}, None),
        ({"Containers": [{"Name": "x", "LastStatus": "STOPPED", "ExitCode": 3}]}, "the task did not succeed: x (3)"),
        ({"Containers": [{"Name": "x", "LastStatus": "STOPPED"}]}, "the task did not succeed: x (no exit code)"),
        ({"Containers": [{"Name": "x", "LastStatus": "PENDING"}]}, "the task is still pending"),
        (
            {"Containers": [{"Name": "x", "LastStatus": "RUNNING", "Reason": "CannotPullContainerError"}]},
            "a container was not launched: CannotPullContainerError",
        ),
        (
            {"StopCode": "TaskFailedToStart", "StoppedReason": "no room", "Containers": []},
            "the task failed to start: no room",
        ),
        (
            {"StoppedReason": "Host EC2 (instance i-1) terminated.", "Containers": []},
            "the host instance terminated: Host EC2 (instance i-1) terminated.",
        ),
    ],
)
def test_what_became_of_the_containers_is_judged_as_the_operator_does(task: dict[str, Any], told: str | None):
    expression = _outcome("$states.result")
    if told is None:
        assert evaluate(expression, {"states": {"result": task}}) is None
        return
    with pytest.raises(EvaluationError) as caught:
        evaluate(expression, {"states": {"result": task}})
    assert told in str(caught.value)


def test_the_user_is_told_of_the_log_line_that_is_not_pushed():
    told = warned(EcsRunTaskOperator, **request("c"), awslogs_group="g", awslogs_stream_prefix="p", reattach=True)
    assert told == [
        "g.t: awslogs_group: the logs stay in CloudWatch, and their last line is not pushed as XCom",
        "g.t: reattach: not needed: the machine does not lose the task when a worker is lost",
    ]


def test_a_skip_by_exit_code_is_refused():
    told = refusal(EcsRunTaskOperator, **request("c"), skip_on_exit_code=4)
    assert "skip_on_exit_code (a state cannot skip its task; let the container exit with 0)" in told


# Clusters and task definitions


def test_a_cluster_is_made_and_deleted_as_the_operators_do(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    name = unique("cluster")
    settings = {"settings": [{"name": "containerInsights", "value": "enabled"}]}
    made = xcom(
        local_aws, lambda: EcsCreateClusterOperator(task_id="t", cluster_name=name, create_cluster_kwargs=settings)
    )
    with connected(local_aws, monkeypatch):
        theirs = EcsCreateClusterOperator(
            task_id="t", cluster_name=f"{name}-2", create_cluster_kwargs=settings
        ).execute(context())
    assert made.keys() == theirs.keys()
    assert made["settings"] == theirs["settings"] == settings["settings"]
    gone = xcom(local_aws, lambda: EcsDeleteClusterOperator(task_id="t", cluster_name=name, waiter_delay=1))
    assert (gone["clusterName"], gone["status"]) == (name, "INACTIVE")
    assert member(EcsDeleteClusterOperator, cluster_name="c", wait_for_completion=False)["Type"] == "Task"


def test_task_definitions_are_registered_and_deregistered(local_aws: Any, monkeypatch: pytest.MonkeyPatch):
    family = unique("family")
    given = {"family": family, "container_definitions": CONTAINERS, "register_task_kwargs": {"cpu": "256"}}
    arn = xcom(local_aws, lambda: EcsRegisterTaskDefinitionOperator(task_id="t", **given))
    with connected(local_aws, monkeypatch):
        theirs = EcsRegisterTaskDefinitionOperator(task_id="t", **given).execute(context())
    assert arn.rpartition(":")[0] == theirs.rpartition(":")[0]
    described = local_aws.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    assert described["containerDefinitions"][0]["dockerLabels"] == {"aB": "c"}
    assert xcom(local_aws, lambda: EcsDeregisterTaskDefinitionOperator(task_id="t", task_definition=arn)) == arn
