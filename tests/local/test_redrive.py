"""RedriveExecution: what runs again, what does not, and what the history tells of it at every moment."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from airflow_sfn_ml.history import ExecutionView, StateStatus, reduce
from tests.local.machines import PROCESSING, Account, python, unique

NAME = (
    "{%% '%s-' & $string($states.context.Execution.RedriveCount) & '-' & $string($states.context.State.RetryCount) %%}"
)
RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "BackoffRate": 1, "MaxAttempts": 1}
TERMINAL = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


def way(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of a state, which ends its machine or branch unless they say what comes next."""
    return fields if "Next" in fields else {**fields, "End": True}


def job(name: str, code: str, **fields: Any) -> dict[str, Any]:
    """A state that runs a job whose name tells the redrive and the retry."""
    return {"Type": "Task", "Resource": PROCESSING, "Arguments": python(NAME % name, code), **way(fields)}


def fails_once(account: Account) -> str:
    """The code of a job that fails when it runs for the first time."""
    key = unique("once")
    return (
        "import boto3, sys; s3 = boto3.client('s3'); "
        f"first = not s3.list_objects_v2(Bucket='{account.bucket}', Prefix='{key}')['KeyCount']; "
        f"s3.put_object(Bucket='{account.bucket}', Key='{key}', Body=b''); sys.exit(int(first))"
    )


def slow(name: str) -> dict[str, Any]:
    """A state whose job takes a minute, and no time after a redrive."""
    state = job(name, "import os, time; time.sleep(60 * (os.environ['REDRIVE'] == '0'))", Output="late")
    state["Arguments"]["Environment"] = {"REDRIVE": "{% $string($states.context.Execution.RedriveCount) %}"}
    return state


def gate(account: Account, key: Any, **fields: Any) -> dict[str, Any]:
    """A task that fails as long as there is no object with that key."""
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:headObject",
        "Arguments": {"Bucket": account.bucket, "Key": key},
        "Output": "through",
        **way(fields),
    }


