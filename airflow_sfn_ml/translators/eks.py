"""EKS: clusters, node groups, Fargate profiles."""

from __future__ import annotations

from ast import literal_eval
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Map, Retry, State, StateMachine, Task
from airflow_sfn_ml.asl.refs import Code
from airflow_sfn_ml.translators.phrases import field_of, polling, written
from airflow_sfn_ml.translators.preparations import Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, waits

_MODULE = "airflow.providers.amazon.aws.operators.eks"
_BUSY = (
    Retry(
        error_equals=("EKS.ResourceInUseException", "Eks.ResourceInUseException"),
        interval_seconds=2,
        max_attempts=18,
        backoff_rate=2,
        max_delay_seconds=60,
    ),
)
"""Something of the same cluster is being changed: a deletion waits for it, as upstream."""


def _subnets(value: Any, start: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return literal_eval(value) if value else []
    except ValueError:
        return []


_SUBNETS = Preparation(_subnets)
_CLUSTER = {"name": attr("cluster_name")}
_OF_CLUSTER = {"clusterName": attr("cluster_name")}


# Clusters

_CREATES_CLUSTER = Call(
    "eks:createCluster",
    {
        **_CLUSTER,
        "roleArn": attr("cluster_role_arn"),
        "resourcesVpcConfig": attr("resources_vpc_config", empty=True),
    },
    more="create_cluster_kwargs",
)
_CLUSTER_UP = Until(
    Call("aws-sdk:eks:describeCluster", _CLUSTER),
    status="$p_seen.Cluster.Status",
    done=("ACTIVE",),
    failed=("DELETING", "FAILED"),
    every="waiter_delay",
    attempts="waiter_max_attempts",
)
_CLUSTER_GONE = Call("eks:deleteCluster.sync", _CLUSTER, name="tearDown")


def _vpc_subnets(operator: Any) -> Any:
    found = field_of(operator.resources_vpc_config, "subnetIds")
    return [] if found is None else found


def _nodegroup(operator: Any, subnets: Any) -> Call:
    return Call(
        "eks:createNodegroup",
        {
            **_OF_CLUSTER,
            "nodegroupName": attr("nodegroup_name"),
            "subnets": lambda operator: subnets,
            "nodeRole": attr("nodegroup_role_arn"),
        },
        more="create_nodegroup_kwargs",
    )


def _fargate(role: str, selectors: str) -> Call:
    return Call(
        "eks:createFargateProfile",
        {
            **_OF_CLUSTER,
            "fargateProfileName": attr("fargate_profile_name"),
            "podExecutionRoleArn": attr(role),
            "selectors": attr(selectors, empty=True),
        },
        more="create_fargate_profile_kwargs",
    )


_NODEGROUP_UP = Until(
    Call("aws-sdk:eks:describeNodegroup", {**_OF_CLUSTER, "nodegroupName": attr("nodegroup_name")}),
    status="$p_seen.Nodegroup.Status",
    done=("ACTIVE",),
    failed=("CREATE_FAILED",),
    reason="$p_seen.Nodegroup.Health.Issues.Message",
    every="waiter_delay",
    attempts="waiter_max_attempts",
)
_NODEGROUP_GONE = Call(
    "eks:deleteNodegroup",
    {**_OF_CLUSTER, "nodegroupName": attr("nodegroup_name")},
    name="tearDownNodegroup",
    retry=_BUSY,
)
_FARGATE_UP = Until(
    Call("aws-sdk:eks:describeFargateProfile", {**_OF_CLUSTER, "fargateProfileName": attr("fargate_profile_name")}),
    status="$p_seen.FargateProfile.Status",
    done=("ACTIVE",),
    failed=("CREATE_FAILED",),
    every="waiter_delay",
    attempts="waiter_max_attempts",
)


def _torn_down(states: list[State], call: Call, operator: Any, prefix: str = "") -> list[State]:
    """The states of a loop, with *call* made before it fails."""
    failed, late = f"{prefix}failed", f"{prefix}late"
    turned = {failed: call.short, late: f"{call.short}: late"}
    changed: list[State] = []
    for state in states:
        if isinstance(state, Choice):
            rules = (ChoiceRule({**rule, "Next": turned.get(str(rule.next), rule.next)}) for rule in state.choices)
            state = replace(state, choices=tuple(rules))
        changed.append(state)
    for name, following in ((call.short, failed), (f"{call.short}: late", late)):
        task = called(call, operator, following)[0]
        if any(state.name == following for state in states):
            changed.append(replace(task, name=name))
    return changed


def _create_cluster(operator: Any) -> Translation:
    """The cluster, then what runs in it; a cluster or a node group that does not come up is deleted."""
    compute = operator.compute
    waiting = waits(operator, "wait_for_completion", "deferrable")
    if not compute and not waiting:
        return Translation(finished(operator, called(_CREATES_CLUSTER, operator, "done"), None))
    states = called(_CREATES_CLUSTER, operator, "look")
    following = {"nodegroup": "createNodegroup", "fargate": "createFargateProfile"}.get(compute, "done")
    states += _torn_down(looped(_CLUSTER_UP, operator, following), _CLUSTER_GONE, operator)
    if compute == "nodegroup":
        states += _computed(operator, _nodegroup(operator, _vpc_subnets(operator)), _after(_NODEGROUP_UP), waiting)
    elif compute == "fargate":
        profile = _fargate("fargate_pod_execution_role_arn", "fargate_selectors")
        states += _computed(operator, profile, _after(_FARGATE_UP), waiting)
    return Translation(finished(operator, states, None))


def _after(until: Until) -> Until:
    """The second of two loops: its limit counts from the beginning of the task, too."""
    return replace(until, attempts=lambda operator: 2 * int(operator.waiter_max_attempts))


def _computed(operator: Any, call: Call, until: Until, waiting: bool) -> list[State]:
    states = called(call, operator, "lookAtCompute" if waiting else "done")
    if not waiting:
        return states
    loop = looped(until, operator, "done", name="lookAtCompute")
    if until.look == _NODEGROUP_UP.look and operator.delete_nodegroup_on_failure:
        loop = _torn_down(loop, _NODEGROUP_GONE, operator, "lookAtCompute: ")
    return [*states, *loop]


def _cluster_problems(operator: Any) -> list[str]:
    compute = operator.compute
    if compute is not None and (not isinstance(compute, str) or not written(compute)):
        return ["compute as a template (write out nodegroup, fargate or None)"]
    if compute not in (None, "", "nodegroup", "fargate"):
        return [f"compute={compute!r} (it is nodegroup, fargate or None)"]
    needed = {"nodegroup": "nodegroup_role_arn", "fargate": "fargate_pod_execution_role_arn"}.get(compute or "")
    if needed and not getattr(operator, needed):
        return [f"{needed} is missing, which compute={compute!r} needs (give it, or compute=None)"]
    return []


def _create_nodegroup(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    call = _nodegroup(operator, prepared(operator.nodegroup_subnets, _SUBNETS))
    return Translation(finished(operator, _computed(operator, call, _NODEGROUP_UP, waiting), None))


def _create_profile(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    call = _fargate("pod_execution_role_arn", "selectors")
    return Translation(finished(operator, _computed(operator, call, _FARGATE_UP, waiting), None))


def _deletes(name: str, call: Call) -> Row:
    return Row(f"{_MODULE}.{name}", calls=(replace(call, sync=True, retry=_BUSY),), seconds=(_deleted,))


_DELETES_CLUSTER = Call("eks:deleteCluster", _CLUSTER, sync=True, retry=_BUSY)


def _delete_cluster(operator: Any) -> Translation:
    """Delete the cluster, by force_delete_compute after what runs in it."""
    waiting = waits(operator, "wait_for_completion", "deferrable")
    forced = waits(operator, "force_delete_compute")
    states = _emptied(operator) if forced else []
    states += called(_DELETES_CLUSTER, operator, "done", waiting=waiting, limit=_deleted(operator))
    return Translation(finished(operator, states, None))


def _emptied(operator: Any) -> list[State]:
    """Delete all node groups, side by side, and then the Fargate profiles, one after another, as EKS wants it."""
    groups = Call("aws-sdk:eks:listNodegroups", _OF_CLUSTER, keep={"p_groups": "[$states.result.Nodegroups]"})
    profiles = Call(
        "aws-sdk:eks:listFargateProfiles", _OF_CLUSTER, keep={"p_profiles": "[$states.result.FargateProfileNames]"}
    )
    return [
        *called(groups, operator, "deleteNodegroups"),
        _each(operator, "deleteNodegroups", "$p_groups", "NodegroupName", "listFargateProfiles", 0),
        *called(profiles, operator, "deleteFargateProfiles"),
        _each(operator, "deleteFargateProfiles", "$p_profiles", "FargateProfileName", "deleteCluster", 1),
    ]


def _each(operator: Any, name: str, items: str, field: str, following: str, concurrency: int) -> State:
    operation = name.removesuffix("s")
    delete = Task(
        operation,
        resource=f"eks:{operation}.sync",
        arguments={"ClusterName": operator.cluster_name, field: Code(("$states.input",))},
        retry=_BUSY,
    )
    machine = StateMachine(operation, (delete,))
    return Map(name, items=Code((items,)), item_processor=machine, max_concurrency=concurrency, next=following)


def _deleted(operator: Any) -> int | None:
    """The limit of waiting, where it waits."""
    return polling()(operator) if waits(operator, "wait_for_completion", "deferrable") else None


add(
    Row(
        f"{_MODULE}.EksCreateClusterOperator",
        calls=(
            _CREATES_CLUSTER,
            Call("eks:createNodegroup"),
            Call("eks:createFargateProfile"),
            _CLUSTER_GONE,
            _NODEGROUP_GONE,
        ),
        until=_CLUSTER_UP,
        check=_cluster_problems,
        build=_create_cluster,
        note="What does not come up is deleted, as upstream: the cluster, and the node group by "
        "delete_nodegroup_on_failure.",
    ),
    Row(
        f"{_MODULE}.EksCreateNodegroupOperator",
        calls=(Call("eks:createNodegroup"), _NODEGROUP_GONE),
        until=_NODEGROUP_UP,
        build=_create_nodegroup,
        note="A node group that does not come up is deleted, by delete_nodegroup_on_failure, as upstream.",
    ),
    Row(
        f"{_MODULE}.EksCreateFargateProfileOperator",
        calls=(Call("eks:createFargateProfile"),),
        until=_FARGATE_UP,
        build=_create_profile,
    ),
    Row(
        f"{_MODULE}.EksDeleteClusterOperator",
        calls=(
            Call("aws-sdk:eks:listNodegroups"),
            Call("eks:deleteNodegroup", sync=True),
            Call("aws-sdk:eks:listFargateProfiles"),
            Call("eks:deleteFargateProfile", sync=True),
            _DELETES_CLUSTER,
        ),
        build=_delete_cluster,
        note="With force_delete_compute all node groups and Fargate profiles (up to a hundred of each) are deleted "
        "before.",
    ),
    _deletes(
        "EksDeleteNodegroupOperator",
        Call("eks:deleteNodegroup", {**_OF_CLUSTER, "nodegroupName": attr("nodegroup_name")}),
    ),
    _deletes(
        "EksDeleteFargateProfileOperator",
        Call("eks:deleteFargateProfile", {**_OF_CLUSTER, "fargateProfileName": attr("fargate_profile_name")}),
    ),
)
