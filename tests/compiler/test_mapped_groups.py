"""Mapped groups of tasks, as the embedded AWS runs them."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sfn_ml.asl import Pass, Task
from airflow_sfn_ml.asl.refs import Code, Given, Item, Param, Ref
from airflow_sfn_ml.compiler import Node, compile_graph
from airflow_sfn_ml.compiler.each import Each
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.local import LocalAws
from airflow_sfn_ml.steps.procedure import Procedure
from airflow_sfn_ml.triggers.iterations import Subject
from airflow_sfn_ml.triggers.verdict import Failed, Succeeded
from tests.compiler.test_maps import run, valid


def say(value: Any) -> Procedure:
    return Procedure("say", (Pass("only", output=value),))


def needs(bucket: str) -> Procedure:
    """Fails where there is no object of the item's key."""
    arguments = {"Bucket": bucket, "Key": Item(("key",))}
    output = Code(("{'Key': ", Given(Item(("key",))), "}"))
    return Procedure("needs", (Task("only", resource="aws-sdk:s3:headObject", arguments=arguments, output=output),))


def group(bucket: str, keys: list[str] | Param, upstream: frozenset[str] = frozenset(), **more: Any) -> Node:
    body = (
        Node("in.first", needs(bucket)),
        Node("in.second", say(Code((Given(Ref("in.first", ("Key",))), " & '!'"))), frozenset({"in.first"})),
        Node("in.beside", say(Item(("key",)))),
    )
    items = [{"key": key} for key in keys] if isinstance(keys, list) else keys
    return Node(
        "in", None, upstream, each=Each(items, len(keys) if isinstance(keys, list) else None, body=body, **more)
    )


@pytest.fixture(scope="module")
def bucket(local_aws: LocalAws) -> str:
    client = local_aws.client("s3")
    client.create_bucket(Bucket="mapped-groups")
    for key in ("a", "b"):
        client.put_object(Bucket="mapped-groups", Key=key, Body=b"x")
    return "mapped-groups"


def verdicts(view: Any, state: str, count: int) -> list[Any]:
    return [Subject(state, "in", index).verdict(view) for index in range(count)]


@pytest.mark.parametrize("survive", [True, False])
def test_each_iteration_runs_all_tasks_with_its_item(local_aws: LocalAws, bucket: str, survive: bool):
    last = Node("last", say({"all": Ref("in.second"), "one": Ref("in.second", (1,))}), frozenset({"in"}))
    view = run(local_aws, compile_graph([group(bucket, ["a", "b"]), last], survive=survive))
    assert view.status == "SUCCEEDED", view.cause
    assert verdicts(view, "in.second", 2) == [Succeeded("a!"), Succeeded("b!")]
    assert verdicts(view, "in.beside", 2) == [Succeeded("a"), Succeeded("b")]
    assert view.state("last").output == {"all": ["a!", "b!"], "one": "b!"}


def test_a_failure_in_one_iteration_leaves_the_others_alone(local_aws: LocalAws, bucket: str):
    last = Node("last", say(1), frozenset({"in"}))
    view = run(local_aws, compile_graph([group(bucket, ["missing", "a"]), last]))
    assert view.status == "FAILED"
    assert "in: 1 of 2 iterations failed [0], the first in in.first with" in (view.cause or "")
    failed, fine = verdicts(view, "in.first", 2)
    assert isinstance(failed, Failed)
    assert fine == Succeeded({"Key": "a"})
    assert verdicts(view, "in.beside", 2) == [Succeeded("missing"), Succeeded("a")]
    assert verdicts(view, "in.second", 2)[1] == Succeeded("a!")
    assert view.state("last").status == "not_entered"


@pytest.mark.parametrize("keys", [[], ["a"]])
def test_a_group_that_is_mapped_over_nothing_counts_as_skipped(local_aws: LocalAws, bucket: str, keys: list[str]):
    last = Node("last", say({"all": Ref("in.second")}), frozenset({"in"}))
    beside = Node("beside", say(1))
    program = compile_graph([group(bucket, Param("in", "each")), last, beside])
    view = run(local_aws, program, {"values": {"in": {"each": [{"key": key} for key in keys]}}})
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").status == ("succeeded" if keys else "not_entered")


def test_a_group_in_a_branch_reads_what_was_before_and_is_read_after(local_aws: LocalAws, bucket: str):
    body = (Node("in.only", say({"from": Ref("before"), "item": Item(("key",))})),)
    nodes = [
        Node("before", say("here")),
        Node("in", None, frozenset({"before"}), each=Each([{"key": 1}, {"key": 2}], 2, body=body)),
        Node("beside", say(1), frozenset({"before"})),
        Node("last", say({"all": Ref("in.only")}), frozenset({"in", "beside"})),
    ]
    view = run(local_aws, compile_graph(nodes))
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").output == {"all": [{"from": "here", "item": 1}, {"from": "here", "item": 2}]}


def test_the_report_tells_of_the_tasks_in_a_mapped_group():
    report = compile_graph([group("any", ["a", "b"]), Node("last", say(1), frozenset({"in"}))]).report
    assert report.tasks == 4
    assert report.caught == ("in.beside", "in.first", "in.second")
    assert compile_graph([group("any", ["a", "b"])], survive=False).report.caught == ()


def test_what_a_task_of_a_mapped_group_reads_it_must_wait_for():
    body = (Node("in.a", say(1)), Node("in.b", say(Ref("in.a"))))
    with pytest.raises(CompileError, match=r"in\.b: reads the output of in\.a but does not wait for it"):
        compile_graph([Node("in", None, each=Each([{}], 1, body=body))])


def test_the_machine_of_a_repair_passes_over_a_group_that_is_done(local_aws: LocalAws, bucket: str):
    last = Node("last", say({"all": Ref("in.second")}), frozenset({"in"}))
    program = compile_graph([group(bucket, ["missing"]), last], reusable=True)
    assert valid(program)
    reuse = {"in": {"status": "success", "output": None}, "in.second": {"status": "success", "output": ["old"]}}
    view = run(local_aws, program, {"reuse": reuse})
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").output == {"all": ["old"]}
    assert view.state("in").status == "not_entered"


def test_the_machine_of_a_repair_passes_over_iterations_that_are_done(local_aws: LocalAws, bucket: str):
    last = Node("last", say({"all": Ref("in.second")}), frozenset({"in"}))
    program = compile_graph([group(bucket, ["missing", "a"]), last], reusable=True)
    view = run(local_aws, program, {"reuse": {"in: each": {"0": {"output": {"in.second": "old"}}}}})
    assert view.status == "SUCCEEDED", view.cause
    assert view.state("last").output == {"all": ["old", "a!"]}