def give(value: Any, **fields: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Output": value, **way(fields)}


def branch(**states: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": next(iter(states)), "States": states}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def redrive(account: Account, execution: str, **more: Any) -> Any:
    return account.sfn.redrive_execution(executionArn=execution, **more)["redriveDate"]


def entered(account: Account, execution: str) -> list[str]:
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in account.events(execution)
        if "stateEnteredEventDetails" in event
    ]


def moments(events: list[dict[str, Any]]) -> list[ExecutionView]:
    """The view after each event: folded event by event, as it is folded at once; a redrive opens what was not left."""
    view: ExecutionView | None = None
    views: list[ExecutionView] = []
    inside: Counter[str] = Counter()
    for count, event in enumerate(events, 1):
        view = reduce([event], view)
        assert view == reduce(events[:count])
        for key, step in (("stateEnteredEventDetails", 1), ("stateExitedEventDetails", -1)):
            inside.update({event[key]["name"]: step} if key in event else {})
        if event["type"] == "ExecutionRedriven":
            assert {name for name, state in view.states.items() if state.status.is_open} == set(+inside)
        if event["type"] in TERMINAL:
            assert not [name for name, state in view.states.items() if state.status.is_open]
        assert (view.status == "RUNNING") == (event["type"] not in TERMINAL)
        views.append(view)
    return views


def succeeded(account: Account, execution: str) -> ExecutionView:
    """The last view of an execution that ends well, in which everything ended well."""
    described = account.finish(execution)
    assert described["status"] == "SUCCEEDED", described
    view = moments(account.events(execution))[-1]
    assert {state.status for state in view.states.values()} == {StateStatus.SUCCEEDED}
    return view


def test_a_chain_goes_on_at_the_job_that_failed(account: Account) -> None:
    first, second = unique("first"), unique("second")
    machine = account.create(
        {
            "One": job(first, "print('once')", Output=1, Next="Two"),
            "Two": job(second, fails_once(account)),
        }
    )
    execution = account.start(machine, {"a": 1})
    assert account.finish(execution)["status"] == "FAILED"
    account.sfn.update_state_machine(stateMachineArn=machine, definition=json.dumps(branch(Other=give(1))))
    redrive(account, execution)

    seen: list[ExecutionView] = []
    while not seen or seen[-1].status == "RUNNING":
        seen.append(reduce(account.events(execution), seen[-1] if seen else None))
        assert seen[-1].state("One").status is StateStatus.SUCCEEDED
        time.sleep(0.02)
    assert {view.state("Two").status for view in seen[:-1]} == {StateStatus.RETRYING}
    view = succeeded(account, execution)
    assert view == reduce(account.events(execution))
    assert entered(account, execution) == ["One", "Two"]
    assert [(each.job, each.status, each.redrive_count) for each in view.state("Two").attempts] == [
        (f"{second}-0-0", StateStatus.FAILED, 0),
        (f"{second}-1-0", StateStatus.SUCCEEDED, 1),
    ]
    assert [each.job for each in view.state("One").attempts] == [f"{first}-0-0"]
    types = account.types(execution)
    assert types[types.index("ExecutionFailed") :] == [
        "ExecutionFailed",
        "ExecutionRedriven",
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
        "TaskStateExited",
        "ExecutionSucceeded",
    ]


def test_a_redrive_is_described_and_listed(account: Account) -> None:
    machine = account.create({"F": {"Type": "Fail", "Error": "Mine"}})
    execution = account.start(machine)
    failed = account.finish(execution)
    assert "redriveDate" not in failed
    date = redrive(account, execution)
    again = account.finish(execution)
    assert (again["redriveCount"], again["redriveDate"]) == (1, date)
    assert (again["startDate"], again["error"]) == (failed["startDate"], "Mine")
    assert again["stopDate"] >= date > failed["stopDate"]
    (listed,) = account.sfn.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert (listed["redriveCount"], listed["redriveDate"], listed["status"]) == (1, date, "FAILED")
    (event,) = [event for event in account.events(execution) if event["type"] == "ExecutionRedriven"]
    assert event["executionRedrivenEventDetails"] == {"redriveCount": 1}


def test_what_runs_or_has_succeeded_is_not_redriven(account: Account) -> None:
    fine = account.start(account.create({"P": give(1)}))
    account.finish(fine)
    running = account.start(account.create({"W": {"Type": "Wait", "Seconds": 60, "End": True}}))
    for execution, status in ((fine, "SUCCEEDED"), (running, "RUNNING")):
        with pytest.raises(ClientError) as refused:
            redrive(account, execution)
        assert refused.value.response["Error"] == {
            "Code": "ExecutionNotRedrivable",
            "Message": f"Execution is {status} and cannot be redriven",
        }
        described = account.sfn.describe_execution(executionArn=execution)
        assert (described["redriveStatus"], described["redriveCount"]) == ("NOT_REDRIVABLE", 0)
        assert described["redriveStatusReason"] == f"Execution is {status} and cannot be redriven"
    account.sfn.stop_execution(executionArn=running)
    with pytest.raises(ClientError) as refused:
        redrive(account, f"{fine}-not")
    assert refused.value.response["Error"]["Code"] == "ExecutionDoesNotExist"


def test_a_token_redrives_once(account: Account) -> None:
    execution = account.start(account.create({"F": {"Type": "Fail"}}))
    account.finish(execution)
    date = redrive(account, execution, clientToken="a")
    account.finish(execution)
    assert redrive(account, execution, clientToken="a") == date
    assert account.finish(execution)["redriveCount"] == 1
    assert redrive(account, execution, clientToken="b") > date
    assert account.finish(execution)["redriveCount"] == 2
    with pytest.raises(ClientError, match="Member must have length less"):
        redrive(account, execution, clientToken="x" * 65)


def test_only_the_branches_that_did_not_end_run_again(account: Account) -> None:
    key, done, stopped = unique("gate"), unique("done"), unique("stopped")
    branches = [
        branch(Done=job(done, "print('once')", Output="done")),
        branch(
            Hold=gate(account, f"{key}-hold", Next="Gate", Retry=[{**RETRY, "MaxAttempts": 99}]),
            Gate=gate(account, key),
        ),
        branch(Stopped=slow(stopped)),
    ]
    machine = account.create({"All": {"Type": "Parallel", "Branches": branches, "End": True}})
    execution = account.start(machine)
    until(lambda: account.types(execution).count("TaskStateExited") == 1)
    account.put(f"{key}-hold", "")
    assert account.finish(execution)["status"] == "FAILED"
    assert account.finish_job(f"{stopped}-0-0")["ProcessingJobStatus"] == "Stopped"
    account.put(key, "")
    redrive(account, execution)
    view = succeeded(account, execution)
    assert view.output == ["done", "through", "late"]
    assert sorted(entered(account, execution)) == ["All", "Done", "Gate", "Hold", "Stopped"]
    jobs = {name: [each.job for each in view.state(name).attempts] for name in ("Done", "Stopped")}
    assert jobs == {"Done": [f"{done}-0-0"], "Stopped": [f"{stopped}-0-0", f"{stopped}-1-0"]}
    assert [each.status for each in view.state("Gate").attempts] == [StateStatus.FAILED, StateStatus.SUCCEEDED]


def test_nested_branches_keep_their_results(account: Account) -> None:
    key = unique("gate")
    inner = {
        "Type": "Parallel",
        "Branches": [branch(Left=give("left")), branch(Pause=pause("Right"), Right=gate(account, key))],
        "End": True,
    }
    outer = {"Type": "Parallel", "Branches": [branch(Inner=inner), branch(Beside=give("beside"))], "Next": "Last"}
    machine = account.create({"Outer": outer, "Last": give({"got": "{% $states.input %}"})})
    execution = account.start(machine)
    assert account.finish(execution)["status"] == "FAILED"
    redrive(account, execution)
    assert account.finish(execution)["status"] == "FAILED"
    account.put(key, "")
    redrive(account, execution)
    view = succeeded(account, execution)
    assert view.output == {"got": [["left", "through"], "beside"]}
    assert sorted(entered(account, execution)) == ["Beside", "Inner", "Last", "Left", "Outer", "Pause", "Right"]
    assert [each.redrive_count for each in view.state("Right").attempts] == [0, 1, 2]
    assert view.redrive_count == 2


def pause(following: str) -> dict[str, Any]:
    """A moment in which the branches beside come to their ends."""
    return {"Type": "Wait", "Seconds": 1, "Next": following}


def test_only_the_items_that_did_not_end_run_again(account: Account) -> None:
    key = unique("gate")
    item = branch(
        Pause={"Type": "Wait", "Seconds": "{% $states.context.Map.Item.Index = 1 ? 1 : 0 %}", "Next": "Each"},
        Each=gate(account, "{% $states.input %}", Output="{% [$states.context.Map.Item.Index, $states.input] %}"),
    )
    keys = [f"{key}-{index}" for index in range(4)]
    each = {"Type": "Map", "Items": keys, "MaxConcurrency": 2, "ItemProcessor": item, "End": True}
    for index in (0, 2):
        account.put(keys[index], "")
    execution = account.start(account.create({"M": each}))
    assert account.finish(execution)["status"] == "FAILED"
    failed = moments(account.events(execution))[-1].state("M").iterations
    assert failed[StateStatus.FAILED] >= 1
    finished = failed.get(StateStatus.SUCCEEDED, 0)
    for index in (1, 3):
        account.put(keys[index], "")
    redrive(account, execution)
    view = succeeded(account, execution)
    assert view.output == [[index, keys[index]] for index in range(4)]
    assert view.state("M").iterations == {StateStatus.SUCCEEDED: 4}
    assert entered(account, execution).count("Each") == 4
    assert account.types(execution).count("MapIterationStarted") == 4
    assert account.types(execution).count("MapIterationSucceeded") == 4
    assert finished >= 1


def test_a_stopped_execution_goes_on(account: Account) -> None:
    name = unique("stopped")
    state = slow(name)
    each = {"Type": "Map", "Items": [7], "ItemProcessor": branch(Work=state), "End": True}
    nested = {"Type": "Parallel", "Branches": [branch(Each=each), branch(Side=give("side"))], "End": True}
    execution = account.start(account.create({"Nested": nested}))
    until(
        lambda: account.types(execution).count("TaskSubmitted") == 1 and "PassStateExited" in account.types(execution)
    )
    account.sfn.stop_execution(executionArn=execution, error="Mine", cause="enough")
    described = account.sfn.describe_execution(executionArn=execution)
    assert (described["status"], described["redriveStatus"]) == ("ABORTED", "REDRIVABLE")
    redrive(account, execution)
    view = succeeded(account, execution)
    assert view.output == [["late"], "side"]
    assert [each.job for each in view.state("Work").attempts] == [f"{name}-0-0", f"{name}-1-0"]
    assert "error" not in account.sfn.describe_execution(executionArn=execution)


def test_a_timed_out_execution_has_all_its_time_again(account: Account) -> None:
    waits = {
        "Long": {"Type": "Wait", "Seconds": "{% $states.context.Execution.RedriveCount = 0 ? 60 : 1 %}", "Next": "P"},
        "P": give("{% $states.context.Execution.RedriveTime > $states.context.Execution.StartTime %}"),
    }
    execution = account.start(account.create(waits, TimeoutSeconds=2))
    assert account.finish(execution)["status"] == "TIMED_OUT"
    redrive(account, execution)
    assert succeeded(account, execution).output is True
    assert entered(account, execution) == ["Long", "P"]


def test_what_the_run_before_still_does_leaves_no_trace(account: Account) -> None:
    inner = account.create({"W": {"Type": "Wait", "Seconds": 2, "End": True}})
    nested = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": inner, "Input": {}},
        "TimeoutSeconds": 1,
        "End": True,
    }
    execution = account.start(account.create({"Nested": nested}))
    assert account.finish(execution)["error"] == "States.Timeout"
    redrive(account, execution)
    assert account.finish(execution)["error"] == "States.Timeout"
    types = account.types(execution)
    again = types[types.index("ExecutionRedriven") + 1 :]
    assert again[: again.index("ExecutionFailed")] == ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut"]


