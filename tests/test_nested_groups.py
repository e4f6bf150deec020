"""Task groups within the group: names, edges, labels, and groups that are mapped."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator, SageMakerProcessingOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Label, TaskGroup, task, task_group
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml import StateMachineTaskGroup, asl
from airflow_sfn_ml.exceptions import CompileError

ROLE = "arn:aws:iam::123456789012:role/states"


def config(say: Any = "hello") -> dict[str, Any]:
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "image"},
        "Environment": {"SAY": say},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
    }


def job(task_id: str, say: Any = "hello", **kwargs: Any) -> SageMakerProcessingOperator:
    return SageMakerProcessingOperator(task_id=task_id, config=config(say), **kwargs)


def states(machine: Any) -> dict[str, Any]:
    """All states of *machine*, by name."""
    found = dict(machine["States"])
    for state in machine["States"].values():
        for part in (*state.get("Branches", ()), *([state["ItemProcessor"]] if "ItemProcessor" in state else ())):
            found |= states(part)
    return found


def compiled(group: StateMachineTaskGroup) -> dict[str, Any]:
    assert not asl.validate(group.definition)
    return states(group.definition)


def test_states_are_named_by_their_ids_below_the_outer_group():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        with TaskGroup("inner"):
            job("a")
            with TaskGroup("deep"):
                job("b")
        job("c")
    assert {"inner.a", "inner.deep.b", "c"} <= set(compiled(group))


def test_edges_between_groups_are_edges_between_their_ends():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        with TaskGroup("one") as one:
            job("a") >> [job("b"), job("c")]
        with TaskGroup("two") as two:
            job("d")
        one >> Label("then") >> two
    nodes = {node.name: node.upstream for node in group.compiled().nodes}
    assert nodes["two.d"] == {"one.b", "one.c"}


def test_decorated_groups_nest():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner() -> None:
            job("a") >> job("b")

        inner() >> EmptyOperator(task_id="last")
    assert list(group.definition["States"])[:3] == ["inner.a", "inner.b", "last"]


# Mapped groups


def test_a_mapped_group_is_a_map_whose_iterations_run_its_tasks():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> None:
            first = job("first", word)
            said = "{{ ti.xcom_pull('g.inner.first')['Processing']['ExitMessage'] }}"
            first >> job("second", said)

        before = job("before")
        before >> inner.expand(word=["one", "two"]) >> job("after")
    found = compiled(group)
    assert found["inner"]["Type"] == "Map"
    assert found["inner"]["Items"] == [{"word": "one"}, {"word": "two"}]
    assert found["inner.first"]["Arguments"]["Environment"] == {"SAY": "{% $i0_inner.word %}"}
    assert list(group.definition["States"])[:3] == ["before", "inner", "after"]


def test_the_tasks_of_a_mapped_group_follow_their_iterations():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> None:
            job("only", word)

        inner.expand(word=["one", "two"])
    compiled(group)
    stored = {found.task_id: found for found in DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks}
    assert stored["g.inner.only"].start_from_trigger is True
    told = stored["g.inner.only"].start_trigger_args.trigger_kwargs["__var"]
    assert (told["state"], told["within"], told["mapped_over"]) == ("inner.only", "inner", False)


def started(group: StateMachineTaskGroup, outside: Any = None) -> dict[str, Any]:
    ti = SimpleNamespace(
        task_id="g.start", run_id="manual", dag_id="d", map_index=-1, xcom_pull=lambda **asked: outside
    )
    ti.get_relevant_upstream_map_indexes = lambda **asked: None
    return group.rendered({"ti": ti, "task_instance": ti, "params": {}, "ds": "2026-01-01"})


def test_what_a_mapped_group_is_mapped_over_may_come_from_outside():
    with DAG("d"):

        @task
        def words() -> list[str]:
            return []

        given = words()
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:

            @task_group
            def inner(word: Any, other: Any) -> None:
                job("only", word)

            inner.expand(word=given, other=[1, 2])
    found = compiled(group)
    assert found["inner"]["Items"] == "{% $states.context.Execution.Input.values.inner.each %}"
    assert "g.start" in group.dag.get_task("words").downstream_task_ids
    assert started(group, ["x", "y"])["inner"] == {
        "each": [{"word": word, "other": other} for word in "xy" for other in (1, 2)]
    }


def test_what_a_mapped_group_is_mapped_over_may_come_from_a_task_of_the_group():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(done: Any) -> None:
            SageMakerProcessingOperator(task_id="only", config=done)

        mapped = SageMakerProcessingOperator.partial(task_id="all").expand(config=[config("one"), config("two")])
        inner.expand(done=mapped.output)
    found = compiled(group)
    assert "$t0_all" in found["inner"]["Items"]
    assert "$merge([$i0_inner.done, " in found["inner.only"]["Arguments"]


def test_a_task_after_a_mapped_group_reads_the_list_of_outputs():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> Any:
            return job("only", word)

        done = inner.expand(word=["one", "two"])
        done >> job("after", "{{ ti.xcom_pull('g.inner.only')[1]['Processing']['ExitMessage'] }}")
    found = compiled(group)
    assert "[1].Processing.ExitMessage" in found["after"]["Arguments"]["Environment"]["SAY"]


def refused(group: StateMachineTaskGroup) -> str:
    with pytest.raises(CompileError) as caught:
        group.compiled()
    return str(caught.value)


def test_a_mapped_group_that_is_asked_to_be_distributed_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, distributed_maps=["inner"]) as group:

        @task_group
        def inner(word: Any) -> None:
            job("only", word)

        inner.expand(word=["one", "two"])
    assert "g.inner: a mapped group of tasks cannot be distributed" in refused(group)


def test_a_trigger_rule_across_the_border_of_a_mapped_group_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> None:
            job("only", word, trigger_rule="all_done")

        job("before") >> inner.expand(word=["one", "two"])
    assert "inner.only: has the trigger rule all_done and waits for tasks outside of the mapped group" in refused(group)


def test_a_mapped_group_over_what_is_not_json_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> None:
            job("only", word)

        inner.expand(word=[object()])
    assert "g.inner: a object cannot be part of a request; a group is mapped over JSON" in refused(group)


def test_the_group_itself_may_be_in_a_mapped_group():
    made: list[StateMachineTaskGroup] = []
    with DAG("d") as dag:

        @task_group
        def outer(word: Any) -> None:
            with StateMachineTaskGroup("g", role_arn=ROLE) as group:
                job("only", word)
            made.append(group)

        outer.expand(word=["one", "two"])
    found = compiled(made[0])
    assert found["only"]["Arguments"]["Environment"] == {
        "SAY": "{% $states.context.Execution.Input.values.only.`/Environment/SAY` %}"
    }
    stored = {found.task_id: found for found in DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks}
    told = stored["outer.g.only"].start_trigger_args.trigger_kwargs["__var"]
    assert (told["state"], told["within"]) == ("only", None)


def test_a_branch_in_a_mapped_group_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task_group
        def inner(word: Any) -> None:
            decide = SageMakerConditionOperator(
                task_id="decide",
                conditions=[{"type": "Equals", "left_value": "{{ ds }}", "right_value": "today"}],
                if_task_ids=["g.inner.yes"],
                else_task_ids=[],
            )
            decide >> job("yes", word)

        inner.expand(word=["one", "two"])
    assert "inner.decide: a branch cannot be in the mapped group inner" in refused(group)
