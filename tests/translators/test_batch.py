"""Batch in a group: jobs and compute environments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.batch import BatchCreateComputeEnvironmentOperator, BatchOperator

from tests.translators.machines import beside, checked, context, member, refusal, rendered, states, warned

JOB = {"job_name": "j", "job_definition": "d:1", "job_queue": "q"}


def test_a_job_is_waited_for_by_aws_and_pushes_its_id():
    state = member(
        BatchOperator,
        **JOB,
        container_overrides={
            "command": ["{{ ds }}"],
            "environment": [{"name": "aB", "value": "x"}],
            "resourceRequirements": [{"type": "VCPU", "value": "1"}],
        },
        array_properties={"size": 2},
        parameters={"camelCase": "{{ ds }}"},
        tags={"aTag": "b"},
        retry_strategy={"attempts": 2},
        submit_job_timeout=60,
    )
    assert state["Resource"] == "arn:aws:states:::batch:submitJob.sync"
    arguments = state["Arguments"]
    assert arguments["ContainerOverrides"]["Environment"] == [{"Name": "aB", "Value": "x"}]
    assert arguments["ContainerOverrides"]["ResourceRequirements"] == [{"Type": "VCPU", "Value": "1"}]
    assert arguments["ArrayProperties"] == {"Size": 2}
    assert list(arguments["Parameters"]) == ["camelCase"]
    assert arguments["Tags"] == {"aTag": "b"}
    assert arguments["RetryStrategy"] == {"Attempts": 2}
    assert arguments["Timeout"] == {"AttemptDurationSeconds": 60}
    assert "$states.result.Status in ['SUCCEEDED'] ? $states.result.JobId : $error(" in state["Output"]


def test_a_job_that_is_not_waited_for_is_a_plain_call():
    state = member(BatchOperator, **JOB, wait_for_completion=False)
    assert state["Resource"] == "arn:aws:states:::batch:submitJob"
    assert state["Output"] == "{% $states.result.JobId %}"


def test_a_deferrable_job_has_upstreams_limit():
    state = member(BatchOperator, **JOB, wait_for_completion=False, deferrable=True, max_retries=10, poll_interval=6)
    assert state["Resource"].endswith("submitJob.sync")
    assert state["TimeoutSeconds"] == 60
    assert "TimeoutSeconds" not in member(BatchOperator, **JOB, max_retries=10)


@pytest.mark.parametrize(
    "more",
    [
        {"ecs_properties_override": {"taskProperties": [{"containers": [{"name": "c"}]}]}},
        {"eks_properties_override": {"podProperties": {"containers": [{"name": "c"}]}}},
        {"node_overrides": {"numNodes": 2}},
        {"share_identifier": "s"},
        {"scheduling_priority_override": 3},
    ],
)
def test_what_the_optimised_integration_does_not_take_goes_through_the_sdk(more: dict[str, Any]):
    found = states(BatchOperator, **JOB, **more)
    assert found["submitJob"]["Resource"] == "arn:aws:states:::aws-sdk:batch:submitJob"
    assert len(found["submitJob"]["Arguments"]) == 4
    assert found["look"]["Arguments"] == {"Jobs": ["{% $p_id %}"]}
    assert found["done"]["Output"] == "{% $p_id %}"


def test_overrides_that_are_an_xcom_are_spelled_by_the_start_task():
    group = beside(lambda outside: BatchOperator(task_id="t", **JOB, container_overrides=outside))
    checked(group)
    told = rendered(group, context({"outside": {"environment": [{"name": "aB", "value": "x"}]}}))
    assert list(told["t"].values()) == [{"Environment": [{"Name": "aB", "Value": "x"}]}]


def test_the_logs_are_not_printed_and_the_user_is_told():
    assert warned(BatchOperator, **JOB, awslogs_enabled=True) == [
        "g.t: awslogs_enabled: the logs of the job are in CloudWatch, not in the task's log"
    ]


def test_waiters_of_the_users_own_are_refused():
    told = refusal(BatchOperator, **JOB, waiters=SimpleNamespace())
    assert "waiters (Step Functions waits for the job; leave it out)" in told


def test_a_compute_environment_is_waited_for_only_if_deferrable():
    given = {
        "compute_environment_name": "e",
        "environment_type": "UNMANAGED",
        "state": "ENABLED",
        "compute_resources": {"type": "EC2", "minvCpus": 0, "maxvCpus": 4, "subnets": ["s"], "tags": {"aB": "c"}},
        "unmanaged_v_cpus": 4,
        "service_role": "r",
    }
    state = member(BatchCreateComputeEnvironmentOperator, **given)
    assert state["Resource"] == "arn:aws:states:::aws-sdk:batch:createComputeEnvironment"
    assert state["Arguments"]["UnmanagedvCpus"] == 4
    assert state["Arguments"]["ComputeResources"]["MaxvCpus"] == 4
    assert state["Arguments"]["ComputeResources"]["Tags"] == {"aB": "c"}
    found = states(BatchCreateComputeEnvironmentOperator, **given, deferrable=True, poll_interval=5)
    assert found["look"]["Arguments"] == {"ComputeEnvironments": ["{% $p_arn %}"]}
    assert found["wait"]["Seconds"] == 5
    assert found["done"]["Output"] == "{% $p_arn %}"