def test_a_wait_for_a_time_in_the_past_falls_through(account: Account) -> None:
    machine = account.create({"W": {"Type": "Wait", "Timestamp": "{% $states.input.when %}", "End": True}})
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    execution = account.start(machine, {"when": when})
    account.sfn.stop_execution(executionArn=execution)
    time.sleep(3)
    redrive(account, execution)
    began = time.monotonic()
    succeeded(account, execution)
    assert time.monotonic() - began < 2


def test_variables_survive(account: Account) -> None:
    key = unique("gate")
    inside = branch(
        Inner=give("{% $states.input %}", Assign={"inner": "{% $outer + 1 %}"}, Next="Gate"),
        Gate=gate(account, key, Output="{% [$outer, $inner, $states.input] %}"),
    )
    machine = account.create(
        {
            "Set": {"Type": "Pass", "Assign": {"outer": 1}, "Output": "in", "Next": "Both"},
            "Both": {"Type": "Parallel", "Branches": [inside], "Assign": {"late": 3}, "Next": "Last"},
            "Last": give({"outer": "{% $outer %}", "late": "{% $late %}", "both": "{% $states.input %}"}),
        }
    )
    execution = account.start(machine)
    assert account.finish(execution)["status"] == "FAILED"
    account.put(key, "")
    redrive(account, execution)
    assert succeeded(account, execution).output == {"outer": 1, "late": 3, "both": [[1, 2, "in"]]}


