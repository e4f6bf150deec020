"""EKS in a group: clusters, node groups, Fargate profiles."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("airflow.providers.cncf.kubernetes", reason="the operators need the provider of Kubernetes")

from airflow.providers.amazon.aws.operators.eks import (
    EksCreateClusterOperator,
    EksCreateFargateProfileOperator,
    EksCreateNodegroupOperator,
    EksDeleteClusterOperator,
    EksDeleteFargateProfileOperator,
    EksDeleteNodegroupOperator,
    EksPodOperator,
)

from tests.translators.machines import member, refusal, states

ROLE = "arn:aws:iam::123456789012:role/eks"
CLUSTER = {"cluster_name": "c", "cluster_role_arn": ROLE, "resources_vpc_config": {"subnetIds": ["a", "b"]}}


def test_a_cluster_alone_is_one_call():
    state = member(EksCreateClusterOperator, **CLUSTER, compute=None, create_cluster_kwargs={"version": "1.30"})
    assert state["Resource"] == "arn:aws:states:::eks:createCluster"
    assert state["Arguments"] == {
        "Name": "c",
        "RoleArn": ROLE,
        "ResourcesVpcConfig": {"SubnetIds": ["a", "b"]},
        "Version": "1.30",
    }


def test_a_cluster_gets_its_node_group_when_it_is_up():
    found = states(EksCreateClusterOperator, **CLUSTER, nodegroup_role_arn=ROLE)
    assert found["judge"]["Choices"][0]["Next"] == "t: createNodegroup"
    assert found["createNodegroup"]["Arguments"] == {
        "ClusterName": "c",
        "NodegroupName": "nodegroup",
        "Subnets": ["a", "b"],
        "NodeRole": ROLE,
    }
    assert "lookAtCompute" not in found
    waits = states(EksCreateClusterOperator, **CLUSTER, nodegroup_role_arn=ROLE, deferrable=True)
    assert waits["lookAtCompute"]["Arguments"] == {"ClusterName": "c", "NodegroupName": "nodegroup"}


def test_what_does_not_come_up_is_deleted():
    given = {**CLUSTER, "nodegroup_role_arn": ROLE, "wait_for_completion": True, "waiter_max_attempts": 2}
    found = states(EksCreateClusterOperator, **given)
    assert [choice["Next"] for choice in found["judge"]["Choices"][1:]] == ["t: tearDown", "t: tearDown: late"]
    assert found["tearDown"]["Resource"] == "arn:aws:states:::eks:deleteCluster.sync"
    assert (found["tearDown"]["Next"], found["tearDown: late"]["Next"]) == ("t: failed", "t: late")
    assert found["tearDownNodegroup"]["Next"] == "t: lookAtCompute: failed"
    assert "> 60" in found["judge"]["Choices"][2]["Condition"]
    assert "> 120" in found["lookAtCompute: judge"]["Choices"][2]["Condition"]
    assert "tearDownNodegroup" not in states(EksCreateClusterOperator, **given, delete_nodegroup_on_failure=False)


def test_a_cluster_may_get_a_fargate_profile():
    found = states(EksCreateClusterOperator, **CLUSTER, compute="fargate", fargate_pod_execution_role_arn=ROLE)
    assert found["createFargateProfile"]["Arguments"] == {
        "ClusterName": "c",
        "FargateProfileName": "profile",
        "PodExecutionRoleArn": ROLE,
        "Selectors": [{"Namespace": "default"}],
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "nodegroup_role_arn is missing, which compute='nodegroup' needs (give it, or compute=None)"),
        ({"compute": "fargate"}, "fargate_pod_execution_role_arn is missing, which compute='fargate' needs"),
        ({"compute": "vm"}, "compute='vm' (it is nodegroup, fargate or None)"),
        ({"compute": "{{ params.x }}"}, "compute as a template (write out nodegroup, fargate or None)"),
    ],
)
def test_compute_that_cannot_be_is_refused(arguments: dict[str, Any], told: str):
    assert told in refusal(EksCreateClusterOperator, **CLUSTER, **arguments)


def test_node_groups_and_profiles_are_created():
    state = member(EksCreateNodegroupOperator, cluster_name="c", nodegroup_subnets="['a']", nodegroup_role_arn=ROLE)
    assert state["Arguments"]["Subnets"] == ["a"]
    found = states(
        EksCreateFargateProfileOperator,
        cluster_name="c",
        pod_execution_role_arn=ROLE,
        selectors=[{"namespace": "n", "labels": {"aB": "c"}}],
        wait_for_completion=True,
    )
    assert found["createFargateProfile"]["Arguments"]["Selectors"] == [{"Namespace": "n", "Labels": {"aB": "c"}}]
    assert found["lookAtCompute"]["Resource"] == "arn:aws:states:::aws-sdk:eks:describeFargateProfile"


@pytest.mark.parametrize(
    ("operator", "arguments", "operation"),
    [
        (EksDeleteClusterOperator, {}, "deleteCluster"),
        (EksDeleteNodegroupOperator, {"nodegroup_name": "n"}, "deleteNodegroup"),
        (EksDeleteFargateProfileOperator, {"fargate_profile_name": "n"}, "deleteFargateProfile"),
    ],
)
def test_things_are_deleted_when_nothing_of_the_cluster_changes(operator: Any, arguments: Any, operation: str):
    state = member(operator, cluster_name="c", **arguments, wait_for_completion=True, waiter_delay=2)
    assert state["Resource"] == f"arn:aws:states:::eks:{operation}.sync"
    assert "TimeoutSeconds" in state
    assert any("Eks.ResourceInUseException" in retry["ErrorEquals"] for retry in state["Retry"])
    left = member(operator, cluster_name="c", **arguments)
    assert left["Resource"] == f"arn:aws:states:::eks:{operation}"
    assert "TimeoutSeconds" not in left


def test_what_runs_in_a_cluster_is_deleted_before_it_where_that_is_asked():
    found = states(EksDeleteClusterOperator, cluster_name="c", force_delete_compute=True)
    order = ["listNodegroups", "deleteNodegroups", "listFargateProfiles", "deleteFargateProfiles", "deleteCluster"]
    assert [found[name]["Next"] for name in order[:-1]] == [f"t: {name}" for name in order[1:]]
    assert found["deleteCluster"]["Resource"] == "arn:aws:states:::eks:deleteCluster"
    for name, field, concurrency in (
        ("deleteNodegroups", "NodegroupName", 0),
        ("deleteFargateProfiles", "FargateProfileName", 1),
    ):
        (delete,) = found[name]["ItemProcessor"]["States"].values()
        assert delete["Arguments"] == {"ClusterName": "c", field: "{% $states.input %}"}
        assert delete["Resource"].endswith(".sync")
        assert found[name]["MaxConcurrency"] == concurrency


def test_a_pod_is_refused():
    told = refusal(EksPodOperator, cluster_name="c", pod_name="p", image="i")
    assert "EksPodOperator cannot run inside of a state machine: Airflow makes the pod" in told
