"""What runs for one task, and the call that stops it."""

from __future__ import annotations

import boto3
import pytest

from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.stops import STOPS, stop_grants, stop_of
from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus, StateView
from airflow_sfn_ml.triggers.stopping import running_jobs

REQUEST = {"JobName": "clean", "Cluster": "main"}


def view(**states: StateView) -> ExecutionView:
    return ExecutionView(states={state.name: state for state in states.values()})


def at_work(name: str, parent: str | None = None, *, status: StateStatus = StateStatus.RUNNING) -> StateView:
    attempt = Attempt(1, resource_type="sagemaker", resource="createTrainingJob.sync", job=f"{name}-job")
    return StateView(name, status, type="Task", parent=parent, attempts=(attempt,))


def test_only_the_jobs_of_the_task_itself_are_found():
    seen = view(a=at_work("a"), b=at_work("b"), within=at_work("a: call", "a"))
    assert [attempt.job for attempt, _, _ in running_jobs(seen, "a")] == ["a-job", "a: call-job"]


def test_what_has_ended_is_not_stopped():
    assert list(running_jobs(view(a=at_work("a", status=StateStatus.SUCCEEDED)), "a")) == []


@pytest.mark.parametrize("integration", STOPS)
def test_the_call_is_one_of_the_services_and_takes_these_arguments(integration):
    stop = STOPS[integration]
    client = boto3.client(stop.service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    operation = client.meta.method_to_api_mapping[stop.method]
    assert stop.action == f"{stop.service}:{operation}"
    shape = client.meta.service_model.operation_model(operation).input_shape
    given = set(stop.arguments("job", REQUEST))
    assert set(shape.required_members) <= given <= set(shape.members)


def test_a_call_that_is_not_waited_for_needs_no_permission_to_stop():
    place = Place("aws", "eu-west-1", "123456789012", "m")
    resources = [
        "arn:aws:states:::batch:submitJob.sync",
        "arn:aws:states:::glue:startJobRun",
        "arn:aws:states:::sns:publish",
    ]
    assert stop_grants(resources, place) == [("batch:TerminateJob", "arn:aws:batch:eu-west-1:123456789012:job/*")]
    assert stop_of("sns:publish") is None
