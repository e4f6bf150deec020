"""Mapped operators: what becomes of their arguments, in the definition and when the execution is started."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerConditionOperator, SageMakerProcessingOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, BaseOperator, task
from airflow.serialization.serialized_objects import DagSerialization

from airflow_sfn_ml import StateMachineTaskGroup, asl
from airflow_sfn_ml.exceptions import CompileError
from airflow_sfn_ml.steps import ServiceStep, SnsPublishStep
from airflow_sfn_ml.translators import Translation, translates
from airflow_sfn_ml.translators.preparations import Action

ROLE = "arn:aws:iam::123456789012:role/states"


def config(say: Any = "hello", **more: Any) -> dict[str, Any]:
    return {
        "RoleArn": "arn:aws:iam::123456789012:role/sagemaker",
        "AppSpecification": {"ImageUri": "image"},
        "Environment": {"SAY": say},
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 10}
        },
        **more,
    }


class Notify(BaseOperator):
    """An operator of a user's own, with several arguments."""

    template_fields = ("topic", "message", "subject")

    def __init__(self, *, topic: str, message: Any, subject: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.topic = topic
        self.message = message
        self.subject = subject


@translates(f"{__name__}.Notify")
def notify(operator: Any) -> Translation:
    """A message to a topic."""
    request = {"TopicArn": operator.topic, "Message": operator.message}
    if operator.subject is not None:
        request["Subject"] = operator.subject
    step: ServiceStep = SnsPublishStep(operator.label, request=request)
    return Translation(step)


class Upload(Notify):
    """One that uploads something before."""


@translates(f"{__name__}.Upload")
def upload(operator: Any) -> Translation:
    """The message, uploaded."""
    translation = notify(operator)
    return replace(translation, actions=(Action(operator.message, lambda value, start: uploaded.append(value)),))


uploaded: list[Any] = []


def given(value: Any) -> Any:
    """The XCom of a task outside of the group; what it is, `started` is told."""

    @task(task_id="outside")
    def outside() -> Any:
        return value

    return outside()


def partial(task_id: str = "a", **kwargs: Any) -> Any:
    return SageMakerProcessingOperator.partial(task_id=task_id, **kwargs)


def checked(group: StateMachineTaskGroup) -> dict[str, Any]:
    """The states of *group*, which AWS would take."""
    assert not asl.validate(group.definition)
    return dict(group.definition["States"])


def started(group: StateMachineTaskGroup, outside: Any = None) -> dict[str, Any]:
    """What the start task puts into the execution's input."""
    ti = SimpleNamespace(
        task_id="g.start", run_id="manual", dag_id="d", map_index=-1, xcom_pull=lambda **asked: outside
    )
    ti.get_relevant_upstream_map_indexes = lambda **asked: None
    return group.rendered({"ti": ti, "task_instance": ti, "params": {}, "ds": "2026-01-01"})


def refused(group: StateMachineTaskGroup) -> str:
    with pytest.raises(CompileError) as caught:
        group.compiled()
    return str(caught.value)


# Over what is written out


def test_what_is_the_same_in_all_instances_stays_in_the_request():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial().expand(config=[config("one"), config("two")])
    state = checked(group)["a"]
    assert state["Items"] == [{"SAY": "one"}, {"SAY": "two"}]
    arguments = state["ItemProcessor"]["States"]["a: each"]["Arguments"]
    assert arguments["Environment"] == {"SAY": "{% $states.input.SAY %}"}
    assert arguments["AppSpecification"] == {"ImageUri": "image"}


def test_instances_with_other_fields_are_whole_requests():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial().expand(config=[config("one"), config("two", ProcessingJobName="mine")])
    state = checked(group)["a"]
    assert [item["request"].get("ProcessingJobName") for item in state["Items"]] == [None, "mine"]
    assert "$merge([$states.input.request" in state["ItemProcessor"]["States"]["a: each"]["Arguments"]


def test_several_arguments_are_multiplied_in_airflows_order():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Notify.partial(task_id="a").expand(topic=["m", "n"], message=["x", "y", "z"])
    items = checked(group)["a"]["Items"]
    pairs = [(name, queue) for name in "mn" for queue in "xyz"]
    assert [tuple(item.values()) for item in items] == pairs


def test_expand_kwargs_sets_the_arguments_of_each_instance():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial().expand_kwargs([{"config": config("one")}, {"config": config("two")}])
    assert checked(group)["a"]["Items"] == [{"SAY": "one"}, {"SAY": "two"}]


def test_every_instance_is_checked_and_named():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial().expand(config=[config(), config(NoSuchField=1)])
    assert "NoSuchField" in refused(group)


def test_templates_are_rendered_once_if_they_are_the_same_and_else_for_each_instance():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        day = {"Environment": {"DAY": "{{ ds }}", "SAY": "{{ ti.map_index }}"}}
        partial().expand(config=[config(**day), config(**day)])
    checked(group)
    assert started(group) == {
        "a": {"/Environment/DAY": "2026-01-01", "/each/0/Environment/SAY": "0", "/each/1/Environment/SAY": "1"}
    }


def test_outputs_of_other_tasks_may_be_among_the_items():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = SageMakerProcessingOperator(task_id="first", config=config())
        said = "{{ ti.xcom_pull('g.first')['Processing']['ExitMessage'] }}"
        partial().expand(config=[config("one"), config(said)])
        assert first.task_id == "g.first"
        first >> group.dag.get_task("g.a")
    assert "$t0_first.Processing.ExitMessage" in checked(group)["a"]["Items"]


def test_nothing_to_map_over_is_a_map_over_nothing():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial().expand(config=[])
    assert checked(group)["a"]["Items"] == []


def test_more_than_forty_items_are_executions_of_their_own_unless_few_may_run():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        many = [config(str(number)) for number in range(41)]
        partial("a").expand(config=many)
        partial("b", max_active_tis_per_dagrun=5).expand(config=many)
        partial("c").expand(config=many[:40])
    branches = checked(group)["a | b | c"]["Branches"]
    states = {name: state for branch in branches for name, state in branch["States"].items()}
    modes = {name: states[name]["ItemProcessor"]["ProcessorConfig"]["Mode"] for name in "abc"}
    assert modes == {"a": "DISTRIBUTED", "b": "INLINE", "c": "INLINE"}
    assert states["b"]["MaxConcurrency"] == 5
    assert states["a"]["Comment"] == "Distributed: 41 items, and an inline Map works on 40 side by side"


@pytest.mark.parametrize("asked", [True, ["a"], {"g.a"}])
def test_distributed_maps_can_be_asked_for(asked: Any):
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, distributed_maps=asked) as group:
        partial().expand(config=[config(), config()])
    assert checked(group)["a"]["ItemProcessor"]["ProcessorConfig"]["Mode"] == "DISTRIBUTED"


