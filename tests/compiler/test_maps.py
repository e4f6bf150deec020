"""Mapped tasks: as definitions, and as the embedded AWS runs them."""

from __future__ import annotations

import json
import time
from typing import Any
from uuid import uuid4

import pytest

from airflow_sfn_ml import asl
from airflow_sfn_ml.asl import Pass, Retry, Task
from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Ref
from airflow_sfn_ml.compiler import Node, Program, compile_graph
from airflow_sfn_ml.compiler.each import Each
from airflow_sfn_ml.exceptions import TooLarge
from airflow_sfn_ml.history import ExecutionView, reduce
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.steps import ProcessingStep
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.verdict import Failed, Pending, Skipped, Succeeded

ITEMS = [{"say": "a"}, {"say": "b"}, {"say": "c"}]


def job(name: str, **environment: Any) -> ProcessingStep:
    return ProcessingStep(name, request={"RoleArn": "r", "Environment": environment})


def mapped(**more: Any) -> Node:
    step = job("fit", SAY=Item(("say",)), RUN=Param("fit", "/run"))
    return Node("fit", step, each=Each(ITEMS, 3), **more)


def only(program: Program, name: str) -> dict[str, Any]:
    """The state *name*, wherever it is."""
    found = [state for machine in machines(program.definition) for key, state in machine.items() if key == name]
    assert len(found) == 1
    return dict(found[0])


def machines(machine: Any) -> list[dict[str, Any]]:
    inner = [machine["States"]]
    for state in machine["States"].values():
        for part in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            inner += machines(part)
    return inner


def valid(program: Program) -> bool:
    return not asl.validate(program.definition)


def test_a_mapped_task_is_a_map_of_its_name_over_its_items():
    program = compile_graph([mapped(retry=Retry(error_equals=("States.ALL",), max_attempts=2))], survive=False)
    state = program.definition["States"]["fit"]
    assert (state["Type"], state["Items"]) == ("Map", ITEMS)
    assert "Retry" not in state, "a Map that is tried again does again what is done"
    work = only(program, "fit: each")
    assert work["Arguments"]["Environment"] == {
        "SAY": "{% $states.input.say %}",
        "RUN": "{% $states.context.Execution.Input.values.fit.`/run` %}",
    }
    assert work["Retry"][-1]["MaxAttempts"] == 2
    assert valid(program)


def test_job_names_carry_the_index():
    name = only(compile_graph([mapped()]), "fit: each")["Arguments"]["ProcessingJobName"]
    assert "$string($states.context.Map.Item.Index)" in name


def test_the_limit_of_instances_at_a_time_is_the_maps():
    node = Node("fit", job("fit", SAY=Item(("say",))), each=Each(ITEMS, 3, concurrency=2))
    assert compile_graph([node]).definition["States"]["fit"]["MaxConcurrency"] == 2


def test_an_iteration_hands_on_only_what_is_read():
    later = Node("later", job("later", SAY=Ref("fit", (0, "Processing", "ExitMessage"))), frozenset({"fit"}))
    read = compile_graph([mapped(), later], survive=False)
    unread = compile_graph([mapped()], survive=False)
    assert "End" in only(read, "fit: each")
    assert read.definition["States"]["fit"]["Output"] == "{% $states.result %}"
    assert only(unread, "fit: each done")["Output"] == {}
    assert unread.definition["States"]["fit"]["Output"] == {}


def test_items_that_hold_values_of_later_are_one_expression():
    items = [{"say": "a"}, {"say": Param("fit", "/each/1/say")}]
    node = Node("fit", job("fit", SAY=Item(("say",))), each=Each(items, 2))
    state = compile_graph([node]).definition["States"]["fit"]
    assert state["Items"] == ("{% [{'say': 'a'}, {'say': $states.context.Execution.Input.values.fit.`/each/1/say`}] %}")


