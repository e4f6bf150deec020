"""Folding histories."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_sfn_ml.history import StateStatus, reduce
from airflow_sfn_ml.history.reduce import HANDLERS
from tests.history.record import ARN, BEGIN
from tests.history.simulate import Simulation

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "histories.jsonl"


def in_pages(events, random):
    """The view after *events*, read in pages of random size."""
    view, position = None, 0
    while position < len(events):
        size = random.randint(1, 6)
        view = reduce(events[position : position + size], view)
        position += size
    return view


def statuses(view):
    return {name: str(state.status) for name, state in view.states.items()}


# Against what AWS recorded


def recorded():
    return [json.loads(line) for line in CORPUS.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_recorded_histories_reduce_to_what_aws_recorded():
    for case in recorded():
        view = reduce(case["events"])
        entered = [event["stateEnteredEventDetails"] for event in case["events"] if "stateEnteredEventDetails" in event]
        assert set(view.states) == {details["name"] for details in entered}, case["name"]
        assert view.status == case["final_status"], case["name"]
        assert bool(view.failed_states) == (view.status == "FAILED"), case["name"]
        assert not [state for state in view.states.values() if state.status.is_open], case["name"]
        last = max(case["events"], key=lambda event: event["id"])
        if last["type"] == "ExecutionSucceeded":
            assert view.output == json.loads(last["executionSucceededEventDetails"]["output"]), case["name"]
        if last["type"] == "ExecutionFailed":
            assert view.error == last["executionFailedEventDetails"].get("error"), case["name"]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_recorded_histories_give_the_same_in_pages_and_reversed():
    random = Random(7)
    for case in recorded():
        whole = reduce(case["events"])
        assert reduce(reversed(case["events"])) == whole, case["name"]
        assert in_pages(sorted(case["events"], key=lambda event: event["id"]), random) == whole, case["name"]


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
def test_a_recorded_exit_is_shown_with_its_output():
    for case in recorded():
        exits = [event["stateExitedEventDetails"] for event in case["events"] if "stateExitedEventDetails" in event]
        view = reduce(case["events"])
        for details in {
            details["name"]: details for details in sorted(exits, key=lambda details: details["name"])
        }.values():
            state = view.state(details["name"])
            outputs = [other["output"] for other in exits if other["name"] == details["name"]]
            assert state.output_text in [*outputs, None], case["name"]
            assert state.status not in (StateStatus.RUNNING, StateStatus.NOT_ENTERED), case["name"]


# Against executions whose every fate is known


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_every_state_has_the_fate_it_was_given(seed):
    simulation = Simulation(seed)
    view = reduce(simulation.record.events)
    assert statuses(view) == simulation.fates
    assert view.status == simulation.status
    assert view.failed_states == simulation.failed
    assert {name: state.entered_count for name, state in view.states.items()} == simulation.counts


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_folding_page_by_page_gives_the_same_as_all_at_once(seed):
    events = Simulation(seed).record.events
    assert in_pages(events, Random(seed)) == reduce(events)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**9))
def test_no_fate_is_told_before_it_is_decided(seed):
    """What a partial history calls ended ends the same way in the whole one, unless the state is entered again."""
    simulation = Simulation(seed)
    events = simulation.record.events
    whole = reduce(events)
    for length in range(1, len(events)):
        part = reduce(events[:length])
        for name, state in part.states.items():
            if not state.status.is_open and state.entered_count == whole.state(name).entered_count:
                assert state.status == whole.state(name).status


@settings(deadline=None)
@given(st.integers(0, 10**9))
def test_a_redrive_opens_what_was_stopped_and_nothing_else(seed):
    simulation = Simulation(seed)
    simulation.record.add("ExecutionRedriven", redriveCount=1)
    view = reduce(simulation.record.events)
    for name, fate in simulation.fates.items():
        opened = fate in ("failed", "aborted", "timed_out") and name not in simulation.closed
        assert view.state(name).status.is_open == opened
        assert opened or view.state(name).status == fate
    assert in_pages(simulation.record.events, Random(seed)) == view


# One fact each


def test_every_type_of_event_is_known(botocore_event_types):
    assert botocore_event_types - set(HANDLERS) == set()


@pytest.fixture(scope="module")
def botocore_event_types():
    from botocore.loaders import Loader

    return set(Loader().load_service_model("stepfunctions", "service-2")["shapes"]["HistoryEventType"]["enum"])


def test_nothing_read_yet_is_a_running_execution_without_states():
    view = reduce([])
    assert (view.status, view.states, view.last_event_id) == ("RUNNING", {}, 0)
    assert view.state("train").status is StateStatus.NOT_ENTERED


def test_a_running_task_shows_the_job_it_started(record):
    record.task("train")
    view = reduce(record.events)
    state = view.state("train")
    assert (state.status, state.job, state.job_arn) == (StateStatus.RUNNING, "job-0", ARN + "job-0")
    attempt = state.attempts[0]
    assert (attempt.resource_type, attempt.resource, attempt.region) == (
        "sagemaker",
        "createTrainingJob.sync",
        "eu-west-1",
    )
    assert (attempt.scheduled, attempt.started) == (BEGIN + timedelta(seconds=3), BEGIN + timedelta(seconds=4))
    assert view.version_arn == "arn:version:3"


def test_the_name_in_the_request_is_shown_before_the_job_has_an_arn(record):
    record.task("train")
    state = reduce(record.events[:-1]).state("train")
    assert (state.job, state.job_arn) == ("job-0", None)


def test_a_succeeded_task_has_times_and_output(record):
    record.task("train")
    record.succeed("train")
    record.add("ExecutionSucceeded", output='{"ok":true}')
    view = reduce(record.events)
    state = view.state("train")
    assert (state.status, state.output) == (StateStatus.SUCCEEDED, {"ok": True})
    assert (state.entered, state.exited) == (BEGIN + timedelta(seconds=2), BEGIN + timedelta(seconds=7))
    assert state.attempts[0].status is StateStatus.SUCCEEDED
    assert (view.status, view.output, view.stopped) == ("SUCCEEDED", {"ok": True}, BEGIN + timedelta(seconds=8))


def test_a_failed_attempt_is_no_failure_until_something_decides_so(record):
    record.task("train")
    failed = record.fail()
    state = reduce(record.events).state("train")
    assert (state.status, state.error) == (StateStatus.RETRYING, "States.TaskFailed")
    record.attempt(failed, job="job-1")
    state = reduce(record.events).state("train")
    assert (state.status, state.error, state.job) == (StateStatus.RETRYING, None, "job-1")
    assert [attempt.status for attempt in state.attempts] == [StateStatus.FAILED, StateStatus.RUNNING]
    record.succeed("train")
    state = reduce(record.events).state("train")
    assert (state.status, state.error, len(state.attempts)) == (StateStatus.SUCCEEDED, None, 2)


def test_a_failure_ends_the_execution_and_is_named(record):
    record.task("train")
    record.fail()
    record.add("ExecutionFailed", error="States.TaskFailed", cause="boom")
    view = reduce(record.events)
    state = view.state("train")
    assert (view.status, view.error, view.failed_states) == ("FAILED", "States.TaskFailed", ("train",))
    assert (state.status, state.exited) == (StateStatus.FAILED, BEGIN + timedelta(seconds=6))


def test_a_caught_failure_is_not_the_execution_s(record):
    record.task("train")
    record.fail()
    record.add("TaskStateExited", name="train", output='{"Error":"States.TaskFailed"}')
    record.add("FailStateEntered", name="TheEnd", input="{}")
    record.add("ExecutionFailed", error="Airflow.Failed", cause="train")
    view = reduce(record.events)
    assert statuses(view) == {"train": "caught", "TheEnd": "failed"}
    assert view.failed_states == ("TheEnd",)
    assert view.state("train").error == "States.TaskFailed"
    assert view.state("TheEnd").error == "Airflow.Failed"


def test_a_task_that_took_too_long_timed_out(record):
    record.task("train")
    record.add("TaskTimedOut", error="States.Timeout", resourceType="sagemaker")
    record.add("ExecutionFailed", error="States.Timeout")
    view = reduce(record.events)
    state = view.state("train")
    assert (state.status, state.error, view.failed_states) == (StateStatus.TIMED_OUT, "States.Timeout", ("train",))
    assert state.attempts[0].status is StateStatus.TIMED_OUT


def test_a_failed_branch_stops_its_siblings(record):
    record.add("ParallelStateEntered", 0, name="both", input="{}")
    started = record.add("ParallelStateStarted")
    left = record.task("left", started)
    right = record.task("right", started)
    failed = record.fail(left)
    record.add("TaskStateAborted", right)
    record.add("TaskStateAborted", failed)
    record.add("ParallelStateFailed", failed)
    record.add("ExecutionFailed", error="States.TaskFailed", cause="boom")
    view = reduce(record.events)
    assert statuses(view) == {"both": "failed", "left": "failed", "right": "aborted"}
    assert view.failed_states == ("left",)
    assert view.state("left").parent == "both"
    assert view.state("right").attempts[0].status is StateStatus.ABORTED


def test_siblings_are_stopped_even_where_no_event_says_so(record):
    record.add("ParallelStateEntered", 0, name="both", input="{}")
    started = record.add("ParallelStateStarted")
    record.task("right", started)
    record.task("left", started)
    record.fail()
    record.add("ParallelStateFailed")
    assert statuses(reduce(record.events)) == {"both": "retrying", "left": "retrying", "right": "running"}
    record.add("ParallelStateExited", name="both", output="{}")
    assert statuses(reduce(record.events)) == {"both": "caught", "left": "failed", "right": "aborted"}
    record.add("ExecutionSucceeded", output="{}")
    assert reduce(record.events).failed_states == ()


def test_a_stopped_execution_stops_what_was_running(record):
    record.task("train")
    record.add("ExecutionAborted", 0, error="Airflow.TaskMarkedFailed", cause="by hand")
    view = reduce(record.events)
    assert (view.status, view.error) == ("ABORTED", "Airflow.TaskMarkedFailed")
    assert (view.state("train").status, view.failed_states) == (StateStatus.ABORTED, ())


def test_the_machine_s_own_time_limit_times_out_what_was_running(record):
    record.task("train")
    record.add("ExecutionTimedOut", 0)
    view = reduce(record.events)
    assert (view.status, view.state("train").status) == ("TIMED_OUT", StateStatus.TIMED_OUT)


def test_an_expression_that_fails_is_found_by_the_event_that_its_cause_names(record):
    record.add("PassStateEntered", 0, name="first", input="{}")
    record.add("PassStateExited", name="first", output="{}")
    record.add("PassStateEntered", name="second", input="{}")
    cause = "An error occurred while executing the state 'second' (entered at the event id #4). It returned nothing."
    record.add(
        "EvaluationFailed", 3, error="States.QueryEvaluationError", cause=cause, state="second", location="Output"
    )
    record.add("ExecutionFailed", error="States.QueryEvaluationError", cause=cause)
    view = reduce(record.events)
    assert statuses(view) == {"first": "succeeded", "second": "failed"}
    assert view.failed_states == ("second",)
    assert view.state("second").error == "States.QueryEvaluationError"


# Redrive


@pytest.mark.parametrize("chained", [True, False], ids=["after the failure", "after the redrive"])
def test_a_redrive_runs_again_what_failed_and_what_was_stopped(record, chained):
    record.add("ParallelStateEntered", 0, name="both", input="{}")
    started = record.add("ParallelStateStarted")
    left = record.task("left", started, job="left-abc-0-0")
    right = record.task("right", started, job="right-def-0-0")
    failed = record.fail(left)
    parallel = record.add("ParallelStateFailed", failed)
    record.add("ExecutionFailed", parallel, error="States.TaskFailed", cause="boom")
    redriven = record.add("ExecutionRedriven", redriveCount=1)
    view = reduce(record.events)
    assert (view.status, view.redrive_count, view.failed_states, view.stopped) == ("RUNNING", 1, (), None)
    assert statuses(view) == {"both": "retrying", "left": "retrying", "right": "retrying"}

    again = record.attempt(right if chained else redriven, job="right-def-1-0")
    record.succeed("right", again)
    again = record.attempt(failed if chained else redriven, job="left-abc-1-0")
    exited = record.succeed("left", again)
    record.add("ParallelStateSucceeded", exited)
    record.add("ParallelStateExited", name="both", output="[1,2]")
    record.add("ExecutionSucceeded", output="[1,2]")
    view = reduce(record.events)
    assert statuses(view) == {"both": "succeeded", "left": "succeeded", "right": "succeeded"}
    assert [(attempt.job, attempt.redrive_count) for attempt in view.state("left").attempts] == [
        ("left-abc-0-0", 0),
        ("left-abc-1-0", 1),
    ]
    assert in_pages(record.events, Random(1)) == view


def test_nested_branches_may_be_started_again_by_a_redrive(record):
    outer = record.add("ParallelStateEntered", 0, name="outer", input="{}")
    inner = record.add("ParallelStateEntered", record.add("ParallelStateStarted"), name="inner", input="{}")
    task = record.task("train", record.add("ParallelStateStarted"), job="train-0")
    failed = record.fail(task)
    for redrive in (1, 2):
        record.add("ParallelStateFailed", record.add("ParallelStateFailed", failed))
        record.add("ExecutionFailed", error="States.TaskFailed")
        record.add("ExecutionRedriven", redriveCount=redrive)
        assert set(statuses(reduce(record.events)).values()) == {"retrying"}
        record.add("ParallelStateStarted", outer)
        record.add("ParallelStateStarted", inner)
        again = record.attempt(failed, job=f"train-{redrive}")
        assert set(statuses(reduce(record.events)).values()) == {"retrying"}
        failed = record.fail(again) if redrive == 1 else failed
    for name, succeeded in (("inner", record.succeed("train", again)), ("outer", None)):
        record.add("ParallelStateSucceeded", *([succeeded] if succeeded else []))
        record.add("ParallelStateExited", name=name, output="[1]")
    record.add("ExecutionSucceeded", output="[1]")
    view = reduce(record.events)
    assert statuses(view) == {"outer": "succeeded", "inner": "succeeded", "train": "succeeded"}
    for name in ("outer", "inner", "train"):
        assert [each.redrive_count for each in view.state(name).attempts] == [0, 1, 2]
    assert in_pages(record.events, Random(3)) == view


def test_a_redriven_state_may_be_entered_again(record):
    record.task("train")
    record.fail()
    record.add("ExecutionFailed", error="States.TaskFailed")
    record.add("ExecutionRedriven", redriveCount=1)
    record.task("train", job="job-1")
    state = reduce(record.events).state("train")
    assert (state.status, state.entered_count, state.outcomes) == (StateStatus.RETRYING, 2, {StateStatus.RETRYING: 1})
    record.succeed("train")
    record.add("ExecutionSucceeded", output="{}")
    view = reduce(record.events)
    assert (view.state("train").status, view.state("train").outcomes) == (
        StateStatus.SUCCEEDED,
        {StateStatus.SUCCEEDED: 1},
    )
    assert [attempt.job for attempt in view.state("train").attempts] == ["job-0", "job-1"]


def test_what_exited_before_a_redrive_stays(record):
    record.task("first")
    record.succeed("first")
    record.task("second")
    record.fail()
    record.add("ExecutionFailed", error="States.TaskFailed")
    record.add("ExecutionRedriven", redriveCount=1)
    assert statuses(reduce(record.events)) == {"first": "succeeded", "second": "retrying"}


# Map


def test_a_map_counts_its_iterations(record):
    record.add("MapStateEntered", 0, name="all", input="[1,2,3]")
    started = record.add("MapStateStarted", length=3)
    ends = []
    for index in range(3):
        begun = record.add("MapIterationStarted", started, name="all", index=index)
        ends.append(record.task("each", begun, job=f"job-{index}"))
    record.succeed("each", ends[0])
    record.add("MapIterationSucceeded", name="all", index=0)
    view = reduce(record.events)
    assert view.state("all").length == 3
    assert view.state("all").iterations == {StateStatus.RUNNING: 2, StateStatus.SUCCEEDED: 1}
    each = view.state("each")
    assert (each.status, each.entered_count) == (StateStatus.RUNNING, 3)
    assert each.outcomes == {StateStatus.RUNNING: 2, StateStatus.SUCCEEDED: 1}

    failed = record.fail(ends[1])
    record.add("MapIterationFailed", failed, name="all", index=1)
    record.add("MapIterationAborted", ends[2], name="all", index=2)
    record.add("MapStateFailed", failed)
    record.add("ExecutionFailed", error="States.TaskFailed")
    view = reduce(record.events)
    one_each = {StateStatus.SUCCEEDED: 1, StateStatus.FAILED: 1, StateStatus.ABORTED: 1}
    assert view.state("all").iterations == one_each
    assert view.state("each").outcomes == one_each
    assert (view.state("each").status, view.failed_states) == (StateStatus.FAILED, ("each",))
    assert in_pages(record.events, Random(2)) == view


def test_a_map_that_is_retried_begins_from_nothing(record):
    record.add("MapStateEntered", 0, name="all", input="[1]")
    record.add("MapStateStarted", length=1)
    record.add("MapIterationStarted", name="all", index=0)
    entered = record.add("FailStateEntered", name="each", input="1")
    record.add("MapIterationFailed", name="all", index=0)
    record.add("MapStateStarted", entered, length=1)
    view = reduce(record.events)
    assert (view.state("all").status, view.state("all").iterations) == (StateStatus.RETRYING, {})
    assert [attempt.status for attempt in view.state("all").attempts] == [StateStatus.FAILED, StateStatus.RUNNING]


def test_a_redriven_map_counts_an_iteration_once(record):
    record.add("MapStateEntered", 0, name="all", input="[1]")
    started = record.add("MapStateStarted", length=1)
    record.task("each", record.add("MapIterationStarted", name="all", index=0))
    failed = record.fail()
    record.add("MapIterationFailed", name="all", index=0)
    record.add("MapStateFailed", failed)
    record.add("ExecutionFailed", error="States.TaskFailed")
    record.add("ExecutionRedriven", redriveCount=1)
    record.task("each", record.add("MapIterationStarted", started, name="all", index=0))
    view = reduce(record.events)
    assert view.state("all").iterations == {StateStatus.RUNNING: 1}
    assert view.state("each").status is StateStatus.RUNNING
    assert sum(view.state("each").outcomes.values()) == 2


def test_a_distributed_map_tells_its_map_run(record):
    record.add("MapStateEntered", 0, name="all", input="[]")
    record.add("MapStateStarted", length=0)
    record.add("MapRunStarted", mapRunArn="arn:run")
    record.add("MapRunFailed", error="States.ItemReaderFailed", cause="no such key")
    record.add("MapStateFailed")
    record.add("ExecutionFailed", error="States.ItemReaderFailed", cause="no such key")
    view = reduce(record.events)
    state = view.state("all")
    assert (state.map_run_arn, state.status, state.error) == ("arn:run", StateStatus.FAILED, "States.ItemReaderFailed")
    assert view.failed_states == ("all",)


# Parts of histories


def test_a_history_without_execution_data_has_everything_but_the_data(record):
    record.task("train")
    record.succeed("train")
    record.add("ExecutionSucceeded", output="{}")
    data = ("input", "output", "parameters")
    bare = [
        {
            key: {k: v for k, v in value.items() if k not in data} if isinstance(value, dict) else value
            for key, value in event.items()
        }
        for event in record.events
    ]
    view = reduce(bare)
    assert (view.status, view.input, view.output) == ("SUCCEEDED", None, None)
    assert (view.state("train").status, view.state("train").output, view.state("train").job) == (
        StateStatus.SUCCEEDED,
        None,
        None,
    )


def test_the_last_page_alone_is_no_error(record):
    record.task("first")
    record.succeed("first")
    record.task("second")
    record.succeed("second")
    record.add("ExecutionSucceeded", output="{}")
    view = reduce(record.events[7:])
    assert (view.status, statuses(view)) == ("SUCCEEDED", {"second": "succeeded"})


def test_events_that_were_seen_are_passed_over(record):
    record.task("train")
    view = reduce(record.events)
    assert reduce(record.events, view) == view


def test_a_status_that_leaves_no_event_is_handed_in(record):
    record.task("train")
    view = reduce(record.events).with_status("PENDING_REDRIVE")
    assert view.status == "PENDING_REDRIVE"
    assert reduce([], view) == view


def test_a_view_survives_pickling(record):
    record.task("train")
    record.fail()
    view = reduce(record.events)
    copy = pickle.loads(pickle.dumps(view))
    assert copy == view
    record.attempt()
    assert reduce(record.events, copy) == reduce(record.events)


def test_a_fold_leaves_the_view_that_it_goes_on_from_alone(record):
    record.task("train")
    view = reduce(record.events)
    before = pickle.loads(pickle.dumps(view))
    record.succeed("train")
    reduce(record.events, view)
    assert view == before