# Over what tasks outside give


def test_a_config_from_outside_is_checked_and_rendered_when_the_execution_starts():
    with DAG("d"):
        configs = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial().expand(config=configs)
    state = checked(group)["a"]
    assert state["Items"] == "{% $states.context.Execution.Input.values.a.each %}"
    values = started(group, [config("one"), config("two", ProcessingJobName="my-job")])
    items = values["a"]["each"]
    assert [item["request"]["Environment"]["SAY"] for item in items] == ["one", "two"]
    with pytest.raises(CompileError, match=r"g\.a\[1\].*NoSuchField"):
        started(group, [config(), config(NoSuchField=1)])


def test_what_comes_from_outside_is_not_rendered_but_what_is_written_is():
    with DAG("d"):
        names = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            Notify.partial(task_id="a", subject="of {{ ds }}").expand(topic=["t-{{ ds }}"], message=names)
    checked(group)
    assert started(group, ["{{ ds }}", "plain.sql"])["a"] == {
        "/Subject": "of 2026-01-01",
        "each": [
            {"TopicArn": "t-2026-01-01", "Message": "{{ ds }}"},
            {"TopicArn": "t-2026-01-01", "Message": "plain.sql"},
        ],
    }


def test_airflows_map_is_applied_when_the_execution_starts():
    with DAG("d"):
        names = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial().expand(config=names.map(lambda name: config(name)))
    values = started(group, ["one", "two"])["a"]["each"]
    assert [item["request"]["Environment"]["SAY"] for item in values] == ["one", "two"]