def test_retries_are_counted_anew(account: Account) -> None:
    execution = account.start(account.create({"Gate": gate(account, unique("never"), Retry=[RETRY])}))
    account.finish(execution)
    redrive(account, execution)
    assert account.finish(execution)["status"] == "FAILED"
    view = moments(account.events(execution))[-1]
    assert [each.redrive_count for each in view.state("Gate").attempts] == [0, 0, 1, 1]


def test_a_retry_after_a_redrive_runs_all_branches(account: Account) -> None:
    key = unique("gate")
    both = {
        "Type": "Parallel",
        "Branches": [branch(Beside=give(1)), branch(Pause=pause("Gate"), Gate=gate(account, key))],
        "Retry": [RETRY],
        "End": True,
    }
    execution = account.start(account.create({"Both": both}))
    account.finish(execution)
    redrive(account, execution)
    account.finish(execution)
    assert entered(account, execution).count("Beside") == 3
    moments(account.events(execution))


def test_what_is_too_large_runs_again_as_a_whole(account: Account) -> None:
    half = "{% $states.context.Execution.RedriveCount = 0 ? $pad('', 150000, 'x') : 'small' %}"
    both = {"Type": "Parallel", "Branches": [branch(A=give(half)), branch(B=give(half))], "End": True}
    execution = account.start(account.create({"Both": both}))
    assert account.finish(execution)["error"] == "States.DataLimitExceeded"
    redrive(account, execution)
    assert succeeded(account, execution).output == ["small", "small"]
    assert sorted(entered(account, execution)) == ["A", "A", "B", "B", "Both"]


def test_a_choice_is_made_again_and_a_fail_fails_again(account: Account) -> None:
    choice = {
        "Type": "Choice",
        "Choices": [{"Condition": "{% $states.context.Execution.RedriveCount > 0 %}", "Next": "Failing"}],
    }
    execution = account.start(account.create({"Pick": choice, "Failing": {"Type": "Fail", "Error": "Mine"}}))
    assert account.finish(execution)["status"] == "FAILED"
    for _ in range(2):
        redrive(account, execution)
        assert account.finish(execution)["error"] == "Mine"
    assert entered(account, execution) == ["Pick", "Failing", "Failing"]
    view = moments(account.events(execution))[-1]
    assert (view.state("Pick").status, view.state("Failing").outcomes) == (
        StateStatus.SUCCEEDED,
        {StateStatus.FAILED: 1},
    )


