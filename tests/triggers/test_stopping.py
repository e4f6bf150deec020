"""What runs for one task, and the call that stops it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest

from airflow_sfn_ml.deploy.place import Place
from airflow_sfn_ml.deploy.stops import STOPS, stop_grants, stop_of
from airflow_sfn_ml.history import Attempt, ExecutionView, StateStatus, StateView, reduce
from airflow_sfn_ml.triggers.stopping import GONE, Scope, left_jobs, order, run_order, running_jobs
from tests.triggers.scripted import STARTED, entered, events

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m:3"
REQUEST = {"JobName": "clean", "Cluster": "main", "StateMachineArn": MACHINE}


def view(**states: StateView) -> ExecutionView:
    return ExecutionView(states={state.name: state for state in states.values()})


def at_work(name: str, parent: str | None = None, *, status: StateStatus = StateStatus.RUNNING) -> StateView:
    attempt = Attempt(1, resource_type="sagemaker", resource="createTrainingJob.sync", job=f"{name}-job")
    return StateView(name, status, type="Task", parent=parent, attempts=(attempt,))


def test_only_the_jobs_of_the_task_itself_are_found():
    seen = view(a=at_work("a"), b=at_work("b"), within=at_work("a: call", "a"))
    assert [job.name for job in running_jobs(seen, "a")] == ["a-job", "a: call-job"]


def test_what_has_ended_is_not_stopped():
    assert list(running_jobs(view(a=at_work("a", status=StateStatus.SUCCEEDED)), "a")) == []


@pytest.mark.parametrize("integration", STOPS)
def test_the_call_is_one_of_the_services_and_takes_these_arguments(integration):
    stop = STOPS[integration]
    client = boto3.client(stop.service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    prefix = stop.action.partition(":")[0]
    assert prefix == {"stepfunctions": "states"}.get(stop.service, stop.service)
    for call in (stop, stop.look):
        operation = client.meta.method_to_api_mapping[call.method]
        assert call.action == f"{prefix}:{operation}"
        shape = client.meta.service_model.operation_model(operation).input_shape
        given = set(call.arguments("job", REQUEST))
        assert set(shape.required_members) <= given <= set(shape.members)


@pytest.mark.parametrize("integration", STOPS)
def test_what_tells_whether_a_job_is_at_work_is_in_the_services_answer(integration):
    look = STOPS[integration].look
    client = boto3.client(
        STOPS[integration].service, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    operation = client.meta.method_to_api_mapping[look.method]
    shape = client.meta.service_model.operation_model(operation).output_shape
    for key in look.status:
        shape = shape.member if isinstance(key, int) else shape.members[key]
    known = set(shape.enum) or {"RUNNING"}  # ECS tells its states as text
    assert look.at_work <= known
    assert not look.is_at_work({})


@pytest.mark.parametrize(
    ("task", "run", "survives", "scope"),
    [
        ("failed", "running", False, Scope.EXECUTION),
        ("failed", "running", True, Scope.JOB),
        ("failed", "failed", True, Scope.EXECUTION),
        ("skipped", "failed", True, Scope.EXECUTION),
        (GONE, GONE, True, Scope.EXECUTION),
        (GONE, "running", True, Scope.JOB),
        (GONE, "running", False, Scope.EXECUTION),
        ("success", "running", False, Scope.NOTHING),
        ("success", "success", False, Scope.NOTHING),
        ("success", "failed", False, Scope.NOTHING),
        ("skipped", "running", False, Scope.NOTHING),
        ("deferred", "running", False, Scope.NOTHING),
        ("deferred", "failed", False, Scope.NOTHING),
        ("removed", "running", False, Scope.NOTHING),
        (None, "queued", False, Scope.NOTHING),
    ],
)
def test_what_stops_depends_on_what_became_of_task_and_run(task, run, survives, scope):
    assert order(task, run, survives=survives).scope is scope


def test_a_mark_is_told_by_the_same_name_whether_the_scheduler_has_ended_the_run_yet_or_not():
    running, ended = (order("failed", run, survives=False) for run in ("running", "failed"))
    assert running.error == ended.error == "Airflow.TaskMarkedFailed"
    assert order("failed", "failed", survives=True).error == "Airflow.DagRunFailed"
    assert run_order("failed").error == "Airflow.DagRunFailed"
    assert run_order("running").scope is run_order("success").scope is Scope.NOTHING


def test_a_task_that_waits_for_the_others_stops_nothing_when_it_is_marked_but_everything_stops_with_its_run():
    assert order("failed", "running", survives=False, waits=True).scope is Scope.NOTHING
    assert order("failed", "failed", survives=False, waits=True).scope is Scope.EXECUTION


def test_jobs_that_nobody_waits_for_any_more_are_those_of_states_that_were_cut():
    done = at_work("done", status=StateStatus.SUCCEEDED)
    late = at_work("late", status=StateStatus.CAUGHT)
    late = replace(late, attempts=(replace(late.attempts[0], status=StateStatus.TIMED_OUT),))
    seen = view(a=at_work("a", status=StateStatus.ABORTED), done=done, late=late)
    assert [job.name for job in left_jobs(seen)] == ["a-job", "late-job"]
    assert [job.name for job in left_jobs(seen, "late")] == ["late-job"]


def test_a_job_that_was_started_and_not_waited_for_is_left_alone():
    attempt = Attempt(1, resource_type="sagemaker", resource="createTrainingJob", job="a-job")
    assert list(left_jobs(view(a=StateView("a", StateStatus.ABORTED, attempts=(attempt,))))) == []


def test_the_job_of_each_iteration_is_found():
    view = reduce(iterations(2))
    assert [job.name for job in running_jobs(view, "fit")] == ["job-0", "job-1"]
    assert [job.name for job in running_jobs(view.within("fit", 1), "fit: each")] == ["job-1"]


def iterations(count: int) -> list[dict[str, Any]]:
    """A Map of which each iteration waits for a job."""
    told = events(
        STARTED,
        ("MapStateEntered", {"stateEnteredEventDetails": {"name": "fit", "input": "[]"}}),
        ("MapStateStarted", {"mapStateStartedEventDetails": {"length": count}}),
    )
    begun = told[-1]["id"]
    for index in range(count):
        request = {"resourceType": "sagemaker", "resource": "createTrainingJob.sync", "region": "us-east-1"}
        request["parameters"] = json.dumps({"TrainingJobName": f"job-{index}"})
        steps = [
            ("MapIterationStarted", {"mapIterationStartedEventDetails": {"name": "fit", "index": index}}),
            entered("fit: each"),
            ("TaskScheduled", {"taskScheduledEventDetails": request}),
        ]
        for event in events(*steps):
            previous = begun if event["type"] == "MapIterationStarted" else told[-1]["id"]
            told.append({**event, "id": len(told) + 1, "previousEventId": previous})
    return told


def test_a_call_that_is_not_waited_for_needs_no_permission_to_stop():
    place = Place("aws", "eu-west-1", "123456789012", "m")
    resources = [
        "arn:aws:states:::batch:submitJob.sync",
        "arn:aws:states:::glue:startJobRun",
        "arn:aws:states:::sns:publish",
    ]
    assert stop_grants(resources, place) == [
        ("batch:DescribeJobs", "*"),
        ("batch:TerminateJob", "arn:aws:batch:eu-west-1:123456789012:job/*"),
    ]
    assert stop_of("sns:publish") is None