def test_a_distributed_map_takes_what_it_needs_into_its_items():
    before = Node("before", job("before"))
    step = job("fit", SAY=Item(("say",)), RUN=Param("fit", "/run"), FROM=Ref("before", ("Processing", "ExitMessage")))
    node = Node("fit", step, frozenset({"before"}), each=Each(ITEMS, 3, distributed=True))
    program = compile_graph([before, node])
    state = program.definition["States"]["fit"]
    assert state["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert state["Comment"] == "Distributed: the group asks for it (distributed_maps)"
    assert state["ItemSelector"]["item"] == "{% $states.context.Map.Item.Value %}"
    assert set(state["ItemSelector"]["outer"]) == {"v0", "v1"}
    inside = json.dumps(state["ItemProcessor"])
    assert "$t0_" not in inside, "a child execution has no variables of the states around"
    assert "Execution.Input" not in inside, "a child execution has an input of its own"
    assert valid(program)


def test_work_of_several_states_keeps_the_item():
    states = (
        Task("first", resource="aws-sdk:s3:headObject", arguments={"Key": Item(("say",))}, next="second"),
        Task("second", resource="aws-sdk:s3:headObject", arguments={"Key": Item(("say",))}),
    )
    program = compile_graph([Node("fit", Procedure("fit", states), each=Each(ITEMS, 3))])
    assert only(program, "fit: each item")["Assign"] == {"i0_fit": "{% $states.input %}"}
    assert only(program, "fit: second")["Arguments"] == {"Key": "{% $i0_fit.say %}"}
    assert only(program, "fit: each")["Type"] == "Parallel"
    assert valid(program)


def test_a_lone_item_needs_no_catch_of_its_own():
    node = Node("fit", job("fit", SAY=Item(("say",))), each=Each(ITEMS[:1], 1))
    assert "Catch" not in only(compile_graph([node]), "fit: each")
    assert "Catch" in only(compile_graph([mapped()]), "fit: each")
    assert "Catch" not in only(compile_graph([mapped()], survive=False), "fit: each")


def test_the_report_counts_every_item():
    inline = compile_graph([mapped()], survive=False).report
    # the Map 3, each item 6 + 2 for its two states, 2 for the iteration; 2 for the execution
    assert (inline.events, inline.transitions) == (2 + 3 + 3 * (6 + 2 + 2), 1 + 3 * 2)
    distributed = Node("fit", job("fit", SAY=Item(("say",))), each=Each(ITEMS, 3, distributed=True))
    apart = compile_graph([distributed], survive=False).report
    assert (apart.events, apart.transitions) == (2 + 3, 1 + 3 * 2)


def test_the_report_says_where_the_number_of_items_is_not_known():
    report = compile_graph([Node("fit", job("fit"), each=Each(Param("fit", "each")))], survive=False).report
    assert report.each == (("fit", 10),)
    assert "fit: 10 history events for each item" in str(report)


def test_more_items_than_a_history_holds_are_refused_with_the_way_out():
    each = Each([{"say": str(number)} for number in range(2500)], 2500, concurrency=10)
    with pytest.raises(TooLarge, match=r"25,005 history events.*25,000.*fit executions of their own"):
        compile_graph([Node("fit", job("fit", SAY=Item(("say",))), each=each)], survive=False)


# On the embedded AWS


def look(bucket: str, name: str = "look") -> Procedure:
    """Look at an object: fast, and fails where there is none."""
    call = Task(
        "only",
        resource="aws-sdk:s3:headObject",
        arguments={"Bucket": bucket, "Key": Item(("key",))},
        output=Code(("{'Key': ", Given(Item(("key",))), ", 'Length': $states.result.ContentLength}")),
    )
    return Procedure(name, (call,))


def say(name: str, value: Any) -> Procedure:
    """A state that gives *value*."""
    return Procedure(name, (Pass("only", output=value),))


def run(aws: LocalAws, program: Program, document: Any = None) -> ExecutionView:
    assert valid(program)
    client = aws.client("stepfunctions")
    machine = client.create_state_machine(
        name=f"maps-{uuid4().hex[:8]}",
        definition=json.dumps(program.definition),
        roleArn="arn:aws:iam::123456789012:role/r",
    )["stateMachineArn"]
    arn = client.start_execution(stateMachineArn=machine, input=json.dumps(document or {}))["executionArn"]
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        view = reduce(client.get_execution_history(executionArn=arn, maxResults=1000)["events"])
        if view.status != "RUNNING":
            return view
        time.sleep(0.2)
    raise TimeoutError(arn)


@pytest.fixture(scope="module")
def bucket(local_aws: LocalAws) -> str:
    client = local_aws.client("s3")
    client.create_bucket(Bucket="mapped-tasks")
    for key in ("a", "b", "c"):
        client.put_object(Bucket="mapped-tasks", Key=key, Body=key.encode() * (ord(key) - 96))
    return "mapped-tasks"


def verdicts(view: ExecutionView, count: int) -> list[Any]:
    return [Subject("look: each", "look", index).verdict(view) for index in range(count)]


def over(keys: list[str], **more: Any) -> Each:
    return Each([{"key": key} for key in keys], len(keys), **more)


@pytest.mark.parametrize("survive", [True, False])
def test_a_later_task_reads_the_list_of_all_outputs(local_aws: LocalAws, bucket: str, survive: bool):
    nodes = [
        Node("look", look(bucket), each=over(["a", "c"])),
        Node("last", say("last", {"all": Ref("look"), "second": Ref("look", (1, "Length"))}), frozenset({"look"})),
    ]
    view = run(local_aws, compile_graph(nodes, survive=survive))
    assert view.status == "SUCCEEDED", view.cause
    assert [verdict.output for verdict in verdicts(view, 2)] == [{"Key": "a", "Length": 1}, {"Key": "c", "Length": 3}]
    assert view.state("last").output == {"all": [{"Key": "a", "Length": 1}, {"Key": "c", "Length": 3}], "second": 3}


def test_a_failing_iteration_lets_the_others_run_on_and_fails_the_task(local_aws: LocalAws, bucket: str):
    nodes = [
        Node("look", look(bucket), each=over(["missing", "a", "b"], concurrency=1)),
        Node("after", say("after", Ref("look")), frozenset({"look"})),
        Node("beside", say("beside", 1)),
    ]
    view = run(local_aws, compile_graph(nodes))
    failed, first, second = verdicts(view, 3)
    assert view.status == "FAILED"
    assert isinstance(failed, Failed)
    assert [first, second] == [Succeeded({"Key": "a", "Length": 1}), Succeeded({"Key": "b", "Length": 2})]
    assert "look: 1 of 3 iterations failed [0], the first with" in (view.cause or "")
    assert view.state("after").status == "not_entered"
    assert view.state("beside").status == "succeeded"


def test_a_failing_iteration_stops_the_others_where_the_group_stops(local_aws: LocalAws, bucket: str):
    node = Node("look", look(bucket), each=over(["missing", "a"], concurrency=1))
    view = run(local_aws, compile_graph([node], survive=False))
    failed, never = verdicts(view, 2)
    assert (view.status, view.failed_states) == ("FAILED", ("look: each",))
    assert isinstance(failed, Failed)
    assert isinstance(never, Failed)
    assert "look failed" in never.reason


def test_one_that_is_mapped_over_another_gets_its_outputs_as_items(local_aws: LocalAws, bucket: str):
    request = {"Bucket": bucket, "Key": Item(("Key",))}
    again = Procedure("again", (Task("only", resource="aws-sdk:s3:headObject", arguments=request),))
    nodes = [
        Node("look", look(bucket), each=over(["a", "b"])),
        Node("again", again, frozenset({"look"}), each=Each(Ref("look"))),
    ]
    view = run(local_aws, compile_graph(nodes))
    assert view.status == "SUCCEEDED", view.cause
    inside = [view.within("again", index).state("again: each") for index in range(2)]
    assert [state.output["ContentLength"] for state in inside] == [1, 2]


@pytest.mark.parametrize("keys", [[], ["a"]])
def test_a_task_that_is_mapped_over_nothing_skips_what_needs_it(local_aws: LocalAws, bucket: str, keys: list[str]):
    nodes = [
        Node("look", look(bucket), each=Each(Param("look", "each"))),
        Node("needs", say("needs", 1), frozenset({"look"})),
        Node("takes", say("takes", 1), frozenset({"look"}), rule="none_failed"),
    ]
    document = {"values": {"look": {"each": [{"key": key} for key in keys]}}}
    view = run(local_aws, compile_graph(nodes), document)
    assert view.status == "SUCCEEDED", view.cause
    ran = {name for name in ("needs", "takes") if view.state(name).status == "succeeded"}
    assert ran == ({"needs", "takes"} if keys else {"takes"})


@pytest.mark.parametrize("outputs", [[[1, 2]], [[1], [2]], [None, 1], [{"a": [1]}]])
def test_outputs_of_any_shape_stay_as_they_are(local_aws: LocalAws, outputs: list[Any]):
    step = Procedure("give", (Pass("only", output=Code((Given(Item(("value",))),))),))
    nodes = [
        Node("give", step, each=Each([{"value": value} for value in outputs], None)),
        Node("last", say("last", {"all": Ref("give")}), frozenset({"give"})),
    ]
    view = run(local_aws, compile_graph(nodes))
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").output == {"all": outputs}


@pytest.mark.parametrize("survive", [True, False])
def test_a_distributed_map_gives_each_iteration_its_values(local_aws: LocalAws, bucket: str, survive: bool):
    states = (
        Task(
            "only",
            resource="aws-sdk:s3:headObject",
            arguments={"Bucket": Param("look", "/bucket"), "Key": Item(("key",))},
            output=Code(("{'Key': ", Given(Item(("key",))), ", 'From': ", Given(Ref("before")), "}")),
        ),
    )
    nodes = [
        Node("before", say("before", "here")),
        Node("look", Procedure("look", states), frozenset({"before"}), each=over(["a", "b"], distributed=True)),
        Node("last", say("last", Ref("look")), frozenset({"look"})),
    ]
    view = run(local_aws, compile_graph(nodes, survive=survive), {"values": {"look": {"/bucket": bucket}}})
    assert view.status == "SUCCEEDED", view.cause
    outputs = [{"Key": "a", "From": "here"}, {"Key": "b", "From": "here"}]
    assert view.state("last").output == outputs
    assert [verdict.output for verdict in verdicts(view, 2)] == outputs


def test_a_distributed_map_names_the_iterations_that_failed(local_aws: LocalAws, bucket: str):
    nodes = [
        Node("look", look(bucket), each=over(["a", "missing"], distributed=True)),
        Node("beside", say("beside", 1)),
    ]
    view = run(local_aws, compile_graph(nodes))
    fine, failed = verdicts(view, 2)
    assert fine == Succeeded(None)
    assert isinstance(failed, Failed)
    assert "The Map Run arn:aws:states" in failed.reason


def test_before_its_iteration_has_begun_an_instance_waits():
    view = reduce(
        [
            {"id": 1, "type": "ExecutionStarted"},
            {"id": 2, "previousEventId": 1, "type": "MapStateEntered", "stateEnteredEventDetails": {"name": "look"}},
        ]
    )
    assert verdicts(view, 1) == [Pending()]


def test_an_instance_of_more_than_there_were_items_says_so(local_aws: LocalAws, bucket: str):
    view = run(local_aws, compile_graph([Node("look", look(bucket), each=over(["a"]))]))
    (_, beyond) = verdicts(view, 2)
    assert isinstance(beyond, Failed)
    assert "State look had 1 items, so there was no iteration 1" in beyond.reason
    assert not isinstance(beyond, Skipped)


@pytest.mark.parametrize("distributed", [False, True])
@pytest.mark.parametrize("survive", [False, True])
def test_the_machine_of_a_repair_passes_over_iterations_that_are_done(
    local_aws: LocalAws, bucket: str, survive: bool, distributed: bool
):
    nodes = [
        Node("look", look(bucket), each=over(["missing", "b"], distributed=distributed)),
        Node("last", say("last", {"all": Ref("look")}), frozenset({"look"})),
    ]
    program = compile_graph(nodes, survive=survive, reusable=True)
    view = run(local_aws, program, {"reuse": {"look: each": {"0": {"output": "old"}}}})
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").output == {"all": ["old", {"Key": "b", "Length": 2}]}
    whole = run(local_aws, program, {"reuse": {"look": {"status": "success", "output": ["x", "y"]}}})
    assert whole.state("last").output == {"all": ["x", "y"]}