def test_a_redrive_is_an_event_on_the_default_bus(account: Account) -> None:
    name = unique("redriven")
    queue, events = account.aws.client("sqs"), account.aws.client("events")
    url = queue.create_queue(QueueName=name)["QueueUrl"]
    machine = account.create({"F": {"Type": "Fail"}})
    execution = account.start(machine)
    account.finish(execution)
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
    events.put_rule(Name=name, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:us-east-1:123456789012:{name}"}])
    redrive(account, execution)
    found: dict[str, Any] = {}

    def both() -> bool:
        for message in queue.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            detail = json.loads(message["Body"])["detail"]
            found[detail["status"]] = detail
        return len(found) == 2

    until(both)
    events.remove_targets(Rule=name, Ids=["1"])
    events.delete_rule(Name=name)
    assert {(status, detail["redriveCount"]) for status, detail in found.items()} == {("RUNNING", 1), ("FAILED", 1)}
    assert found["RUNNING"]["stopDate"] is None
    assert found["RUNNING"]["redriveStatus"] == "NOT_REDRIVABLE"


def distributed(items: Any, item: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A distributed Map over items."""
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **item}
    return {"Type": "Map", "Items": items, "ItemProcessor": processor, "End": True, **fields}


def marked(account: Account) -> tuple[str, dict[str, Any]]:
    """A queue, and a state of each child that leaves a message there."""
    url = account.aws.client("sqs").create_queue(QueueName=unique("marks"))["QueueUrl"]
    send = {"QueueUrl": url, "MessageBody": "{% $states.input %}"}
    state = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Arguments": send}
    return url, {**state, "Output": "{% $states.input %}", "Next": "Pause"}


def marks(account: Account, url: str) -> list[str]:
    sqs = account.aws.client("sqs")
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    return sorted(message["Body"] for message in received)


def test_only_the_children_that_did_not_end_run_again(account: Account) -> None:
    keys = [f"{unique('child')}-{index}" for index in range(3)]
    url, mark = marked(account)
    last = "{% $states.context.Map.Item.Index = 2 ? 1 : 0 %}"
    item = branch(
        Mark=mark, Pause={"Type": "Wait", "Seconds": last, "Next": "Gate"}, Gate=gate(account, "{% $states.input %}")
    )
    for key in keys[:2]:
        account.put(key, "")
    execution = account.start(account.create({"Each": distributed(keys, item)}))
    described = account.finish(execution)
    assert (described["status"], described["error"]) == ("FAILED", "States.ExceedToleratedFailureThreshold")
    assert marks(account, url) == sorted(keys)
    (run,) = account.sfn.list_map_runs(executionArn=execution)["mapRuns"]
    counts = account.sfn.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
    assert (counts["succeeded"], counts["failed"], counts["total"], counts["running"]) == (2, 1, 3, 0)
    account.put(keys[2], "")
    redrive(account, execution)
    described = account.finish(execution)
    assert json.loads(described["output"]) == ["through"] * 3, described
    assert marks(account, url) == []


def test_children_that_are_tolerated_fail_alone(account: Account) -> None:
    item = branch(Gate=gate(account, "{% $states.input %}"))
    keys = [unique("tolerated") for _ in range(4)]
    account.put(keys[0], "")
    half = distributed(keys[:2], item, ToleratedFailurePercentage=50)
    assert json.loads(account.run({"Each": half})["output"]) == ["through", None]
    assert account.run({"Each": distributed(keys, item, ToleratedFailureCount=2)})["status"] == "FAILED"
    assert account.run({"Each": distributed(keys, item, ToleratedFailureCount=3)})["status"] == "SUCCEEDED"


def test_a_stop_ends_the_children(account: Account) -> None:
    item = branch(Work={"Type": "Wait", "Seconds": 60, "End": True})
    execution = account.start(account.create({"Each": distributed([1, 2], item)}))
    until(lambda: "MapRunStarted" in account.types(execution))
    account.sfn.stop_execution(executionArn=execution)
    assert account.finish(execution)["status"] == "ABORTED"
