"""EMR: clusters, steps, notebooks."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from typing import Any

from airflow_sfn_ml.asl import Choice, ChoiceRule, Fail, Pass, State, Task
from airflow_sfn_ml.asl.refs import Code, Given
from airflow_sfn_ml.translators.naming import ATTEMPT
from airflow_sfn_ml.translators.phrases import deferred, written
from airflow_sfn_ml.translators.preparations import INTEGER, Preparation, prepared
from airflow_sfn_ml.translators.registry import Translation
from airflow_sfn_ml.translators.table import Call, Row, Until, add, attr, called, finished, looped, waits

_MODULE = "airflow.providers.amazon.aws.operators.emr"
_LINEAGE = "the operator adds it while it runs; put the properties of OpenLineage into the steps"
_ID = Code(("$p_id",))


def _literal(value: Any, start: Any) -> Any:
    """What a rendered file or template says, as the operator reads it."""
    if not isinstance(value, str):
        return value
    try:
        return ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return json.loads(value)


def _read(value: Any) -> Any:
    """*value*, which may be the text of a structure."""
    return value if isinstance(value, (dict, list)) else prepared(value, Preparation(_literal))


# Clusters


def _extra(conn_id: str) -> Preparation:
    """What a connection holds as its extra: nothing where there is no such connection, as upstream."""

    def do(value: Any, start: Any) -> Any:
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            return start.connection(conn_id).extra_dejson
        except AirflowNotFoundException:
            return value

    return Preparation(do, at_start=lambda value: True)


def _job_flow(operator: Any) -> Any:
    """The overrides over what the connection of emr_conn_id holds."""
    overrides = _read(operator.job_flow_overrides or {})
    if not operator.emr_conn_id:
        return overrides
    return Code(("$merge([", Given(prepared({}, _extra(operator.emr_conn_id))), ", ", Given(overrides), "])"))


_CREATES = Call("aws-sdk:emr:runJobFlow", _job_flow, keep={"p_id": "$states.result.JobFlowId"})
_UP = Until(
    Call("aws-sdk:emr:describeCluster", {"ClusterId": _ID}),
    status="$p_seen.Cluster.Status.State",
    done=("WAITING", "RUNNING", "TERMINATED"),
    failed=("TERMINATED_WITH_ERRORS",),
    reason="$p_seen.Cluster.Status.StateChangeReason.Message",
    every="waiter_delay",
    attempts="waiter_max_attempts",
)


def _create(operator: Any) -> Translation:
    """Create the cluster, wait as the policy says, and terminate it where that takes too long."""
    waiting = waits(operator, "wait_for_completion")
    policy = getattr(operator.wait_policy, "value", operator.wait_policy)
    until = replace(_UP, done=("TERMINATED",)) if policy == "wait_for_steps_completion" else _UP
    states = called(_CREATES, operator, "look" if waiting else "done")
    if waiting:
        loop = looped(until, operator, "done")
        states += _terminating(loop) if operator.terminate_job_flow_on_failure else loop
    return Translation(finished(operator, states, "$p_id"))


def _terminating(states: list[State]) -> list[State]:
    """The states of a loop, with the cluster terminated before the loop fails because it took too long."""
    changed: list[State] = []
    for state in states:
        if isinstance(state, Choice):
            rules = (
                ChoiceRule({**rule, "Next": "terminate"}) if rule.next == "late" else rule for rule in state.choices
            )
            state = replace(state, choices=tuple(rules))
        changed.append(state)
    terminate = Task(
        "terminate", resource="aws-sdk:emr:terminateJobFlows", arguments={"JobFlowIds": [_ID]}, next="late"
    )
    return [*changed, terminate]


def _connection_problems(operator: Any) -> list[str]:
    known = operator.emr_conn_id is None or (isinstance(operator.emr_conn_id, str) and written(operator.emr_conn_id))
    return [] if known else ["emr_conn_id as a template (name the connection)"]


# Steps


def _step_ids(operator: Any) -> Any:
    return {"ClusterId": _cluster(operator), "StepIds": Code(("$p_ids",))}


def _cluster(operator: Any) -> Any:
    return Code(("$p_cluster",)) if operator.job_flow_name is not None else operator.job_flow_id


_ADDS = Call(
    "aws-sdk:emr:addJobFlowSteps",
    {
        "JobFlowId": _cluster,
        "Steps": lambda operator: _read(operator.steps),
        "ExecutionRoleArn": attr("execution_role_arn"),
    },
    keep={"p_ids": "[$states.result.StepIds]"},
)
_STEPPED = Until(
    Call("aws-sdk:emr:listSteps", _step_ids),
    status="$join([$p_seen.Steps.Status.State], ', ')",
    done="$count($p_seen.Steps) > 0 and $count($p_seen.Steps[Status.State != 'COMPLETED']) = 0",
    failed="$count($p_seen.Steps[Status.State in ['CANCELLED', 'FAILED', 'INTERRUPTED']]) > 0",
    reason="$p_seen.Steps.Status.FailureDetails",
    every="waiter_delay",
    attempts="waiter_max_attempts",
)


def _add_steps(operator: Any) -> Translation:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    states = _found(operator, "addJobFlowSteps") if operator.job_flow_name is not None else []
    states += called(_ADDS, operator, "look" if waiting else "done")
    if waiting:
        states += looped(_STEPPED, operator, "done")
    return Translation(finished(operator, states, "$p_ids"))


def _found(operator: Any, following: str) -> list[State]:
    """The states that look for the one cluster of a name, page by page."""
    name = operator.job_flow_name
    ids = Code(("[$p_found, $states.result.Clusters[Name = (", Given(name), ")].Id]"))
    request = {"ClusterStates": operator.cluster_states} if operator.cluster_states else {}
    paged = Code(("$merge([", Given(request), ", $p_marker != '' ? {'Marker': $p_marker} : {}])"))
    more: Any = Code(("$p_marker != ''",))
    one: Any = Code(("$count($p_found) = 1",))
    told: Any = Code(("$string($count($p_found)) & ' clusters found for name ' & ", Given(name)))
    return [
        Pass("find", assign={"p_found": [], "p_marker": ""}, next="listClusters"),
        Task(
            "listClusters",
            resource="aws-sdk:emr:listClusters",
            arguments=paged,
            assign={
                "p_found": ids,
                "p_marker": Code(("$exists($states.result.Marker) ? $states.result.Marker : ''",)),
            },
            next="found",
        ),
        Choice(
            "found",
            choices=(
                ChoiceRule.when(more, "listClusters"),
                ChoiceRule.when(one, following, Assign={"p_cluster": Code(("$p_found[0]",))}),
            ),
            default="notFound",
        ),
        Fail("notFound", error="ClusterNotFound", cause=told),
    ]


def _step_problems(operator: Any) -> list[str]:
    waiting = waits(operator, "wait_for_completion", "deferrable")
    if waiting and isinstance(operator.steps, list) and len(operator.steps) > 10:
        return ["waiting for more than ten steps (add them in several tasks)"]
    return []


# Notebooks

_OWN_NAME = re.compile(r"emr_notebook_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def _notebook_name(operator: Any) -> Any:
    """The name; the one that the operator makes up would be another whenever the Dag is parsed."""
    name = operator.notebook_execution_name
    if isinstance(name, str) and _OWN_NAME.fullmatch(name):
        return Code((f"'emr_notebook_' & {ATTEMPT}",))
    return name


def _engine(operator: Any) -> Any:
    return {
        "Id": operator.cluster_id,
        "Type": "EMR",
        "MasterInstanceSecurityGroupId": operator.master_instance_security_group_id or "",
    }


def _notebook(done: tuple[str, ...], which: Any) -> Until:
    return Until(
        Call("aws-sdk:emr:describeNotebookExecution", {"NotebookExecutionId": which}),
        status="$p_seen.NotebookExecution.Status",
        done=done,
        failed=("FAILED",),
        reason="$p_seen.NotebookExecution.LastStateChangeReason",
        every="waiter_delay",
        attempts="waiter_max_attempts",
    )


add(
    Row(
        f"{_MODULE}.EmrCreateJobFlowOperator",
        calls=(_CREATES,),
        until=_UP,
        waits=("wait_for_completion",),
        xcom="the cluster's id",
        check=_connection_problems,
        build=_create,
        note="The extra of emr_conn_id is read by the start task. A cluster that takes too long is terminated, by "
        "terminate_job_flow_on_failure, as upstream.",
    ),
    Row(
        f"{_MODULE}.EmrAddStepsOperator",
        calls=(Call("aws-sdk:emr:listClusters"), _ADDS),
        until=_STEPPED,
        xcom="the ids of the steps (the cluster's id is not pushed under job_flow_id)",
        refused={"openlineage_inject_parent_job_info": _LINEAGE},
        check=_step_problems,
        build=_add_steps,
        note="A cluster that is given by name is looked for when the task runs; it must be one.",
    ),
    Row(
        f"{_MODULE}.EmrTerminateJobFlowOperator",
        calls=(Call("elasticmapreduce:terminateCluster", {"ClusterId": attr("job_flow_id")}, sync=True),),
        waits=("deferrable",),
        seconds=(deferred(),),
        note="It waits only if it is deferrable, as upstream.",
    ),
    Row(
        f"{_MODULE}.EmrModifyClusterOperator",
        calls=(
            Call(
                "aws-sdk:emr:modifyCluster",
                {"ClusterId": attr("cluster_id"), "StepConcurrencyLevel": attr("step_concurrency_level", INTEGER)},
            ),
        ),
        output="$states.result.StepConcurrencyLevel",
        xcom="the level of concurrency (the cluster's id is not pushed under cluster_id)",
    ),
    Row(
        f"{_MODULE}.EmrStartNotebookExecutionOperator",
        calls=(
            Call(
                "aws-sdk:emr:startNotebookExecution",
                {
                    "EditorId": attr("editor_id"),
                    "RelativePath": attr("relative_path"),
                    "NotebookExecutionName": _notebook_name,
                    "NotebookParams": attr("notebook_params", empty=True),
                    "ExecutionEngine": _engine,
                    "ServiceRole": attr("service_role"),
                    "NotebookInstanceSecurityGroupId": attr("notebook_instance_security_group_id", empty=True),
                    "Tags": attr("tags"),
                },
                keep={"p_id": "$states.result.NotebookExecutionId"},
            ),
        ),
        until=_notebook(("RUNNING", "FINISHED"), _ID),
        output="$p_id",
        xcom="the id of the notebook's execution",
    ),
    Row(
        f"{_MODULE}.EmrStopNotebookExecutionOperator",
        calls=(Call("aws-sdk:emr:stopNotebookExecution", {"NotebookExecutionId": attr("notebook_execution_id")}),),
        until=_notebook(("STOPPED", "FINISHED"), attr("notebook_execution_id")),
    ),
)