def test_expand_kwargs_from_outside_takes_what_the_operator_needs():
    with DAG("d"):
        several = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial().expand_kwargs(several)
    checked(group)
    values = started(group, [{"config": config("one")}])["a"]["each"]
    assert values[0]["request"]["Environment"] == {"SAY": "one"}
    with pytest.raises(CompileError, match="expand_kwargs\\(\\) takes a list of dicts; one item is a str"):
        started(group, ["one"])


def test_an_item_that_changes_which_fields_there_are_is_refused():
    with DAG("d"):
        subjects = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            Notify.partial(task_id="a", topic="t", message="m").expand(subject=subjects)
    checked(group)
    with pytest.raises(
        CompileError, match=r"g\.a\[1\]: its request has no Subject, which those of other instances have"
    ):
        started(group, ["s", None])


def test_what_is_no_list_is_refused_when_the_execution_starts():
    with DAG("d"):
        several = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial().expand(config=several)
    checked(group)
    with pytest.raises(CompileError, match=r"expand\(\) takes lists; config is a int"):
        started(group, 5)


# Over what tasks of the group give


def test_what_is_mapped_over_a_mapped_task_runs_over_its_outputs():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = partial("first").expand(config=[config("one"), config("two")])
        partial("second").expand(config=first.output)
    states = checked(group)
    assert states["second"]["Items"].startswith(
        "{% ($type($t0_first) = 'array' ? $t0_first : $error('g.second is mapped"
    )
    assert "$merge([$states.input, " in states["second"]["ItemProcessor"]["States"]["second: each"]["Arguments"]


def test_outputs_and_lists_are_multiplied_in_the_machine():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = partial("first").expand(config=[config("one"), config("two")])
        Notify.partial(task_id="second").expand(topic=["m", "n"], message=first.output)
    items = checked(group)["second"]["Items"]
    assert "$floor($i / $count($l1)) % $count($l0)" in items
    assert "'message': $l1[$floor($i) % $count($l1)]" in items


def test_outputs_of_the_group_may_be_joined_before_they_are_mapped_over():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = partial("first").expand(config=[config("one"), config("two")])
        other = partial("other").expand(config=[config("three")])
        partial("second").expand(config=first.output.concat(other.output))
    states = {
        name: state
        for machine in (group.definition, *group.definition["States"]["first | other"]["Branches"])
        for name, state in machine["States"].items()
    }
    assert "$t0_first" in states["second"]["Items"]
    assert "$t0_other" in states["second"]["Items"]
    checked(group)


# What Airflow is told


def test_the_scheduler_hands_every_instance_to_the_trigger():
    with DAG("d") as dag, StateMachineTaskGroup("g", role_arn=ROLE):
        first = partial("first", retries=3).expand(config=[config("one"), config("two")])
        partial("second").expand(config=first.output)
        one = SageMakerProcessingOperator(task_id="one", config=config())
        partial("third").expand(config=one.output)
    stored = {found.task_id: found for found in DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks}
    assert stored["g.first"].is_mapped
    assert stored["g.first"].start_from_trigger is True
    assert stored["g.first"].retries == 0
    told = stored["g.first"].start_trigger_args.trigger_kwargs["__var"]
    assert (told["state"], told["within"]) == ("first: each", "first")
    assert stored["g.one"].start_trigger_args.trigger_kwargs["__var"]["mapped_over"] is True


def test_retries_are_the_iterations_own_whenever_they_are_set():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        mapped = partial(retries=3).expand(config=[config("one"), config("two")])
    mapped.retries = 5
    assert mapped.retries == 0
    states = checked(group)["a"]["ItemProcessor"]["States"]
    assert states["a: each"]["Retry"][-1]["MaxAttempts"] == 5


def test_an_instance_on_a_worker_follows_its_iteration():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        mapped = partial().expand(config=[config("one"), config("two")])
    checked(group)
    instance = mapped.unmap({"config": config()})
    assert instance.state_name == "a: each"
    assert instance.__dict__["_sfn_ml_within"] == "a"
    assert isinstance(instance, SageMakerProcessingOperator)
    assert type(instance).execute is not SageMakerProcessingOperator.execute


def test_a_template_for_the_index_is_told_to_be_lost():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial(map_index_template="{{ task.config }}").expand(config=[config()])
    with pytest.warns(UserWarning, match="map_index_template is not shown"):
        group.compiled()


# What is refused


def test_a_mapped_python_task_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:

        @task
        def add(x: int) -> int:
            return x + 1

        add.expand(x=[1, 2])
    assert "g.add: @task cannot run inside of a state machine, mapped or not" in refused(group)


def test_instances_that_need_other_states_are_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial(config=config()).expand(wait_for_completion=[True, False])
    assert "changes which states an instance needs" in refused(group)


def test_arguments_that_an_operator_checks_when_it_is_made_are_refused():
    with DAG("d"):
        names = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial(config=config()).expand(action_if_job_exists=names)
    assert "SageMakerProcessingOperator cannot be made with what is mapped over action_if_job_exists" in refused(group)


def test_expand_kwargs_of_unknown_arguments_is_refused():
    with DAG("d"):
        names = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            partial(config=config()).expand_kwargs(names)
    assert "which arguments expand_kwargs() sets is known only when the execution is started" in refused(group)


def test_expand_kwargs_with_outputs_of_the_group_in_a_list_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = SageMakerProcessingOperator(task_id="first", config=config())
        partial().expand_kwargs([first.output])
    assert "takes the output of a task of the group as a whole" in refused(group)


def test_a_connection_cannot_be_mapped_over():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        partial(config=config()).expand(aws_conn_id=["one", "two"])
    assert "g.a: aws_conn_id cannot be mapped over" in refused(group)


@pytest.mark.parametrize("distributed", [False, True])
def test_the_role_of_a_connection_follows_into_the_iterations(distributed: bool):
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE, distributed_maps=distributed) as group:
        partial(aws_conn_id="other").expand(config=[config("one"), config("two")])
    found = checked(group)["a"]
    role = "{% $states.context.Execution.Input.values.a.`/credentials` %}"
    if distributed:
        assert role in found["ItemSelector"]["outer"].values()
    else:
        assert found["ItemProcessor"]["States"]["a: each"]["Credentials"] == {"RoleArn": role}


def test_a_mapped_branch_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        condition = {"type": "Equals", "left_value": 1, "right_value": 1}
        SageMakerConditionOperator.partial(task_id="a", if_task_ids=[], else_task_ids=[]).expand(
            conditions=[[condition], [condition]]
        )
    assert "g.a: a branch cannot be mapped in a state machine" in refused(group)


def test_uploads_are_done_for_each_instance_when_the_execution_starts():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        Upload.partial(task_id="a", topic="t").expand(message=["one", "two of {{ ds }}"])
    uploaded.clear()
    started(group)
    assert uploaded == ["one", "two of 2026-01-01"]


def test_uploads_of_what_a_task_of_the_group_gives_are_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        first = partial("first").expand(config=[config("one"), config("two")])
        Upload.partial(task_id="a", topic="t").expand(message=first.output)
    assert "g.a: what it uploads is known only after the execution was started" in refused(group)


def test_a_part_made_of_an_argument_and_an_output_together_is_refused():
    with DAG("d"):
        words = given(None)
        with StateMachineTaskGroup("g", role_arn=ROLE) as group:
            first = SageMakerProcessingOperator(task_id="first", config=config())
            both = "{{ ti.map_index }} {{ ti.xcom_pull('g.first')['Processing']['ExitMessage'] }}"
            mapped = Notify.partial(task_id="a", message=both).expand(topic=words)
            first >> mapped
    assert "g.a: a part of its request is made of what it is mapped over and of the output" in refused(group)


def test_mapping_a_task_that_does_nothing_is_refused():
    with DAG("d"), StateMachineTaskGroup("g", role_arn=ROLE) as group:
        EmptyOperator.partial(task_id="a").expand(doc=["one", "two"])
    assert "g.a: a task that does nothing cannot be mapped" in refused(group)
